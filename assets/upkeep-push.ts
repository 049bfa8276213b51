import type { FunctionCatalog } from "./function-catalog.ts";
import { children, mapNodes } from "./parse-tree-nodes.ts";
import type { BoundModel } from "./upkeep-bind.ts";
import {
  bound,
  type Equality,
  type Expression,
  fingerprint,
  isBound,
  isCovered,
  isRowWise,
  rewriteOnto,
  sourcesOf,
  substitute,
} from "./upkeep-expressions.ts";
import type { From, Join, Query, SelectQuery, SetOperation } from "./upkeep-relations.ts";

/** What the pushed filter became at one mention of an upstream. */
export interface Instance {
  upstream: string;
  scan: number;
  line: number | null;
  /** Over the scan's columns; null: the filter did not get there. */
  tuple: Expression[] | null;
  lost: Lost | null;
}

export interface Lost {
  /** A clause without a full stop: why the filter did not get there. */
  why: string;
  /**
   * An operator above mixes rows of different keys, so no expression over a changed row can say which keys it
   * touches. Where false, a declared mapping is believed.
   */
  blocked: boolean;
}

/** The filter `tuple IN keys`, or why it was lost further up. */
type Filter = { tuple: Expression[] } | { lost: Lost };

/**
 * Pushes the filter "these output columns are among the touched keys" from the root of a model to the tables that
 * it reads. For every operator and every input relation R the step keeps
 *
 *     filter(op(R)) = filter(op(R')) for every R' with pushed(R) ⊆ R' ⊆ R
 *
 * (a bag equation), so the whole model keeps it too: with K the touched keys, rows of a scan whose tuple is not in
 * K have no part in any output row whose key is in K. From that both uses follow. Restriction: reading only rows
 * whose tuple is in K gives the output rows of K exactly (rows of other keys may come out wrong; the caller
 * drops them). Touched keys: a row that changes in a scan can only change output rows of the keys that its old
 * and its new image give there. Where one upstream is scanned several times, a changed row touches the keys that
 * it gives at each scan: with K = one key that none of them gives, no scan reads the row, so the rows of that key
 * stay. Equality here is IS NOT DISTINCT FROM, and K may hold NULL: an `=` never matches NULL, so pushing
 * through it keeps a superset there, which the equation allows.
 */
