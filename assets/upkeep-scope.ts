import type { TreeNode } from "./parse-tree.ts";
import { texts } from "./parse-tree-nodes.ts";
import { sameName } from "./parse-tree-scope.ts";
import { bound, type Expression, keywordFunction, UNKNOWN, withPath } from "./upkeep-expressions.ts";
import { type From, Refusal } from "./upkeep-relations.ts";

/** A FROM clause with the names that it offers. */
export interface NamedFrom {
  from: From;
  /** Every column by its table alias. */
  entries: { alias: string; name: string; expression: Expression }[];
  /** What `*` gives: columns joined by USING come once. */
  star: { name: string; expression: Expression }[];
  /** Columns joined by USING, in lower case: what the bare name means. */
  merged: ReadonlyMap<string, Expression>;
  /** Sources whose columns a parse does not show, by alias in lower case. */
  opaque: ReadonlySet<string>;
}

/** Where an expression stands: what its names may mean. */
export interface Scope {
  from: NamedFrom | null;
  /** Select-list aliases that may be used, in lower case. */
  aliases: Map<string, Expression>;
  /** From HAVING on, a name that is both a column and an alias is taken for neither; before, it is the column. */
  afterGroupBy: boolean;
  /** The query around it. */
  parent: Scope | null;
  /** Set when a name was found further out. */
  escaped: boolean;
}

export function newScope(from: NamedFrom | null, parent: Scope | null): Scope {
  return { from, aliases: new Map(), afterGroupBy: false, parent, escaped: false };
}

export interface Resolution {
  expression: Expression;
  /** Found in a query around this one. */
  outer: boolean;
}

/**
 * What a column reference means. UNKNOWN for what cannot be traced but is a value of the rows in scope.
 * Throws Refusal for a name that is nowhere, such as `rowid`, or that is a function of the clock or the session.
 */
export function resolve(node: TreeNode, scope: Scope, line: number | null): Resolution {
  const names = texts(node, "column_names");
  const passed: Scope[] = [];
  let opaque = false;
  for (let current: Scope | null = scope; current; current = current.parent) {
    const expression = lookUp(names, current);
    if (expression) {
      for (const inner of passed) inner.escaped = true;
      return { expression: opaque ? UNKNOWN : expression, outer: passed.length > 0 };
    }
    if (current.from && current.from.opaque.size > 0) opaque = true;
    passed.push(current);
  }
  const at = line === null ? "" : ` (line ${line})`;
  const keyword = keywordFunction(node);
  if (keyword) throw new Refusal(`it calls ${keyword}${at}, whose value differs from run to run`);
  if (opaque) return { expression: UNKNOWN, outer: false };
  throw new Refusal(`the column ${names.join(".")}${at} cannot be traced to a table that it reads`);
}

function lookUp(names: string[], scope: Scope): Expression | null {
  const [first = "", second = "", ...rest] = names;
  const from = scope.from;
  const alias = scope.aliases.get(first.toLowerCase());
  if (!from) return alias && names.length === 1 ? alias : null;
  if (names.length > 1) {
    const columns = from.entries.filter(
      (entry) => sameName(entry.alias, first) && sameName(entry.name, second),
    );
    if (columns.length > 1) return UNKNOWN;
    if (columns[0]) return withPath(columns[0].expression, rest);
    if (from.opaque.has(first.toLowerCase())) return UNKNOWN;
  }
  const column = lookUpColumn(first, from);
  if (column && alias && scope.afterGroupBy) return UNKNOWN;
  const found = column ?? alias;
  if (found) return withPath(found, names.slice(1));
  const wholeRow = names.length === 1 && from.entries.some((entry) => sameName(entry.alias, first));
  return wholeRow ? UNKNOWN : null;
}

function lookUpColumn(name: string, from: NamedFrom): Expression | null {
  const merged = from.merged.get(name.toLowerCase());
  if (merged) return merged;
  const columns = from.entries.filter((entry) => sameName(entry.name, name));
  return columns.length > 1 ? UNKNOWN : (columns[0]?.expression ?? null);
}

/** A FROM of one source, under one alias. `columns` null: a parse does not show them. */
export function namedSource(from: From, id: number, alias: string, columns: string[] | null): NamedFrom {
  const star = (columns ?? []).map((name, index) => ({ name, expression: bound(id, index) }));
  return {
    from,
    entries: star.map((column) => ({ alias, ...column })),
    star,
    merged: new Map(),
    opaque: new Set(columns ? [] : [alias.toLowerCase()]),
  };
}

/** The names of two joined sources. `using`: the columns that come once, with what their bare name means. */
export function joinNames(
  from: From,
  left: NamedFrom,
  right: NamedFrom,
  using: ReadonlyMap<string, Expression>,
): NamedFrom {
  const merge = (column: { name: string; expression: Expression }) => ({
    name: column.name,
    expression: using.get(column.name.toLowerCase()) ?? column.expression,
  });
  return {
    from,
    entries: [...left.entries, ...right.entries],
    star: [...left.star.map(merge), ...right.star.filter((column) => !using.has(column.name.toLowerCase()))],
    merged: new Map([...left.merged, ...right.merged, ...using]),
    opaque: new Set([...left.opaque, ...right.opaque]),
  };
}
