import type { Column } from "./definitions.ts";
import type { FunctionCatalog } from "./function-catalog.ts";
import { lineOf, type ParseTree, type TreeNode } from "./parse-tree.ts";
import { child, children, everyNode, isNode, mapNodes, text, texts } from "./parse-tree-nodes.ts";
import { type Scope as CommonTables, sameName, withCommonTables } from "./parse-tree-scope.ts";
import {
  bound,
  type ColumnTypes,
  type Equality,
  type Expression,
  equalitiesOf,
  equality,
  isBound,
  typeOf,
  UNKNOWN,
} from "./upkeep-expressions.ts";
import {
  type From,
  type Join,
  type OutputColumn,
  type Query,
  Refusal,
  type SelectQuery,
  type SetOperation,
} from "./upkeep-relations.ts";
import { joinNames, type NamedFrom, namedSource, newScope, resolve, type Scope } from "./upkeep-scope.ts";

/** Mentions of upstream tables, CTEs multiplied out, above which a model is not analysed. */
const MAX_SOURCES = 300;

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

export interface BoundModel {
  query: Query;
  types: ColumnTypes;
  /** Upstream columns by the id of the scan. */
  scans: ReadonlyMap<number, { upstream: string; columns: Column[] }>;
}

/**
 * Resolves every name of a model: tables to upstreams and CTEs, columns to columns of these. Throws Refusal on
 * whatever it does not know.
 */
