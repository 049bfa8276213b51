import type { TreeNode } from "./parse-tree.ts";
import { child, children, isNode, text, texts } from "./parse-tree-nodes.ts";
import { type Scope as CommonTables, sameName } from "./parse-tree-scope.ts";
import { bindQuery } from "./upkeep-bind.ts";
import { bindExpression } from "./upkeep-bind-expression.ts";
import { at, type Binding, lineNear, PLAIN_PLACE, refuseUnknownParts } from "./upkeep-binding.ts";
import {
  type Equality,
  type Expression,
  equalitiesOf,
  equality,
  isBound,
  UNKNOWN,
} from "./upkeep-expressions.ts";
import { type From, type Join, type Query, Refusal } from "./upkeep-relations.ts";
import { joinNames, type NamedFrom, namedSource, newScope, resolve, type Scope } from "./upkeep-scope.ts";

/** Table functions that only look at their arguments. */
const PURE_TABLE_FUNCTIONS = new Set([
  "unnest",
  "unlist",
  "range",
  "generate_series",
  "json_each",
  "json_tree",
  "repeat",
  "repeat_row",
]);

/** Where a FROM stands. */
interface FromPlace {
  tables: CommonTables;
  /** What stands left of it in a join, which LATERAL may use. */
  leftOf: NamedFrom | null;
  /** The rows of the query around, for a subquery in an expression. */
  parent: Scope | null;
  /** Where subqueries in ON and in arguments are noted. */
  subqueries: Query[];
}

/** Resolves a FROM to its sources and the names that they offer. */
export function bindFrom(binding: Binding, node: TreeNode | null, place: FromPlace): NamedFrom {
  if (!node) throw new Refusal("it has a FROM that is not known here");
  if (isNode(node.sample)) throw new Refusal(`it samples rows${at(binding.tree, node)}`);
  switch (node.type) {
    case "BASE_TABLE":
      return bindTable(binding, node, place.tables);
    case "SUBQUERY": {
      const query = child(child(node, "subquery") ?? {}, "node") ?? {};
      const boundary = newScope(null, newScope(place.leftOf, place.parent));
      const inner = bindQuery(binding, query, place.tables, boundary);
      return derived(
        binding,
        node,
        inner,
        text(node, "alias"),
        texts(node, "column_name_alias"),
        boundary.escaped,
      );
    }
    case "JOIN":
      return bindJoin(binding, node, place);
    case "TABLE_FUNCTION":
    case "EXPRESSION_LIST":
    case "EMPTY":
      return bindValues(binding, node, place);
    default:
      throw new Refusal(
        `it has a FROM of a kind that is not known here (${text(node, "type")})${at(binding.tree, node)}`,
      );
  }
}

function bindTable(binding: Binding, node: TreeNode, tables: CommonTables): NamedFrom {
  const name = text(node, "table_name");
  const alias = text(node, "alias") || name;
  if (isNode(node.at_clause))
    throw new Refusal(`it reads ${name} AT another version${at(binding.tree, node)}`);
  const schema = text(node, "schema_name");
  if (text(node, "catalog_name") || (schema && !sameName(schema, "main"))) {
    throw new Refusal(`it reads ${name} by a longer name${at(binding.tree, node)}; write the bare name`);
  }
  const cte = schema ? undefined : tables.get(name.toLowerCase());
  if (cte) {
    const query = bindQuery(binding, cte.query, cte.scope, null);
    const names = columnNames(query, cte.columnAliases);
    return derived(
      binding,
      node,
      query,
      alias,
      [...texts(node, "column_name_alias"), ...names.slice(texts(node, "column_name_alias").length)],
      false,
    );
  }
  const upstream = Object.keys(binding.upstreams).find((candidate) => sameName(candidate, name));
  const columns = upstream ? binding.upstreams[upstream] : undefined;
  if (!upstream || !columns)
    throw new Refusal(`it reads ${name}${at(binding.tree, node)}, whose columns are not known`);
  const id = binding.newSource();
  binding.scans.set(id, { upstream, columns });
  binding.setTypes(
    id,
    columns.map((column) => column.type),
  );
  const aliases = texts(node, "column_name_alias");
  const names = columns.map((column, index) => aliases[index] ?? column.name);
  return namedSource(
    { kind: "scan", id, upstream, sources: new Set([id]), line: lineNear(binding.tree, node) },
    id,
    alias,
    names,
  );
}

function derived(
  binding: Binding,
  node: TreeNode,
  query: Query,
  alias: string,
  aliases: string[],
  correlated: boolean,
): NamedFrom {
  const from: From = {
    kind: "derived",
    query,
    correlated,
    sources: new Set([query.id]),
    line: lineNear(binding.tree, node),
  };
  return namedSource(from, query.id, alias, columnNames(query, aliases));
}