export function pushFilter(
  model: BoundModel,
  redoBy: readonly number[],
  functions: FunctionCatalog,
): Instance[] {
  const { query: root, types } = model;
  const instances: Instance[] = [];
  pushQuery(root, { tuple: redoBy.map((column) => bound(root.id, column)) });
  return instances;

  function pushQuery(query: Query, filter: Filter): void {
    if (query.kind === "select") pushSelect(query, filter);
    else pushSetOperation(query, filter);
  }

  function pushSelect(query: SelectQuery, filter: Filter): void {
    const below = throughSelect(query, filter);
    pushFrom(query.from, below, query.equalities);
    const blocked = "lost" in below && below.lost.blocked;
    for (const subquery of query.subqueries) {
      pushQuery(subquery, { lost: { why: "it is read in a subquery expression", blocked } });
    }
  }

  /** The filter below SELECT list, DISTINCT, QUALIFY, windows, GROUP BY and WHERE. */
  function throughSelect(query: SelectQuery, filter: Filter): Filter {
    const mixing = mixingClause(query);
    if ("lost" in filter) {
      if (!mixing || filter.lost.blocked) return filter;
      return lose(`${filter.lost.why}, under ${mixing}`, true);
    }
    if (query.limited) return lose(`it is read under LIMIT or OFFSET${at(query.line)}`, true);
    const { distinct } = query;
    const outputs = query.columns.map((_, index) => bound(query.id, index));
    if (distinct && distinct.on.length === 0 && !allCovered(filter.tuple, outputs)) {
      return lose(`it is read under DISTINCT${at(distinct.line)} over other values than redo_by`, true);
    }
    const tuple = filter.tuple.map((element) =>
      substitute(element, (source, column) =>
        source === query.id ? (query.columns[column]?.expression ?? null) : null,
      ),
    );
    const unusable = tuple.findIndex((element) => !isRowWise(element, functions));
    if (unusable >= 0) {
      const what = `a redo_by column is not computed from one row's columns alone${at(query.line)}`;
      return lose(what, mixing !== null);
    }
    if (distinct && distinct.on.length > 0 && !allCovered(tuple, distinct.on)) {
      return lose(`it is read under DISTINCT ON${at(distinct.line)}, which does not separate redo_by`, true);
    }
    const window = query.windows.find(({ partitions }) => !allCovered(tuple, partitions));
    if (window) {
      const name = `the window function ${window.name}${at(window.line)}`;
      return lose(`it is read by ${name}, which is not partitioned by redo_by`, true);
    }
    if (query.group?.obstacle) {
      return lose(`it is read under ${query.group.obstacle}${at(query.group.line)}`, true);
    }
    if (query.group && !allCovered(tuple, query.group.by)) {
      return lose(`it is read under GROUP BY${at(query.group.line)}, which does not group by redo_by`, true);
    }
    return { tuple };
  }

  function pushSetOperation(query: SetOperation, filter: Filter): void {
    const name = `${query.name}${at(query.line)}`;
    let both: Filter = filter;
    if ("lost" in filter) {
      const mixes = !query.passesRows || query.limited;
      if (mixes && !filter.lost.blocked) both = lose(`${filter.lost.why}, under ${name}`, true);
    } else {
      const outputs = query.columns.map((_, index) => bound(query.id, index));
      const used = filter.tuple.flatMap((element) => columnsOf(element));
      // Sides of different types are cast to a common one, in which other values may be equal.
      const mixed = used.some((column) => types(query.id, column) === null);
      if (query.limited) both = lose(`it is read under LIMIT or OFFSET${at(query.line)}`, true);
      else if (query.byName) both = lose(`it is read under ${name}`, true);
      else if (mixed)
        both = lose(`it is read under ${name}, whose sides give redo_by in types that may differ`, true);
      else if (!query.passesRows && !allCovered(filter.tuple, outputs)) {
        both = lose(`it is read under ${name}, which compares other values than redo_by`, true);
      }
    }
    for (const side of [query.left, query.right]) {
      pushQuery(
        side,
        "lost" in both ? both : { tuple: both.tuple.map((element) => moved(element, query.id, side.id)) },
      );
    }
  }

  /** `equalities` hold on every row in question: what WHERE and inner joins above demand. */
  function pushFrom(from: From, filter: Filter, equalities: readonly Equality[]): void {
    if (from.kind === "values") return;
    if (from.kind === "scan") {
      const lost = "lost" in filter ? filter.lost : null;
      const tuple = "tuple" in filter ? filter.tuple : null;
      instances.push({ upstream: from.upstream, scan: from.id, line: from.line, tuple, lost });
    } else if (from.kind === "derived") {
      const lateral = lose(`it is read in a LATERAL subquery${at(from.line)}`, true);
      pushQuery(from.query, from.correlated ? lateral : filter);
    } else pushJoin(from, filter, equalities);
  }

  function pushJoin(join: Join, filter: Filter, outer: readonly Equality[]): void {
    const { left, right } = join;
    if (join.type === "OTHER") {
      const lost = lose(`it is read by a positional, ASOF or other special join${at(join.line)}`, true);
      pushFrom(left, lost, []);
      pushFrom(right, lost, []);
      return;
    }
    if ("lost" in filter) {
      pushFrom(left, filter, []);
      pushFrom(right, filter, []);
      return;
    }
    const unreached = lose(`it is joined${at(join.line)} without an equality that gives redo_by`, false);
    const orLost = (tuple: Expression[] | null): Filter => (tuple ? { tuple } : unreached);

    if (join.type === "INNER") {
      // Each row in question is a pair that satisfies every equality, so either side can be asked for its part.
      const known = [...outer, ...join.equalities, ...lastingEqualities(left), ...lastingEqualities(right)];
      pushFrom(left, orLost(rewriteTuple(filter.tuple, left, known)), known);
      pushFrom(right, orLost(rewriteTuple(filter.tuple, right, known)), known);
    } else if (join.type === "FULL") {
      // Only a merged column is the same value for pairs and for rows of either side alone.
      const merged = (side: 0 | 1) => mergedTuple(filter.tuple, join, side);
      pushFrom(left, orLost(merged(0)), []);
      pushFrom(right, orLost(merged(1)), []);
    } else {
      // The kept side decides: its rows come out whether or not they match. For a kept row all matches have to be
      // read, and ON's equalities give them the same values. The other way round nothing follows: restricting the
      // matched side by its own columns would make unmatched rows of kept ones.
      const [kept, matched] = join.type === "RIGHT" ? [right, left] : [left, right];
      const normal = filter.tuple.map((element) => withoutCoalesce(element, join, kept));
      const keptTuple = rewriteTuple(normal, kept, outer);
      const matchedTuple =
        keptTuple && rewriteTuple(keptTuple, matched, [...join.equalities, ...lastingEqualities(kept)]);
      for (const side of [left, right]) {
        if (side === kept) pushFrom(side, orLost(keptTuple), outer);
        else pushFrom(side, orLost(matchedTuple), []);
      }
    }
  }

  function rewriteTuple(tuple: Expression[], side: From, known: readonly Equality[]): Expression[] | null {
    const rewritten = tuple.map((element) => rewriteOnto(element, side.sources, known));
    return rewritten.every((element) => element !== null) ? rewritten : null;
  }

  function allCovered(tuple: Expression[], basis: readonly Expression[]): boolean {
    return tuple.every((element) => isCovered(element, basis, types));
  }

  function columnsOf(element: Expression): number[] {
    if (isBound(element)) return [element.column];
    const found: number[] = [];
    mapNodes(element, (node) => {
      found.push(...columnsOf(node));
      return node;
    });
    return found;
  }
}

