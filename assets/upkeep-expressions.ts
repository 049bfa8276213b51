import { type FunctionCatalog, KEYWORD_FUNCTIONS } from "./function-catalog.ts";
import type { TreeNode } from "./parse-tree.ts";
import { writeExactJson } from "./parse-tree-json.ts";
import {
  child,
  children,
  directNodes,
  everyNode,
  isNode,
  mapNodes,
  text,
  texts,
} from "./parse-tree-nodes.ts";

/**
 * Expressions of the upkeep analysis: DuckDB's own nodes, in which every column reference is replaced by a bound
 * one (which column of which source) or, where it cannot be traced, by UNKNOWN.
 */
export type Expression = TreeNode;

/** Column `column` of source `source`; `path` are the struct fields behind it. */
export function bound(source: number, column: number, path: readonly string[] = []): Expression {
  return { class: "BOUND", source, column, path };
}

export const UNKNOWN: Expression = { class: "UNKNOWN" };

export function isBound(
  node: TreeNode,
): node is TreeNode & { source: number; column: number; path: string[] } {
  return node.class === "BOUND";
}

/** Equal for two expressions that give the same value on every row. */
export function fingerprint(expression: Expression): string {
  return writeExactJson(bare(expression));
}

function bare(node: TreeNode): TreeNode {
  return mapNodes({ ...node, query_location: undefined, alias: undefined }, bare);
}

/** The sources whose columns an expression uses. */
export function sourcesOf(expression: Expression): Set<number> {
  return new Set(everyNode(expression).flatMap((node) => (isBound(node) ? [node.source] : [])));
}

/** Replaces bound columns; UNKNOWN where a replacement has no struct fields to follow. */
export function substitute(
  expression: Expression,
  replacement: (source: number, column: number) => Expression | null,
): Expression {
  if (isBound(expression)) {
    const found = replacement(expression.source, expression.column);
    return found ? withPath(found, expression.path) : expression;
  }
  return mapNodes(expression, (node) => substitute(node, replacement));
}

/** A struct field of an expression. */
export function withPath(expression: Expression, path: readonly string[]): Expression {
  if (path.length === 0) return expression;
  return isBound(expression)
    ? bound(expression.source, expression.column, [...expression.path, ...path])
    : UNKNOWN;
}

const ROW_WISE_CLASSES = new Set([
  "BOUND",
  "CONSTANT",
  "CAST",
  "FUNCTION",
  "OPERATOR",
  "COMPARISON",
  "CONJUNCTION",
  "CASE",
  "BETWEEN",
]);

/** Whether an expression is a plain function of one row's columns: no aggregate, window, subquery, lambda, UNNEST. */
export function isRowWise(expression: Expression, functions: FunctionCatalog): boolean {
  return everyNode(expression).every((node) => {
    if (node.class === undefined) return true;
    if (node.type === "OPERATOR_UNPACK") return false;
    const name = text(node, "function_name").toLowerCase();
    return (
      ROW_WISE_CLASSES.has(String(node.class)) &&
      !functions.aggregates.has(name) &&
      !functions.unnesting.has(name)
    );
  });
}

/** The types of bound columns, for `typeOf`: null where it is not known. */
export type ColumnTypes = (source: number, column: number) => string | null;

/**
 * A text that is equal for two expressions only if they have the same type; null where it is not known. A call
 * has the type that its function gives for these argument types, which is all that has to be known to compare.
 */
export function typeOf(expression: Expression, types: ColumnTypes): string | null {
  if (isBound(expression)) {
    return expression.path.length > 0 ? null : types(expression.source, expression.column);
  }
  if (expression.class === "CAST") return castType(child(expression, "cast_type"));
  if (expression.class === "CONSTANT") return castType(child(child(expression, "value") ?? {}, "type"));
  const parts = children(expression, "children").map((part) =>
    part.class === "CONSTANT" ? fingerprint(part) : typeOf(part, types),
  );
  if (parts.length === 0 || parts.includes(null)) return null;
  if (expression.type === "OPERATOR_COALESCE") return new Set(parts).size === 1 ? (parts[0] ?? null) : null;
  if (expression.class !== "FUNCTION") return null;
  return `${text(expression, "function_name").toLowerCase()}(${parts.join(",")})`;
}

function castType(type: TreeNode | null): string | null {
  const id = type ? text(type, "id") : "";
  const detail = type && child(type, "type_info");
  if (!detail) return /^(UNBOUND|UNKNOWN|USER|NULL|SQLNULL|"NULL"|)$/.test(id) ? null : id;
  return id === "DECIMAL" ? `DECIMAL(${String(detail.width)},${String(detail.scale)})` : null;
}

/** Types in which equal values are the same value. Not so: -0.0 and 0.0, 30 days and 1 month. */
const IDENTITY_TYPE =
  /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|VARCHAR|JSON|BOOLEAN|DATE|TIME|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|UUID|BLOB|DECIMAL\(\d+,\d+\))$/;