function bindValues(binding: Binding, node: TreeNode, place: FromPlace): NamedFrom {
  const call = child(node, "function");
  const name = call ? text(call, "function_name").toLowerCase() : "";
  if (call && !PURE_TABLE_FUNCTIONS.has(name)) {
    throw new Refusal(
      `it reads from the table function ${name}${at(binding.tree, node)}, whose changes cannot be seen`,
    );
  }
  const { tables, leftOf, parent, subqueries } = place;
  const inside = { ...PLAIN_PLACE, tables, scope: newScope(leftOf, parent), subqueries };
  for (const part of call ? children(call, "children") : everyValue(node))
    bindExpression(binding, part, inside);
  const id = binding.newSource();
  const from: From = { kind: "values", id, sources: new Set([id]), line: lineNear(binding.tree, node) };
  const aliases = texts(node, "column_name_alias");
  const single =
    ["unnest", "range", "generate_series"].includes(name) && node.with_ordinality !== "WITH_ORDINALITY";
  let columns: string[] | null = single && aliases.length === 1 ? aliases : null;
  if (node.type === "EMPTY") columns = [];
  if (node.type === "EXPRESSION_LIST") columns = valuesColumns(node);
  return namedSource(from, id, text(node, "alias") || name, columns);
}

function bindJoin(binding: Binding, node: TreeNode, place: FromPlace): NamedFrom {
  refuseUnknownParts(binding, node, JOIN_PARTS);
  const { tables, leftOf, parent, subqueries } = place;
  const left = bindFrom(binding, child(node, "left"), place);
  const sees = leftOf ? joinNames(left.from, leftOf, left, new Map()) : left;
  const right = bindFrom(binding, child(node, "right"), { ...place, leftOf: sees });
  const kind = text(node, "ref_type");
  const known = ["REGULAR", "CROSS", "NATURAL"].includes(kind) && JOIN_TYPES.has(text(node, "join_type"));
  const type = known ? (text(node, "join_type") as Join["type"]) : "OTHER";
  const equalities: Equality[] = [];
  const using = new Map<string, Expression>();
  for (const name of kind === "NATURAL" ? sharedNames(left, right) : texts(node, "using_columns")) {
    const sides = [left, right].map((side) => {
      const key = { class: "COLUMN_REF", column_names: [name] };
      return resolve(key, newScope(side, null), lineNear(binding.tree, node)).expression;
    });
    const [ofLeft = UNKNOWN, ofRight = UNKNOWN] = sides;
    // A column that a FULL JOIN merged is neither side's: nothing is concluded from it further up.
    if (isBound(ofLeft) && isBound(ofRight))
      equalities.push(...equality(ofLeft, ofRight, binding.types, binding.functions));
    using.set(name.toLowerCase(), mergedColumn(type, ofLeft, ofRight));
  }
  const sources = new Set([...left.from.sources, ...right.from.sources]);
  const join: Join = {
    kind: "join",
    type,
    left: left.from,
    right: right.from,
    equalities,
    sources,
    line: lineNear(binding.tree, node),
  };
  const both = joinNames(join, left, right, using);
  const condition = child(node, "condition");
  if (condition) {
    const scope = newScope(joinNames(join, sees, right, using), parent);
    const boundCondition = bindExpression(binding, condition, { ...PLAIN_PLACE, tables, scope, subqueries });
    equalities.push(...equalitiesOf(boundCondition, binding.types, binding.functions));
  }
  return type === "SEMI" || type === "ANTI" ? { ...left, from: join } : both;
}

const JOIN_PARTS = new Set([
  "type",
  "query_location",
  "left",
  "right",
  "condition",
  "join_type",
  "ref_type",
  "using_columns",
]);

const JOIN_TYPES = new Set(["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"]);

function columnNames(query: Query, aliases: string[]): string[] {
  return query.columns.map((column, index) => aliases[index] ?? column.name);
}

function everyValue(node: TreeNode): TreeNode[] {
  const rows = Array.isArray(node.values) ? node.values : [];
  return rows.flatMap((row) => (Array.isArray(row) ? row.filter(isNode) : []));
}

/** DuckDB calls the columns of VALUES col0, col1, ... */
function valuesColumns(node: TreeNode): string[] {
  const rows: unknown = node.values;
  const first: unknown = Array.isArray(rows) ? rows[0] : null;
  return Array.isArray(first) ? first.map((_, index) => `col${index}`) : [];
}

function sharedNames(left: NamedFrom, right: NamedFrom): string[] {
  if (left.opaque.size > 0 || right.opaque.size > 0)
    throw new Refusal("the columns of a NATURAL JOIN cannot be told");
  const names = new Set(right.star.map((column) => column.name.toLowerCase()));
  return [...new Set(left.star.map((column) => column.name.toLowerCase()).filter((name) => names.has(name)))];
}

/** What the bare name of a column means after JOIN ... USING. */
function mergedColumn(type: Join["type"], left: Expression, right: Expression): Expression {
  if (type === "OTHER" || !isBound(left) || !isBound(right)) return UNKNOWN;
  if (type === "RIGHT") return right;
  if (type !== "FULL") return left;
  return { class: "OPERATOR", type: "OPERATOR_COALESCE", children: [left, right] };
}
