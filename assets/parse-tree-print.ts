import { parseExactJson, writeExactJson } from "./parse-tree-json.ts";
import { child, mapNodes, type TreeNode, withoutLocations } from "./parse-tree-nodes.ts";

/**
 * The same query with the constants spelt as casts of text that DuckDB's printer would change: it prints the
 * DOUBLE 1e-3 as the DECIMAL 0.001, and a bare BOOLEAN as a word that parses to a cast.
 */
export function printable(node: TreeNode): TreeNode {
  const value = node.class === "CONSTANT" ? child(node, "value") : null;
  const type = value && value.is_null !== true ? child(value, "type")?.id : null;
  if (value && (type === "DOUBLE" || type === "BOOLEAN")) {
    const spelling = type === "DOUBLE" ? writeExactJson(value.value) : value.value === true ? "t" : "f";
    return {
      class: "CAST",
      type: "OPERATOR_CAST",
      alias: node.alias,
      query_location: NOWHERE,
      child: {
        class: "CONSTANT",
        type: "VALUE_CONSTANT",
        alias: "",
        query_location: NOWHERE,
        value: { type: { id: "VARCHAR", type_info: null }, is_null: false, value: spelling },
      },
      cast_type: { id: type, type_info: null },
      try_cast: false,
    };
  }
  return mapNodes(node, printable);
}

/** How DuckDB writes that a node has no place in the text. */
const NOWHERE = parseExactJson("18446744073709551615");

/** DuckDB prints `VALUES ...` as `SELECT * FROM (VALUES ...)`, one subquery more than it parsed. */
export function unwrapValues(node: TreeNode): TreeNode {
  const from = child(node, "from_table");
  const query = from && from.alias === "valueslist" && child(from, "subquery");
  const inner = query ? child(query, "node") : null;
  const list = inner && child(inner, "from_table");
  const bare =
    list?.type === "EXPRESSION_LIST" &&
    writeExactJson(withoutLocations({ ...node, from_table: null })) ===
      writeExactJson(withoutLocations({ ...inner, from_table: null }));
  const unwrapped = bare ? { ...node, from_table: list } : node;
  return mapNodes(unwrapped, unwrapValues);
}
