import type { Column } from "./definitions.ts";
import type { FunctionCatalog } from "./function-catalog.ts";
import { lineOf, type ParseTree, type TreeNode } from "./parse-tree.ts";
import { child, children, everyNode, isNode, mapNodes, text, texts } from "./parse-tree-nodes.ts";
import { type Scope as CommonTables, withCommonTables } from "./parse-tree-scope.ts";
import { bindExpression, expandStar } from "./upkeep-bind-expression.ts";
import { bindFrom } from "./upkeep-bind-from.ts";
import { at, type Binding, lineNear, type Place, refuseUnknownParts } from "./upkeep-binding.ts";
import { bound, type Expression, equalitiesOf, typeOf } from "./upkeep-expressions.ts";
import {
  type OutputColumn,
  type Query,
  Refusal,
  type SelectQuery,
  type SetOperation,
} from "./upkeep-relations.ts";
import { newScope, type Scope } from "./upkeep-scope.ts";

/** Mentions of tables, CTEs multiplied out, above which a model is not analysed. */
const MAX_SOURCES = 300;

export type BoundModel = Pick<Binding, "types" | "scans"> & { query: Query };

/**
 * Resolves every name of a model: tables to upstreams and CTEs, columns to columns of these. Throws Refusal on
 * whatever it does not know.
 */
export function bindModel(
  tree: ParseTree,
  upstreams: Readonly<Record<string, Column[]>>,
  functions: FunctionCatalog,
): BoundModel {
  const typesBySource = new Map<number, (string | null)[]>();
  let sources = 0;
  const binding: Binding = {
    tree,
    upstreams,
    functions,
    types: (source, column) => typesBySource.get(source)?.[column] ?? null,
    scans: new Map(),
    newSource: () => {
      sources += 1;
      if (sources > MAX_SOURCES) throw new Refusal("it mentions too many tables to be analysed");
      return sources;
    },
    setTypes: (source, types) => typesBySource.set(source, types),
  };
  const query = bindQuery(binding, tree.root, new Map(), null);
  return { query, types: binding.types, scans: binding.scans };
}

/** Resolves a query. `outer`: the CTEs around it; `parent`: the rows around it, for a subquery in an expression. */
export function bindQuery(
  binding: Binding,
  node: TreeNode,
  outer: CommonTables,
  parent: Scope | null,
): Query {
  const tables = withCommonTables(node, outer);
  if (node.type === "SELECT_NODE") return bindSelect(binding, node, tables, parent);
  if (node.type === "SET_OPERATION_NODE") return bindSetOperation(binding, node, tables, parent);
  if (node.type === "RECURSIVE_CTE_NODE")
    throw new Refusal(`it has a recursive CTE${at(binding.tree, node)}`);
  throw new Refusal(`it has a query of a kind that is not known here${at(binding.tree, node)}`);
}