export function bindModel(
  tree: ParseTree,
  upstreams: Record<string, Column[]>,
  functions: FunctionCatalog,
): BoundModel {
  const typesBySource = new Map<number, (string | null)[]>();
  const types: ColumnTypes = (source, column) => typesBySource.get(source)?.[column] ?? null;
  const scans = new Map<number, { upstream: string; columns: Column[] }>();
  let sources = 0;
  return { query: bindQuery(tree.root, new Map(), null), types, scans };

  function newSource(): number {
    sources += 1;
    if (sources > MAX_SOURCES) throw new Refusal("it mentions too many tables to be analysed");
    return sources;
  }

  function bindQuery(node: TreeNode, outer: CommonTables, parent: Scope | null): Query {
    const tables = withCommonTables(node, outer);
    if (node.type === "SELECT_NODE") return bindSelect(node, tables, parent);
    if (node.type === "SET_OPERATION_NODE") return bindSetOperation(node, tables, parent);
    if (node.type === "RECURSIVE_CTE_NODE") throw new Refusal(`it has a recursive CTE${at(node)}`);
    throw new Refusal(`it has a query of a kind that is not known here${at(node)}`);
  }

  function bindSelect(node: TreeNode, tables: CommonTables, parent: Scope | null): SelectQuery {
    if (isNode(node.sample)) throw new Refusal(`it samples rows${at(node)}`);
    refuseUnknownParts(node, SELECT_PARTS);
    const subqueries: Query[] = [];
    const windows: SelectQuery["windows"] = [];
    let aggregated = false;
    const from = bindFrom(child(node, "from_table"), tables, null, parent, subqueries);
    const scope = newScope(from, parent);
    const place: Place = {
      tables,
      scope,
      subqueries,
      locals: new Set(),
      inAggregate: false,
      onWindow: (window) => windows.push(window),
      onAggregate: () => {
        aggregated = true;
      },
    };

    const columns: OutputColumn[] = [];
    const plain: boolean[] = [];
    for (const item of children(node, "select_list")) {
      if (item.class === "STAR") {
        const expanded = expandStar(item, from, place);
        columns.push(...expanded);
        plain.push(...expanded.map(() => true));
        continue;
      }
      const before = windows.length;
      let aggregates = false;
      const withAlias = bindExpression(item, {
        ...place,
        onAggregate: () => {
          aggregates = true;
          aggregated = true;
        },
      });
      const expression = { ...withAlias, alias: "" };
      plain.push(!aggregates && windows.length === before);
      const alias = text(item, "alias");
      columns.push({ name: alias || texts(item, "column_names").at(-1) || "", expression });
      if (alias) scope.aliases.set(alias.toLowerCase(), expression);
    }
    scope.afterSelectList = true;

    const where = child(node, "where_clause");
    const condition = where && bindExpression(where, place);
    const groupNodes = children(node, "group_expressions");
    const by = groupNodes.map((item) => positional(item, columns) ?? bindExpression(item, place));
    const groupAll = node.aggregate_handling === "FORCE_AGGREGATES";
    if (groupAll) by.push(...columns.filter((_, index) => plain[index]).map((column) => column.expression));
    for (const key of ["having", "qualify"]) {
      const clause = child(node, key);
      if (clause) bindExpression(clause, place);
    }
    const modifiers = bindModifiers(node, place);

    const id = newSource();
    typesBySource.set(
      id,
      columns.map((column) => typeOf(column.expression, types)),
    );
    const grouped = groupNodes.length > 0 || groupAll || aggregated;
    const sets = Array.isArray(node.group_sets) ? node.group_sets.length : 0;
    const groupLine =
      groupNodes.map((item) => lineOf(tree, item)).find((line) => line !== null) ?? line(node);
    return {
      kind: "select",
      id,
      columns,
      from: from.from,
      equalities: equalitiesOf(condition, types, functions),
      group: grouped
        ? {
            by,
            line: groupLine,
            obstacle:
              sets > 1
                ? "GROUPING SETS, ROLLUP or CUBE"
                : by.length === 0
                  ? "an aggregate without GROUP BY"
                  : null,
          }
        : null,
      windows,
      distinct: modifiers.distinct,
      limited: modifiers.limited,
      subqueries,
      line: line(node),
    };
  }

  function bindSetOperation(node: TreeNode, tables: CommonTables, parent: Scope | null): SetOperation {
    refuseUnknownParts(node, SET_PARTS);
    const left = bindQuery(child(node, "left") ?? {}, tables, parent);
    const right = bindQuery(child(node, "right") ?? {}, tables, parent);
    const type = text(node, "setop_type");
    const all = node.setop_all === true;
    const id = newSource();
    const columns = left.columns.map(({ name }, index) => ({ name, expression: bound(left.id, index) }));
    typesBySource.set(
      id,
      columns.map((_, index) => {
        const both = [types(left.id, index), types(right.id, index)];
        return both[0] === both[1] ? (both[0] ?? null) : null;
      }),
    );
    // ORDER BY of a set operation only sees its output columns; a LIMIT may hold a subquery over tables.
    const modifiers = children(node, "modifiers");
    const limit = modifiers.find((modifier) => text(modifier, "type").startsWith("LIMIT"));
    if (limit) refuseAnyLimit(modifiers, limit);
    if (everyNode(node.modifiers).some((inner) => inner.class === "SUBQUERY")) {
      throw new Refusal(`a subquery stands in ORDER BY or LIMIT of a set operation${at(node)}`);
    }
    return {
      kind: "set",
      id,
      name: `${type.replaceAll("_", " ")}${all ? " ALL" : ""}`,
      passesRows: type === "UNION" && all,
      byName: type === "UNION_BY_NAME" || !["UNION", "EXCEPT", "INTERSECT"].includes(type),
      columns,
      left,
      right,
      limited: limit !== undefined,
      line: line(node),
    };
  }

  function bindModifiers(
    node: TreeNode,
    place: Place,
  ): { distinct: SelectQuery["distinct"]; limited: boolean } {
    let distinct: SelectQuery["distinct"] = null;
    let limited = false;
    const modifiers = children(node, "modifiers");
    for (const modifier of modifiers) {
      const type = text(modifier, "type");
      if (type === "DISTINCT_MODIFIER") {
        const targets = children(modifier, "distinct_on_targets");
        const on = targets.map((target) => bindExpression(target, place));
        distinct = { on, line: line(modifier) };
        if (on.length > 0 && !modifiers.some((other) => other.type === "ORDER_MODIFIER")) {
          throw new Refusal(`DISTINCT ON${at(modifier)} has no ORDER BY, so any row may be taken`);
        }
      } else if (type === "ORDER_MODIFIER") {
        for (const order of children(modifier, "orders")) {
          const expression = child(order, "expression");
          if (expression && expression.class !== "STAR") bindExpression(expression, place);
        }
      } else if (type === "LIMIT_MODIFIER" || type === "LIMIT_PERCENT_MODIFIER") {
        limited = true;
        refuseAnyLimit(modifiers, modifier);
        mapNodes(modifier, (part) => bindExpression(part, place));
      } else {
        throw new Refusal(`it has a clause that is not known here${at(node)}`);
      }
    }
    return { distinct, limited };
  }

  function bindFrom(
    node: TreeNode | null,
    tables: CommonTables,
    leftOf: NamedFrom | null,
    parent: Scope | null,
    subqueries: Query[],
  ): NamedFrom {
    if (!node) throw new Refusal("it has a FROM that is not known here");
    if (isNode(node.sample)) throw new Refusal(`it samples rows${at(node)}`);
    switch (node.type) {
      case "BASE_TABLE":
        return bindTable(node, tables);
      case "SUBQUERY": {
        const query = child(child(node, "subquery") ?? {}, "node") ?? {};
        const boundary = newScope(null, newScope(leftOf, parent));
        const inner = bindQuery(query, tables, boundary);
        return derived(node, inner, text(node, "alias"), texts(node, "column_name_alias"), boundary.escaped);
      }
      case "JOIN":
        return bindJoin(node, tables, leftOf, parent, subqueries);
      case "TABLE_FUNCTION":
      case "EXPRESSION_LIST":
      case "EMPTY":
        return bindValues(node, tables, leftOf, parent, subqueries);
      default:
        throw new Refusal(
          `it has a FROM of a kind that is not known here (${text(node, "type")})${at(node)}`,
        );
    }
  }

  function bindTable(node: TreeNode, tables: CommonTables): NamedFrom {
    const name = text(node, "table_name");
    const alias = text(node, "alias") || name;
    if (isNode(node.at_clause)) throw new Refusal(`it reads ${name} AT another version${at(node)}`);
    const schema = text(node, "schema_name");
    if (text(node, "catalog_name") || (schema && !sameName(schema, "main"))) {
      throw new Refusal(`it reads ${name} by a longer name${at(node)}; write the bare name`);
    }
    const cte = schema ? undefined : tables.get(name.toLowerCase());
    if (cte) {
      const query = bindQuery(cte.query, cte.scope, null);
      const names = columnNames(query, cte.columnAliases);
      return derived(
        node,
        query,
        alias,
        [...texts(node, "column_name_alias"), ...names.slice(texts(node, "column_name_alias").length)],
        false,
      );
    }
    const upstream = Object.keys(upstreams).find((candidate) => sameName(candidate, name));
    const columns = upstream ? upstreams[upstream] : undefined;
    if (!upstream || !columns) throw new Refusal(`it reads ${name}${at(node)}, whose columns are not known`);
    const id = newSource();
    scans.set(id, { upstream, columns });
    typesBySource.set(
      id,
      columns.map((column) => column.type),
    );
    const aliases = texts(node, "column_name_alias");
    const names = columns.map((column, index) => aliases[index] ?? column.name);
    return namedSource(
      { kind: "scan", id, upstream, sources: new Set([id]), line: line(node) },
      id,
      alias,
      names,
    );
  }

  function derived(
    node: TreeNode,
    query: Query,
    alias: string,
    aliases: string[],
    correlated: boolean,
  ): NamedFrom {
    const from: From = { kind: "derived", query, correlated, sources: new Set([query.id]), line: line(node) };
    return namedSource(from, query.id, alias, columnNames(query, aliases));
  }

  function bindValues(
    node: TreeNode,
    tables: CommonTables,
    leftOf: NamedFrom | null,
    parent: Scope | null,
    subqueries: Query[],
  ): NamedFrom {
    const call = child(node, "function");
    const name = call ? text(call, "function_name").toLowerCase() : "";
    if (call && !PURE_TABLE_FUNCTIONS.has(name)) {
      throw new Refusal(`it reads from the table function ${name}${at(node)}, whose changes cannot be seen`);
    }
    const scope = newScope(leftOf, parent);
    const place = { ...PLAIN_PLACE, tables, scope, subqueries };
    for (const part of call ? children(call, "children") : everyValue(node)) bindExpression(part, place);
    const id = newSource();
    const from: From = { kind: "values", id, sources: new Set([id]), line: line(node) };
    const aliases = texts(node, "column_name_alias");
    const single =
      ["unnest", "range", "generate_series"].includes(name) && node.with_ordinality !== "WITH_ORDINALITY";
    const none = node.type === "EMPTY";
    const columns = none ? [] : single && aliases.length === 1 ? aliases : null;
    return namedSource(from, id, text(node, "alias") || name, columns);
  }

  function bindJoin(
    node: TreeNode,
    tables: CommonTables,
    leftOf: NamedFrom | null,
    parent: Scope | null,
    subqueries: Query[],
  ): NamedFrom {
    refuseUnknownParts(node, JOIN_PARTS);
    const left = bindFrom(child(node, "left"), tables, leftOf, parent, subqueries);
    const sees = leftOf ? joinNames(left.from, leftOf, left, new Map()) : left;
    const right = bindFrom(child(node, "right"), tables, sees, parent, subqueries);
    const kind = text(node, "ref_type");
    const known = ["REGULAR", "CROSS", "NATURAL"].includes(kind) && JOIN_TYPES.has(text(node, "join_type"));
    const type = known ? (text(node, "join_type") as Join["type"]) : "OTHER";
    const equalities: Equality[] = [];
    const using = new Map<string, Expression>();
    for (const name of kind === "NATURAL" ? sharedNames(left, right) : texts(node, "using_columns")) {
      const sides = [left, right].map((side) => {
        const key = { class: "COLUMN_REF", column_names: [name] };
        return resolve(key, newScope(side, null), line(node)).expression;
      });
      const [ofLeft = UNKNOWN, ofRight = UNKNOWN] = sides;
      // A column that a FULL JOIN merged is neither side's: nothing is concluded from it further up.
      if (isBound(ofLeft) && isBound(ofRight))
        equalities.push(...equality(ofLeft, ofRight, types, functions));
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
      line: line(node),
    };
    const both = joinNames(join, left, right, using);
    const condition = child(node, "condition");
    if (condition) {
      const scope = newScope(joinNames(join, sees, right, using), parent);
      const boundCondition = bindExpression(condition, { ...PLAIN_PLACE, tables, scope, subqueries });
      equalities.push(...equalitiesOf(boundCondition, types, functions));
    }
    return type === "SEMI" || type === "ANTI" ? { ...left, from: join } : both;
  }

  function expandStar(item: TreeNode, from: NamedFrom, place: Place): OutputColumn[] {
    if (item.columns === true || isNode(item.expr)) {
      throw new Refusal(`COLUMNS(...)${at(item)} cannot be followed; list the columns`);
    }
    const relation = text(item, "relation_name");
    const alias = relation.toLowerCase();
    const ofAlias = from.entries.filter((entry) => entry.alias.toLowerCase() === alias);
    const shown = relation ? ofAlias : from.star;
    if (relation ? from.opaque.has(alias) || ofAlias.length === 0 : from.opaque.size > 0) {
      throw new Refusal(`the columns of *${at(item)} cannot be told; list them`);
    }
    const excluded = [
      ...texts(item, "exclude_list"),
      ...children(item, "qualified_exclude_list").map((entry) => text(entry, "column")),
    ];
    const replaced = new Map(
      children(item, "replace_list").map((entry) => [
        text(entry, "key").toLowerCase(),
        bindExpression(child(entry, "value") ?? {}, place),
      ]),
    );
    const renamed = new Map(
      children(item, "rename_list").map((entry) => [
        text(child(entry, "key") ?? {}, "column").toLowerCase(),
        text(entry, "value"),
      ]),
    );
    return shown
      .filter((column) => !excluded.some((name) => sameName(name, column.name)))
      .map(({ name, expression }) => ({
        name: renamed.get(name.toLowerCase()) ?? name,
        expression: replaced.get(name.toLowerCase()) ?? expression,
      }));
  }

  function bindExpression(node: TreeNode, place: Place): Expression {
    switch (node.class) {
      case "CONSTANT":
        return node;
      case "COLUMN_REF":
        return bindColumn(node, place);
      case "STAR":
        throw new Refusal(`COLUMNS(...)${at(node)} cannot be followed; list the columns`);
      case "SUBQUERY": {
        const query = child(child(node, "subquery") ?? {}, "node") ?? {};
        place.subqueries.push(bindQuery(query, place.tables, place.scope));
        const tested = child(node, "child");
        if (tested) bindExpression(tested, place);
        return UNKNOWN;
      }
      case "LAMBDA": {
        const names = everyNode(node.lhs).flatMap((inner) => texts(inner, "column_names"));
        const locals = new Set([...place.locals, ...names.map((name) => name.toLowerCase())]);
        bindExpression(child(node, "expr") ?? {}, { ...place, locals });
        return UNKNOWN;
      }
      case "WINDOW": {
        const expression = mapNodes(node, (part) => bindExpression(part, place));
        const partitions = children(expression, "partitions");
        place.onWindow({ name: text(node, "function_name"), partitions, line: lineOf(tree, node) });
        return expression;
      }
      case "FUNCTION": {
        const aggregate = functions.aggregates.has(text(node, "function_name").toLowerCase());
        if (aggregate) place.onAggregate();
        const inAggregate = place.inAggregate || aggregate;
        return mapNodes(node, (part) => bindExpression(part, { ...place, inAggregate }));
      }
      default:
        return mapNodes(node, (part) => bindExpression(part, place));
    }
  }

  function bindColumn(node: TreeNode, place: Place): Expression {
    const first = (texts(node, "column_names")[0] ?? "").toLowerCase();
    if (place.locals.has(first)) return UNKNOWN;
    const { expression, outer } = resolve(node, place.scope, lineOf(tree, node));
    if (outer && place.inAggregate) {
      throw new Refusal(`an aggregate in a subquery${at(node)} is over columns of the query around it`);
    }
    return expression;
  }

  function positional(node: TreeNode, columns: OutputColumn[]): Expression | null {
    const value = node.class === "CONSTANT" ? child(node, "value")?.value : null;
    return typeof value === "number" ? (columns[value - 1]?.expression ?? null) : null;
  }

  function refuseAnyLimit(modifiers: TreeNode[], limit: TreeNode): void {
    if (modifiers.some((modifier) => modifier.type === "ORDER_MODIFIER")) return;
    throw new Refusal(`LIMIT or OFFSET${at(limit)} has no ORDER BY, so any rows may be taken`);
  }

  function line(node: TreeNode): number | null {
    const known = [node, ...everyNode(node)]
      .map((inner) => lineOf(tree, inner))
      .filter((found) => found !== null);
    return known[0] ?? null;
  }

  function at(node: TreeNode): string {
    const found = line(node);
    return found === null ? "" : ` (line ${found})`;
  }

  function refuseUnknownParts(node: TreeNode, known: ReadonlySet<string>): void {
    for (const [key, value] of Object.entries(node)) {
      const empty =
        value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
      if (!known.has(key) && !empty)
        throw new Refusal(`it has a clause that is not known here (${key})${at(node)}`);
    }
  }
}

/** Where an expression stands, and what is to be told about it. */
interface Place {
  tables: CommonTables;
  scope: Scope;
  subqueries: Query[];
  /** Lambda parameters, in lower case. */
  locals: ReadonlySet<string>;
  inAggregate: boolean;
  onWindow: (window: SelectQuery["windows"][number]) => void;
  onAggregate: () => void;
}

const PLAIN_PLACE = {
  locals: new Set<string>(),
  inAggregate: false,
  onWindow: () => {},
  onAggregate: () => {},
};

const SELECT_PARTS = new Set([
  "type",
  "modifiers",
  "cte_map",
  "select_list",
  "from_table",
  "where_clause",
  "group_expressions",
  "group_sets",
  "aggregate_handling",
  "having",
  "qualify",
]);

const SET_PARTS = new Set(["type", "modifiers", "cte_map", "setop_type", "setop_all", "left", "right"]);

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
