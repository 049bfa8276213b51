/** A node of DuckDB's parse tree. Outside data: read it only through the accessors below. */
export interface TreeNode {
  readonly [key: string]: unknown;
}

export function isNode(value: unknown): value is TreeNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text property; empty when it is missing. */
export function text(node: TreeNode, key: string): string {
  const value = node[key];
  return typeof value === "string" ? value : "";
}

/** A list of texts; what is not a text in it is left out. */
export function texts(node: TreeNode, key: string): string[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A single node below this one; null when it is missing. */
export function child(node: TreeNode, key: string): TreeNode | null {
  const value = node[key];
  return isNode(value) ? value : null;
}

/** A list of nodes below this one. */
export function children(node: TreeNode, key: string): TreeNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function isBaseTable(node: TreeNode): boolean {
  return node.type === "BASE_TABLE" && typeof node.table_name === "string";
}

/** The CTEs that a query node defines, in order. */
export function commonTables(node: TreeNode): { name: string; query: TreeNode; definition: TreeNode }[] {
  const map = child(node, "cte_map");
  if (!map) return [];
  return children(map, "map").flatMap((entry) => {
    const definition = child(entry, "value");
    const query = definition && child(definition, "query");
    const inner = query && child(query, "node");
    return definition && inner ? [{ name: text(entry, "key"), query: inner, definition }] : [];
  });
}

/** The same node with each node directly below it changed. */
export function mapNodes(node: TreeNode, change: (node: TreeNode) => TreeNode): TreeNode {
  const mapped = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(mapped) : isNode(value) ? change(value) : value;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, mapped(value)]));
}

/** The same node without `query_location`s, which only say where in the text it stood. */
export function withoutLocations(node: TreeNode): TreeNode {
  return mapNodes({ ...node, query_location: undefined }, withoutLocations);
}

/** The node and every node below it, in reading order. */
export function everyNode(value: unknown): TreeNode[] {
  if (Array.isArray(value)) return value.flatMap(everyNode);
  return isNode(value) ? [value, ...Object.values(value).flatMap(everyNode)] : [];
}

/** The nodes directly below this one. */
export function directNodes(node: TreeNode): TreeNode[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}