function bindSelect(
  binding: Binding,
  node: TreeNode,
  tables: CommonTables,
  parent: Scope | null,
): SelectQuery {
  if (isNode(node.sample)) throw new Refusal(`it samples rows${at(binding.tree, node)}`);
  refuseUnknownParts(binding, node, SELECT_PARTS);
  const subqueries: Query[] = [];
  const windows: SelectQuery["windows"] = [];
  let aggregated = false;
  const from = bindFrom(binding, child(node, "from_table"), { tables, leftOf: null, parent, subqueries });
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
      const expanded = expandStar(binding, item, from, place);
      columns.push(...expanded);
      plain.push(...expanded.map(() => true));
      continue;
    }
    const before = windows.length;
    let aggregates = false;
    const withAlias = bindExpression(binding, item, {
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
  const where = child(node, "where_clause");
  const condition = where && bindExpression(binding, where, place);
  const groupNodes = children(node, "group_expressions");
  const by = groupNodes.map((item) => positional(item, columns) ?? bindExpression(binding, item, place));
  const groupAll = node.aggregate_handling === "FORCE_AGGREGATES";
  if (groupAll) by.push(...columns.filter((_, index) => plain[index]).map((column) => column.expression));
  scope.afterGroupBy = true;
  for (const key of ["having", "qualify"]) {
    const clause = child(node, key);
    if (clause) bindExpression(binding, clause, place);
  }
  const modifiers = bindModifiers(binding, node, place);

  const id = binding.newSource();
  binding.setTypes(
    id,
    columns.map((column) => typeOf(column.expression, binding.types)),
  );
  const grouped = groupNodes.length > 0 || groupAll || aggregated;
  const sets = Array.isArray(node.group_sets) ? node.group_sets.length : 0;
  const groupLine =
    groupNodes.map((item) => lineOf(binding.tree, item)).find((line) => line !== null) ??
    lineNear(binding.tree, node);
  return {
    kind: "select",
    id,
    columns,
    from: from.from,
    equalities: equalitiesOf(condition, binding.types, binding.functions),
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
    line: lineNear(binding.tree, node),
  };
}

function bindSetOperation(
  binding: Binding,
  node: TreeNode,
  tables: CommonTables,
  parent: Scope | null,
): SetOperation {
  refuseUnknownParts(binding, node, SET_PARTS);
  const left = bindQuery(binding, child(node, "left") ?? {}, tables, parent);
  const right = bindQuery(binding, child(node, "right") ?? {}, tables, parent);
  const type = text(node, "setop_type");
  const all = node.setop_all === true;
  const id = binding.newSource();
  const columns = left.columns.map(({ name }, index) => ({ name, expression: bound(left.id, index) }));
  binding.setTypes(
    id,
    columns.map((_, index) => {
      const both = [binding.types(left.id, index), binding.types(right.id, index)];
      return both[0] === both[1] ? (both[0] ?? null) : null;
    }),
  );
  // ORDER BY of a set operation only sees its output columns; a LIMIT may hold a subquery over tables.
  const modifiers = children(node, "modifiers");
  const limit = modifiers.find((modifier) => text(modifier, "type").startsWith("LIMIT"));
  if (limit) refuseAnyLimit(binding, modifiers, limit);
  if (everyNode(node.modifiers).some((inner) => inner.class === "SUBQUERY")) {
    throw new Refusal(`a subquery stands in ORDER BY or LIMIT of a set operation${at(binding.tree, node)}`);
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
    line: lineNear(binding.tree, node),
  };
}

function bindModifiers(
  binding: Binding,
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
      const on = targets.map((target) => bindExpression(binding, target, place));
      distinct = { on, line: lineNear(binding.tree, modifier) };
      if (on.length > 0 && !modifiers.some((other) => other.type === "ORDER_MODIFIER")) {
        throw new Refusal(
          `DISTINCT ON${at(binding.tree, modifier)} has no ORDER BY, so any row may be taken`,
        );
      }
    } else if (type === "ORDER_MODIFIER") {
      for (const order of children(modifier, "orders")) {
        const expression = child(order, "expression");
        if (expression && expression.class !== "STAR") bindExpression(binding, expression, place);
      }
    } else if (type === "LIMIT_MODIFIER" || type === "LIMIT_PERCENT_MODIFIER") {
      limited = true;
      refuseAnyLimit(binding, modifiers, modifier);
      mapNodes(modifier, (part) => bindExpression(binding, part, place));
    } else {
      throw new Refusal(`it has a clause that is not known here${at(binding.tree, node)}`);
    }
  }
  return { distinct, limited };
}

function positional(node: TreeNode, columns: OutputColumn[]): Expression | null {
  const constant = node.class === "CONSTANT" ? child(node, "value") : null;
  const place = constant && child(constant, "type")?.id === "INTEGER" ? constant.value : null;
  return typeof place === "number" ? (columns[place - 1]?.expression ?? null) : null;
}

function refuseAnyLimit(binding: Binding, modifiers: TreeNode[], limit: TreeNode): void {
  if (modifiers.some((modifier) => modifier.type === "ORDER_MODIFIER")) return;
  throw new Refusal(`LIMIT or OFFSET${at(binding.tree, limit)} has no ORDER BY, so any rows may be taken`);
}

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
