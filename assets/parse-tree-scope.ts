import type { TreeNode } from "./parse-tree.ts";
import { commonTables, texts } from "./parse-tree-nodes.ts";

/** The CTEs that a FROM may mean, by name in lower case, each with the ones that its own body sees. */
export type Scope = ReadonlyMap<string, { query: TreeNode; scope: Scope; columnAliases: string[] }>;

/** The CTEs that are visible in a query's FROM: its own, and those around it. */
export function withCommonTables(query: TreeNode, outer: Scope): Scope {
  let scope = outer;
  for (const { name, query: body, definition } of commonTables(query)) {
    const entry = { query: body, scope, columnAliases: texts(definition, "aliases") };
    scope = new Map([...scope, [name.toLowerCase(), entry]]);
  }
  return scope;
}

export function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
