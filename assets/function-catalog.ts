import { z } from "zod";
import { PURE_TABLE_FUNCTIONS } from "../lake/barrier.ts";
import type { Session } from "../lake/session.ts";
import {
  type FunctionReference,
  type ParseTree,
  parseSelect,
  referencedFunctions,
  type TreeNode,
} from "./parse-tree.ts";
import { everyNode, texts } from "./parse-tree-nodes.ts";

/** What the analysis has to know about DuckDB's functions. All names are in lower case. */
export interface FunctionCatalog {
  /** Turn many rows into one: `sum`, and macros over such (`json_group_array`). No scalar has one of these names. */
  aggregates: ReadonlySet<string>;
  /** Give another value from run to run on the same rows: random, current time, sequences, session state. */
  volatile: ReadonlySet<string>;
  /** Turn one row into many: `unnest`, and macros over it. */
  unnesting: ReadonlySet<string>;
}

/** Session state and current time that `duckdb_functions()` calls consistent. `age` counts with one argument only. */
const VOLATILE_UNMARKED = [
  "current_localtime",
  "current_localtimestamp",
  "current_setting",
  "getenv",
  "getvariable",
];

/** What SQL writes without parentheses: a column of that name, or else a function of the session or the clock. */
export const KEYWORD_FUNCTIONS: ReadonlySet<string> = new Set([
  "current_catalog",
  "current_date",
  "current_role",
  "current_schema",
  "current_time",
  "current_timestamp",
  "current_user",
  "localtime",
  "localtimestamp",
  "session_user",
  "user",
]);

/** Calls in FROM that may reach outside of the lake: of all functions but those that make rows from their arguments. */
export function outsideCalls(tree: ParseTree): FunctionReference[] {
  return referencedFunctions(tree).filter(
    (call) => call.usage === "table" && !PURE_TABLE_FUNCTIONS.has(call.name),
  );
}

const functionRow = z.object({
  name: z.string(),
  kind: z.string(),
  stability: z.string().nullable(),
  definition: z.string().nullable(),
});

/** Reads the catalog of this DuckDB. A macro counts as what its definition calls. */
export async function loadFunctionCatalog(scratch: Session): Promise<FunctionCatalog> {
  const rows = await scratch.query(
    functionRow,
    `SELECT lower(function_name) AS name, function_type AS kind, stability, macro_definition AS definition
     FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')`,
  );
  const aggregates = new Set(rows.filter(({ kind }) => kind === "aggregate").map(({ name }) => name));
  const unnesting = new Set(["unnest", "unlist"]);
  const volatile = new Set(VOLATILE_UNMARKED);
  for (const { name, stability } of rows) {
    if (stability !== null && stability !== "CONSISTENT") volatile.add(name);
  }
  const macros: { name: string; calls: string[] }[] = [];
  for (const { name, definition } of rows) {
    if (definition === null) continue;
    const tree = await parseSelect(scratch, `SELECT ${definition}`);
    const calls = referencedFunctions(tree).map((call) => call.name);
    macros.push({ name, calls: [...calls, ...keywordCalls(tree.root)] });
  }
  for (const { name, calls } of withNested(macros)) {
    if (calls.some((call) => aggregates.has(call))) aggregates.add(name);
    if (calls.some((call) => unnesting.has(call))) unnesting.add(name);
    if (calls.some((call) => volatile.has(call) || KEYWORD_FUNCTIONS.has(call))) volatile.add(name);
  }
  return { aggregates, volatile, unnesting };
}

/** Each macro with everything that it calls through other macros, too. */
function withNested(macros: { name: string; calls: string[] }[]): { name: string; calls: string[] }[] {
  const direct = new Map<string, Set<string>>();
  for (const { name, calls } of macros) {
    direct.set(name, new Set([...(direct.get(name) ?? []), ...calls]));
  }
  return [...direct].map(([name]) => {
    const reached = new Set<string>();
    const visit = (call: string) => {
      if (reached.has(call)) return;
      reached.add(call);
      for (const next of direct.get(call) ?? []) visit(next);
    };
    for (const call of direct.get(name) ?? []) visit(call);
    return { name, calls: [...reached] };
  });
}

function keywordCalls(node: TreeNode): string[] {
  return everyNode(node)
    .filter((inner) => inner.class === "COLUMN_REF")
    .map((inner) => texts(inner, "column_names").join(".").toLowerCase())
    .filter((name) => KEYWORD_FUNCTIONS.has(name));
}
