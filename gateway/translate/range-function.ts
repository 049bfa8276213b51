import type { PgNode } from "../analysis/tree.ts";
import { unsupported } from "../pg-error.ts";
import type { ExpressionTranslator } from "./expressions.ts";
import type { ColumnShape } from "./scope.ts";

/** A function in FROM as a subquery whose columns are c1 to cn. */
export function rangeFunction(
  entry: PgNode,
  _expressions: ExpressionTranslator,
): { sql: string; columns: ColumnShape[] } {
  throw unsupported(`a function in FROM with ${entry.nodes("functions").length} functions`);
}
