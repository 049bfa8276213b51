import type { Column } from "./definitions.ts";
import type { FunctionCatalog } from "./function-catalog.ts";
import { lineOf, type ParseTree, type TreeNode } from "./parse-tree.ts";
import { everyNode } from "./parse-tree-nodes.ts";
import type { Scope as CommonTables } from "./parse-tree-scope.ts";
import type { ColumnTypes } from "./upkeep-expressions.ts";
import { type Query, Refusal, type SelectQuery } from "./upkeep-relations.ts";
import type { Scope } from "./upkeep-scope.ts";

/** What is known of a model while its names are resolved. */
export interface Binding {
  readonly tree: ParseTree;
  readonly upstreams: Readonly<Record<string, Column[]>>;
  readonly functions: FunctionCatalog;
  readonly types: ColumnTypes;
  /** Upstream columns by the id of the scan. */
  readonly scans: Map<number, { upstream: string; columns: Column[] }>;
  newSource(): number;
  setTypes(source: number, types: (string | null)[]): void;
}

/** Where an expression stands, and what is to be told about it. */
export interface Place {
  tables: CommonTables;
  scope: Scope;
  subqueries: Query[];
  /** Lambda parameters, in lower case. */
  locals: ReadonlySet<string>;
  inAggregate: boolean;
  onWindow: (window: SelectQuery["windows"][number]) => void;
  onAggregate: () => void;
}

export const PLAIN_PLACE = {
  locals: new Set<string>(),
  inAggregate: false,
  onWindow: () => {},
  onAggregate: () => {},
};

/** The line of a node, or else of the first one below it that has one. */
export function lineNear(tree: ParseTree, node: TreeNode): number | null {
  for (const inner of everyNode(node)) {
    const line = lineOf(tree, inner);
    if (line !== null) return line;
  }
  return null;
}

/** ` (line 3)`, for the end of a message; empty where the line is not known. */
export function at(tree: ParseTree, node: TreeNode): string {
  const line = lineNear(tree, node);
  return line === null ? "" : ` (line ${line})`;
}

/** A later DuckDB may parse a clause that is not known here: then nothing is concluded. */
export function refuseUnknownParts(binding: Binding, node: TreeNode, known: ReadonlySet<string>): void {
  for (const [key, value] of Object.entries(node)) {
    const empty =
      value === null || value === "" || value === false || (Array.isArray(value) && value.length === 0);
    if (!known.has(key) && !empty)
      throw new Refusal(`it has a clause that is not known here (${key})${at(binding.tree, node)}`);
  }
}
