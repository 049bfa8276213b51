import type { PgNode } from "../analysis/tree.ts";
import { PgError } from "../pg-error.ts";
import { delivered } from "./delivered.ts";
import type { Expression } from "./expression.ts";
import { QueryTranslator } from "./query.ts";
import type { OutputColumn, TranslateContext, Translation } from "./translation.ts";

/**
 * A SELECT that Postgres has analysed, in DuckDB's SQL: the same rows in the same order. Throws a PgError (0A000) that
 * names what cannot be said in DuckDB with Postgres's meaning.
 */
export function translate(query: PgNode, context: TranslateContext): Translation {
  if (query.tag !== "QUERY") throw new PgError("XX000", "the analysed statement is no query");
  const columns: OutputColumn[] = [];
  const translated = new QueryTranslator(context).query(query, null, (value: Expression, entry: PgNode) => {
    const typmod = typmodOf(entry.node("expr"));
    columns.push({ name: entry.textOrNull("resname") ?? "?column?", typeOid: value.type, typmod });
    return delivered(value, typmod);
  });
  return { sql: translated.sql, columns };
}

/** The type modifier of an expression, where it is one that has it at hand; as Postgres's `exprTypmod`. */
function typmodOf(node: PgNode): number {
  switch (node.tag) {
    case "VAR":
      return node.number("vartypmod");
    case "CONST":
      return node.number("consttypmod");
    case "PARAM":
      return node.number("paramtypmod");
    case "RELABELTYPE":
    case "COERCEVIAIO":
    case "ARRAYCOERCEEXPR":
      return node.has("resulttypmod") ? node.number("resulttypmod") : -1;
    case "FUNCEXPR":
      return lengthCoercion(node);
    default:
      return -1;
  }
}

/** `numeric(x, typmod)` and its like, which Postgres calls for `::numeric(10,2)`. */
function lengthCoercion(node: PgNode): number {
  const format = node.number("funcformat");
  const [, modifier] = node.nodes("args");
  if ((format !== 1 && format !== 2) || modifier?.tag !== "CONST") return -1;
  const bytes = modifier.datum("constvalue");
  return modifier.number("consttype") === 23 && bytes !== null ? bytes.readInt32LE(0) : -1;
}
