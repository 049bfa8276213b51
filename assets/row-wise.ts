import type { FunctionCatalog } from "./function-catalog.ts";
import { lineOf, type ParseTree, referencedTables, type TreeNode } from "./parse-tree.ts";
import { child, children, directNodes, everyNode, isNode, text } from "./parse-tree-nodes.ts";
import { type Scope, sameName, withCommonTables } from "./parse-tree-scope.ts";

export { withHiddenColumn } from "./hidden-column.ts";

export interface RowWiseViolation {
  /** What stands in the way, without a full stop. */
  message: string;
  line: number | null;
}

/**
 * Everything by which a processed model could give more or fewer rows than its landing table, or mix rows: it has
 * to be a chain of plain SELECTs over that one table. Empty: each landed row gives exactly one row, from its own
 * values only.
 */
export function rowWiseViolations(
  tree: ParseTree,
  landingTable: string,
  functions: FunctionCatalog,
): RowWiseViolation[] {
  const found: RowWiseViolation[] = [];
  const add = (message: string, node: TreeNode) => found.push({ message, line: lineOf(tree, node) });

  for (const { catalog, schema, name, line } of referencedTables(tree)) {
    const foreign = catalog !== null || schema !== null || !sameName(name, landingTable);
    if (foreign) {
      const written = [catalog, schema, name].filter((part) => part !== null).join(".");
      found.push({ message: `it reads ${written}, not only ${landingTable} by its bare name`, line });
    }
  }
  checkQuery(tree.root, new Map());
  return found;

  function checkQuery(query: TreeNode, outer: Scope): void {
    if (query.type !== "SELECT_NODE") {
      add(
        `it uses ${QUERY_NAMES[text(query, "type")] ?? "a kind of query that is not a plain SELECT"}`,
        query,
      );
      return;
    }
    for (const [key, name] of Object.entries(CLAUSES)) {
      const part = query[key];
      if (isNode(part)) add(`it uses ${name}`, part);
    }
    if (
      children(query, "group_expressions").length > 0 ||
      text(query, "aggregate_handling") !== "STANDARD_HANDLING"
    ) {
      add("it uses GROUP BY", children(query, "group_expressions")[0] ?? query);
    }
    for (const modifier of children(query, "modifiers")) {
      const place = everyNode(modifier).find((node) => lineOf(tree, node) !== null) ?? modifier;
      add(`it uses ${MODIFIERS[text(modifier, "type")] ?? "a clause that is not known here"}`, place);
    }
    for (const item of children(query, "select_list")) checkExpression(item);
    checkSource(child(query, "from_table"), withCommonTables(query, outer));
  }

  function checkSource(source: TreeNode | null, scope: Scope): void {
    if (!source) return;
    if (isNode(source.sample)) add("it uses SAMPLE", source);
    if (source.type === "SUBQUERY") {
      const query = child(child(source, "subquery") ?? {}, "node");
      if (query) checkQuery(query, scope);
    } else if (source.type === "BASE_TABLE") {
      if (isNode(source.at_clause)) add("it reads a table AT another version", source);
      const cte = scope.get(text(source, "table_name").toLowerCase());
      if (cte) checkQuery(cte.query, cte.scope);
    } else {
      add(`it reads from ${SOURCES[text(source, "type")] ?? "something that is not a table"}`, source);
    }
  }

  function checkExpression(expression: TreeNode): void {
    if (expression.class === "WINDOW") {
      add(`it uses the window function ${text(expression, "function_name")}`, expression);
    } else if (expression.class === "SUBQUERY") {
      checkSubquery(expression);
      return;
    } else if (expression.class === "FUNCTION") {
      const name = text(expression, "function_name").toLowerCase();
      if (functions.aggregates.has(name)) add(`it uses the aggregate ${name}`, expression);
      if (functions.unnesting.has(name)) add(`it uses ${name}, which makes several rows of one`, expression);
    }
    for (const part of directNodes(expression)) checkExpression(part);
  }

  /** A subquery over the row's own values gives one value a row. An aggregate inside may belong to the outer rows. */
  function checkSubquery(expression: TreeNode): void {
    const inside = everyNode(child(expression, "subquery"));
    const table = inside.find((node) => node.type === "BASE_TABLE");
    if (table) add("it reads a table in a subquery expression", table);
    for (const node of inside) {
      const name = text(node, "function_name").toLowerCase();
      if (node.class === "FUNCTION" && functions.aggregates.has(name)) {
        add(`it uses the aggregate ${name} in a subquery; use a list function such as list_sum`, node);
      }
    }
    for (const part of directNodes(expression)) {
      if (part !== child(expression, "subquery")) checkExpression(part);
    }
  }
}

const QUERY_NAMES: Record<string, string> = {
  SET_OPERATION_NODE: "UNION, INTERSECT or EXCEPT",
  RECURSIVE_CTE_NODE: "a recursive CTE",
};

const CLAUSES = { where_clause: "WHERE", having: "HAVING", qualify: "QUALIFY", sample: "SAMPLE" };

const MODIFIERS: Record<string, string> = {
  ORDER_MODIFIER: "ORDER BY",
  LIMIT_MODIFIER: "LIMIT or OFFSET",
  LIMIT_PERCENT_MODIFIER: "LIMIT or OFFSET",
  DISTINCT_MODIFIER: "DISTINCT",
};

const SOURCES: Record<string, string> = {
  JOIN: "a join; read the landing table alone",
  TABLE_FUNCTION: "a table function such as UNNEST",
  EXPRESSION_LIST: "VALUES",
  EMPTY: "no table",
  PIVOT: "PIVOT or UNPIVOT",
  SHOW_REF: "DESCRIBE or SHOW",
};