function lose(why: string, blocked: boolean): { lost: Lost } {
  return { lost: { why, blocked } };
}

/** The clause by which a SELECT makes rows of several rows; null where each row goes through by itself. */
function mixingClause(query: SelectQuery): string | null {
  if (query.group) return `${query.group.by.length > 0 ? "GROUP BY" : "an aggregate"}${at(query.group.line)}`;
  if (query.windows[0]) return `the window function ${query.windows[0].name}${at(query.windows[0].line)}`;
  if (query.distinct) return `DISTINCT${at(query.distinct.line)}`;
  return query.limited ? `LIMIT or OFFSET${at(query.line)}` : null;
}

/** The equalities that hold on every row that comes out of a FROM. */
function lastingEqualities(from: From): Equality[] {
  if (from.kind !== "join") return [];
  switch (from.type) {
    case "INNER":
      return [...from.equalities, ...lastingEqualities(from.left), ...lastingEqualities(from.right)];
    case "RIGHT":
      return lastingEqualities(from.right);
    case "LEFT":
    case "SEMI":
    case "ANTI":
      return lastingEqualities(from.left);
    default:
      return [];
  }
}

/** coalesce(kept.x, matched.y), joined on kept.x = matched.y, is kept.x for matched and unmatched rows alike. */
function withoutCoalesce(element: Expression, join: Join, kept: From): Expression {
  const pair = coalescedPair(element, join);
  const one = pair?.find((part) => [...sourcesOf(part)].every((source) => kept.sources.has(source)));
  return one ?? mapNodes(element, (node) => withoutCoalesce(node, join, kept));
}

/** The tuple over one side of a FULL JOIN; null unless it uses nothing but merged columns. */
function mergedTuple(tuple: Expression[], join: Join, side: 0 | 1): Expression[] | null {
  const sources = (side === 0 ? join.left : join.right).sources;
  let possible = true;
  const onto = (node: Expression): Expression => {
    const pair = coalescedPair(node, join);
    const one = pair?.find((part) => [...sourcesOf(part)].every((source) => sources.has(source)));
    if (one) return one;
    if (isBound(node)) possible = false;
    return mapNodes(node, onto);
  };
  const rewritten = tuple.map(onto);
  return possible ? rewritten : null;
}

function coalescedPair(node: Expression, join: Join): readonly Expression[] | null {
  const parts = children(node, "children");
  if (node.type !== "OPERATOR_COALESCE" || parts.length !== 2) return null;
  const [first, second] = parts.map(fingerprint);
  const known = join.equalities.some(([left, right]) => {
    const ends = [fingerprint(left), fingerprint(right)];
    return (
      first !== second &&
      ends.includes(first ?? "") &&
      ends.includes(second ?? "") &&
      crosses(left, right, join)
    );
  });
  return known ? parts : null;
}

function crosses(left: Expression, right: Expression, join: Join): boolean {
  const within = (part: Expression, side: From) =>
    [...sourcesOf(part)].every((source) => side.sources.has(source));
  return (
    (within(left, join.left) && within(right, join.right)) ||
    (within(left, join.right) && within(right, join.left))
  );
}

function moved(element: Expression, from: number, to: number): Expression {
  return substitute(element, (source, column) => (source === from ? bound(to, column) : null));
}

function at(line: number | null): string {
  return line === null ? "" : ` (line ${line})`;
}
