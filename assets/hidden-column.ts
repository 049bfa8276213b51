import { LotusError } from "../common/errors.ts";
import { lineOf, type ParseTree, type TreeNode } from "./parse-tree.ts";
import { child, children, directNodes, everyNode, mapNodes, text, texts } from "./parse-tree-nodes.ts";
import { type Scope, sameName, withCommonTables } from "./parse-tree-scope.ts";

/** What one SELECT of the chain reads. */
interface Level {
  /** The name of its one source; empty where it has none. */
  alias: string;
  /** The source's columns, the hidden one left out; null where a construct hides them from a parse. */
  columns: readonly string[] | null;
}

/**
 * A row-wise SELECT (`rowWiseViolations` found nothing) that also passes on the column `hidden`, as its last
 * column. The landing table has to offer that column, as its last one; `landingColumns` are the others. Every other
 * output column has the value and the place that it had: stars, COLUMNS(...) and whole rows (`SELECT t FROM stg t`)
 * leave `hidden` out. Take the columns by place, `FROM (...) AS m (a, b, hidden)`: DuckDB names a column without an
 * alias after its expression, which may be spelt in another way here.
 * @throws LotusError MODEL_FAILED where that cannot be told from the parse, saying what to rename.
 */
export function withHiddenColumn(
  tree: ParseTree,
  landingTable: string,
  hidden: string,
  landingColumns: readonly string[],
): ParseTree {
  const levels = new Map<TreeNode, Level>();
  readLevel(tree.root, new Map());
  return { root: rewrite(tree.root), sql: tree.sql };

  /** Notes what the query and everything under it read, and gives its output columns. */
  function readLevel(query: TreeNode, outer: Scope): readonly string[] | null {
    const source = query.type === "SELECT_NODE" ? child(query, "from_table") : null;
    if (!source) throw refusal("it is not a chain of plain SELECTs", query);
    const scope = withCommonTables(query, outer);
    const level = { alias: sourceName(source), columns: sourceColumns(source, scope) };
    levels.set(query, level);
    return outputColumns(query, level);
  }

  function sourceColumns(source: TreeNode, scope: Scope): readonly string[] | null {
    const renamed = (columns: readonly string[] | null, aliases: string[]) =>
      columns && [...aliases, ...columns.slice(aliases.length)];
    const aliases = texts(source, "column_name_alias");
    if (source.type === "SUBQUERY") {
      const query = child(child(source, "subquery") ?? {}, "node");
      if (query) return renamed(readLevel(query, scope), aliases);
    }
    if (source.type === "BASE_TABLE") {
      const name = text(source, "table_name");
      const cte = scope.get(name.toLowerCase());
      if (cte) return renamed(renamed(readLevel(cte.query, cte.scope), cte.columnAliases), aliases);
      if (sameName(name, landingTable)) return renamed(landingColumns, aliases);
    }
    throw refusal(`it does not read ${landingTable} alone`, source);
  }

  function rewrite(node: TreeNode): TreeNode {
    const level = levels.get(node);
    if (!level) return mapNodes(node, rewrite);
    const items = children(node, "select_list");
    const aliases = items.map((item) => text(item, "alias"));
    const rewritten = items.map((item) => {
      const changed = withoutHidden(item, level, aliases);
      const named = changed === item || text(item, "alias") !== "" || item.class !== "COLUMN_REF";
      return named ? changed : { ...changed, alias: texts(item, "column_names").at(-1) };
    });
    return { ...mapNodes(node, rewrite), select_list: [...rewritten, columnReference(hidden)] };
  }

  /** The same expression over a source that also has the hidden column. */
  function withoutHidden(node: TreeNode, level: Level, aliases: string[]): TreeNode {
    if (node.class === "STAR") return starWithoutHidden(node, level, aliases);
    if (node.class === "COLUMN_REF") {
      return isWholeRow(node, level, aliases) ? rowWithoutHidden(node, level) : node;
    }
    const shadowed = node.class === "LAMBDA" && everyNode(child(node, "lhs")).some(namesSource(level));
    if (shadowed) return node;
    if (node.class === "SUBQUERY") {
      const row = everyNode(node).find((inner) => isWholeRow(inner, level, aliases));
      if (row)
        throw refusal(`a subquery uses ${level.alias} as a row; rename the alias or name its columns`, row);
      return node;
    }
    return mapNodes(node, (inner) => withoutHidden(inner, level, aliases));
  }

  function starWithoutHidden(node: TreeNode, level: Level, aliases: string[]): TreeNode {
    const relation = text(node, "relation_name");
    // `s.*` over a struct column never holds the hidden column.
    if (relation !== "" && !sameName(relation, level.alias)) return node;
    const pattern = child(node, "expr");
    if (pattern?.class === "CONSTANT") {
      const value = child(pattern, "value")?.value;
      if (typeof value === "string" && !mayMatch(value, hidden)) return node;
      throw refusal("COLUMNS has a pattern that is too wide; write COLUMNS(c -> ...) instead", node);
    }
    const inner = mapNodes(node, (part) => withoutHidden(part, level, aliases));
    if (pattern) return inner;
    return { ...inner, exclude_list: [...texts(node, "exclude_list"), hidden] };
  }

  /** A bare `t` that means the row of the source t, not a column. */
  function isWholeRow(node: TreeNode, level: Level, aliases: string[]): boolean {
    if (!namesSource(level)(node)) return false;
    if (level.columns?.some((column) => sameName(column, level.alias))) return false;
    if (
      !level.columns ||
      level.columns.includes("") ||
      aliases.some((alias) => sameName(alias, level.alias))
    ) {
      throw refusal(`${level.alias} may be a row or a column here; give the table another alias`, node);
    }
    return true;
  }

  function refusal(why: string, node: TreeNode): LotusError {
    const line =
      lineOf(tree, node) ??
      everyNode(node)
        .map((inner) => lineOf(tree, inner))
        .find(Boolean) ??
      1;
    return new LotusError("MODEL_FAILED", `line ${line}: ${why}`);
  }
}

