import type { PgNode } from "../analysis/tree.ts";
import { unsupported } from "../pg-error.ts";
import type { Expression } from "./expression.ts";
import type { ExpressionTranslator } from "./expressions.ts";
import type { ColumnShape } from "./scope.ts";
import { oid } from "./types.ts";

/** A function in FROM as a subquery whose columns are c1 to cn. */
export function rangeFunction(
  entry: PgNode,
  expressions: ExpressionTranslator,
): { sql: string; columns: ColumnShape[] } {
  const functions = entry.nodes("functions");
  const lists = functions.flatMap((each) => listsOf(each, expressions));
  const [first] = lists;
  if (first === undefined) throw unsupported("a function in FROM that is none");
  const columns: ColumnShape[] = lists.map((list) => ({ type: list.type, numeric: list.numeric }));
  const ordinality = entry.boolean("funcordinality");
  // Several unnest side by side, the shorter ones filled up with NULL, as ROWS FROM says.
  const printed = lists.map((list, index) => `unnest(${list.sql}) AS c${index + 1}`);
  if (ordinality) {
    const longest =
      lists.length === 1
        ? `len(${first.sql})`
        : `greatest(${lists.map((list) => `len(${list.sql})`).join(", ")})`;
    printed.push(`unnest(generate_series(1, ${longest})) AS c${lists.length + 1}`);
    columns.push({ type: oid.int8, numeric: null });
  }
  return { sql: `SELECT ${printed.join(", ")}`, columns };
}

/** The rows of a function as a list for each column; of a function that returns no set, one row. */
function listsOf(wrapped: PgNode, expressions: ExpressionTranslator): Expression[] {
  const call = wrapped.node("funcexpr");
  if (wrapped.value("funccolnames") !== null) throw unsupported("a function in FROM with a list of columns");
  if (call.tag !== "FUNCEXPR" || !call.boolean("funcretset")) {
    const value = expressions.translate(call);
    return [{ sql: `[${value.sql}]`, type: value.type, numeric: value.numeric }];
  }
  return expressions.rows(call) ?? [expressions.set(call)];
}