/** Functions with such a result, whatever they are given. */
const IDENTITY_CALL =
  /^(lower|upper|trim|ltrim|rtrim|concat|concat_ws|substring|substr|left|right|replace|strftime|md5|date_trunc|datetrunc|year|month|day|quarter|week|hour|length|strlen)\(/;

export function isIdentityType(type: string | null): boolean {
  return type !== null && (IDENTITY_TYPE.test(type) || IDENTITY_CALL.test(type));
}

/**
 * Whether rows that agree on all of `basis` agree on the expression, too: it is one of them, or computed from
 * them alone. Computed only from types with identity: `GROUP BY x` puts -0.0 and 0.0 together, and CAST(x AS
 * VARCHAR) tells them apart.
 */
export function isCovered(expression: Expression, basis: readonly Expression[], types: ColumnTypes): boolean {
  const known = new Map(basis.map((item) => [fingerprint(item), typeOf(item, types)]));
  if (known.has(fingerprint(expression))) return true;
  return computedFrom(expression);

  function computedFrom(node: TreeNode): boolean {
    const type = known.get(fingerprint(node));
    if (type !== undefined) return isIdentityType(type);
    if (isBound(node) || node.class === "UNKNOWN") return false;
    return Object.values(node).every((value) =>
      Array.isArray(value) ? value.filter(isNode).every(computedFrom) : !isNode(value) || computedFrom(value),
    );
  }
}

/** Calls that give a value, or NULL, whatever they are given. */
const TOTAL_CALL = /^(lower|upper|trim|date_trunc|year|month|day|\|\|)$/;

/** Whether an expression could fail on a row which the model itself never looks at: a cast of text, say. */
export function mayFail(expression: Expression, types: ColumnTypes): boolean {
  const parts = directNodes(expression).some((part) => mayFail(part, types));
  if (expression.class === "CAST" && expression.try_cast !== true) {
    const from = typeOf(child(expression, "child") ?? {}, types);
    const to = castType(child(expression, "cast_type"));
    return parts || !(from === to || to === "VARCHAR" || (to === "DATE" && /^TIMESTAMP/.test(from ?? "")));
  }
  if (expression.class === "FUNCTION") return parts || !TOTAL_CALL.test(text(expression, "function_name"));
  return parts;
}

/** A pair of expressions that have the same value on every row in question. */
export type Equality = readonly [Expression, Expression];

/** The equalities that a condition implies: `=` and IS NOT DISTINCT FROM, alone or under AND. */
export function equalitiesOf(
  condition: Expression | null,
  types: ColumnTypes,
  functions: FunctionCatalog,
): Equality[] {
  if (!condition) return [];
  if (condition.type === "CONJUNCTION_AND") {
    return children(condition, "children").flatMap((part) => equalitiesOf(part, types, functions));
  }
  const left = child(condition, "left");
  const right = child(condition, "right");
  const equal = condition.type === "COMPARE_EQUAL" || condition.type === "COMPARE_NOT_DISTINCT_FROM";
  return equal && left && right ? equality(left, right, types, functions) : [];
}

/** The equality of two expressions that compare equal, if that makes them interchangeable. */
export function equality(
  left: Expression,
  right: Expression,
  types: ColumnTypes,
  functions: FunctionCatalog,
): Equality[] {
  const type = typeOf(left, types);
  const usable =
    isIdentityType(type) &&
    type === typeOf(right, types) &&
    isRowWise(left, functions) &&
    isRowWise(right, functions) &&
    sourcesOf(left).size > 0 &&
    sourcesOf(right).size > 0;
  return usable ? [[left, right]] : [];
}

/** The same value, computed from the columns of `sources` alone; null where the equalities do not give it. */
export function rewriteOnto(
  expression: Expression,
  sources: ReadonlySet<number>,
  equalities: readonly Equality[],
): Expression | null {
  const within = (candidate: Expression) => [...sourcesOf(candidate)].every((source) => sources.has(source));
  if (within(expression)) return expression;
  const seen = new Map([[fingerprint(expression), expression]]);
  for (const [, member] of seen) {
    if (within(member)) return member;
    for (const [left, right] of equalities) {
      if (fingerprint(left) === fingerprint(member)) seen.set(fingerprint(right), right);
      if (fingerprint(right) === fingerprint(member)) seen.set(fingerprint(left), left);
    }
  }
  if (isBound(expression)) return null;
  let possible = true;
  const rewritten = mapNodes(expression, (node) => {
    const part = rewriteOnto(node, sources, equalities);
    if (!part) possible = false;
    return part ?? node;
  });
  return possible ? rewritten : null;
}

/** The name of a column reference that may be a function without parentheses: `current_date`. */
export function keywordFunction(node: TreeNode): string | null {
  const names = texts(node, "column_names");
  const name = names.length === 1 ? (names[0] ?? "").toLowerCase() : "";
  return KEYWORD_FUNCTIONS.has(name) ? name : null;
}