/** The output names of a SELECT as far as they could be taken for a source's name; null where a parse does not show them. */
function outputColumns(query: TreeNode, level: Level): readonly string[] | null {
  const names: string[] = [];
  for (const item of children(query, "select_list")) {
    if (text(item, "alias")) names.push(text(item, "alias"));
    else if (item.class === "COLUMN_REF") names.push(texts(item, "column_names").at(-1) ?? "");
    else if (item.class === "STAR") {
      const relation = text(item, "relation_name");
      const plain = item.columns !== true && (relation === "" || sameName(relation, level.alias));
      if (!plain || !level.columns) return null;
      const excluded = [
        ...texts(item, "exclude_list"),
        ...children(item, "qualified_exclude_list").map((entry) => text(entry, "column")),
      ];
      const renames = new Map(
        children(item, "rename_list").map((entry) => [renamedColumn(entry), text(entry, "value")]),
      );
      for (const column of level.columns) {
        if (excluded.some((name) => sameName(name, column))) continue;
        names.push(renames.get(column.toLowerCase()) || column);
      }
    } else if (directNodes(item).some((node) => everyNode(node).some((inner) => inner.class === "STAR"))) {
      return null;
    } else names.push("");
  }
  return names;
}

function renamedColumn(entry: TreeNode): string {
  const key = child(entry, "key");
  return (key ? text(key, "column") : text(entry, "key")).toLowerCase();
}

function sourceName(source: TreeNode): string {
  return text(source, "alias") || text(source, "table_name");
}

function namesSource(level: Level): (node: TreeNode) => boolean {
  return (node) => {
    const names = texts(node, "column_names");
    return node.class === "COLUMN_REF" && names.length === 1 && sameName(names[0] ?? "", level.alias);
  };
}

/** Whether a COLUMNS pattern could take the name in. A pattern that only DuckDB understands could. */
function mayMatch(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, "i").test(name);
  } catch {
    return true;
  }
}

function columnReference(...names: string[]): TreeNode {
  return { class: "COLUMN_REF", type: "COLUMN_REF", alias: "", query_location: 0, column_names: names };
}

/** The struct that DuckDB makes of the row, spelt out. */
function rowWithoutHidden(node: TreeNode, { alias, columns }: Level): TreeNode {
  return {
    class: "FUNCTION",
    type: "FUNCTION",
    alias: text(node, "alias"),
    query_location: 0,
    function_name: "struct_pack",
    schema: "",
    children: columns?.map((column) => ({ ...columnReference(alias, column), alias: column })),
    filter: null,
    order_bys: { type: "ORDER_MODIFIER", orders: [] },
    distinct: false,
    is_operator: false,
    export_state: false,
    catalog: "",
  };
}
