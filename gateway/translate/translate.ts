import type { PgNode } from "../analysis/tree.ts";
import { PgError } from "../pg-error.ts";
import { delivered } from "./delivered.ts";
import type { Expression } from "./expression.ts";
import { QueryTranslator } from "./query.ts";
import type { OutputColumn, TranslateContext, Translation } from "./translation.ts";
import { typmodOf } from "./typmod.ts";

/**
 * A SELECT that Postgres has analysed, in DuckDB's SQL: the same rows in the same order. Throws a PgError (0A000) that
 * names what cannot be said in DuckDB with Postgres's meaning.
 */
export function translate(query: PgNode, context: TranslateContext): Translation {
  if (query.tag !== "QUERY") throw new PgError("XX000", "the analysed statement is no query");
  const columns: OutputColumn[] = [];
  const output = (value: Expression, entry: PgNode) => {
    const typmod = typmodOf(entry.node("expr"));
    columns.push({ name: entry.textOrNull("resname") ?? "?column?", typeOid: value.type, typmod });
    return delivered(value, typmod);
  };
  const translated = new QueryTranslator(context).query(query, null, { output });
  return { sql: translated.sql, columns };
}
