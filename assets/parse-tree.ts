import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { parseExactJson, writeExactJson } from "./parse-tree-json.ts";
import {
  commonTables,
  isBaseTable,
  isNode,
  type TreeNode,
  text,
  withoutLocations,
} from "./parse-tree-nodes.ts";
import { printable, unwrapValues } from "./parse-tree-print.ts";

export type { TreeNode } from "./parse-tree-nodes.ts";

/** DuckDB's own parse of one SELECT statement. Treated as immutable: rewriting makes a new tree. */
export interface ParseTree {
  /** The query node: SELECT_NODE, SET_OPERATION_NODE, ... */
  readonly root: TreeNode;
  /** The text it was parsed from, which `query_location`s count bytes of. */
  readonly sql: string;
}

export interface TableReference {
  catalog: string | null;
  schema: string | null;
  name: string;
  /** 1-based line in the parsed text; null when DuckDB does not say. */
  line: number | null;
}

export interface FunctionReference {
  /** Lower case. Operators are functions, too: `+`, `||`, `~~` for LIKE. */
  name: string;
  schema: string | null;
  /** How it is called: a table function stands in FROM, a window function has OVER. */
  usage: "scalar" | "window" | "table";
  line: number | null;
}

const serialized = z.object({
  error: z.boolean(),
  error_message: z.string().optional(),
  position: z.string().optional(),
  statements: z.array(z.object({ node: z.record(z.string(), z.unknown()) })).optional(),
});

/**
 * Parses one SELECT statement with DuckDB's parser; nothing is bound, so tables need not exist.
 * @throws LotusError MODEL_FAILED on a syntax error (the message has `line N`), on anything that is not a SELECT,
 * on no statement and on several.
 */
export async function parseSelect(scratch: Session, sql: string): Promise<ParseTree> {
  const rows = await scratch.query(
    z.object({ tree: z.string() }),
    `SELECT json_serialize_sql(${literal(sql)})::VARCHAR AS tree`,
  );
  const answer = serialized.parse(parseExactJson(rows[0]?.tree ?? ""));
  if (answer.error) throw parseFailure(sql, answer.error_message, answer.position);
  const statements = answer.statements ?? [];
  const root = statements[0]?.node;
  if (!root) throw new LotusError("MODEL_FAILED", "line 1: there is no SELECT; write one SELECT statement");
  if (statements.length > 1) {
    throw new LotusError(
      "MODEL_FAILED",
      `line 1: there are ${statements.length} statements; keep one SELECT and remove the others`,
    );
  }
  return { root, sql };
}

/**
 * The SQL text of a tree, in DuckDB's own spelling. It is parsed again and compared, so that a construct which
 * DuckDB prints wrongly cannot slip through. @throws LotusError MODEL_FAILED
 */
export async function deparse(scratch: Session, tree: ParseTree): Promise<string> {
  const root = printable(tree.root);
  const json = writeExactJson({ error: false, statements: [{ node: root, named_param_map: [] }] });
  const rows = await scratch.query(
    z.object({ sql: z.string() }),
    `SELECT json_deserialize_sql(${literal(json)}::JSON) AS sql`,
  );
  const sql = rows[0]?.sql ?? "";
  const printed = await parseSelect(scratch, sql);
  if (canonical({ ...printed, root: unwrapValues(printed.root) }) !== canonical({ ...tree, root })) {
    throw new LotusError("MODEL_FAILED", "DuckDB cannot print this SELECT faithfully; write it more simply");
  }
  return sql;
}

/** A text that is equal for two SELECTs that differ only in whitespace, comments and keyword case. */
export function canonical(tree: ParseTree): string {
  return writeExactJson(withoutLocations(tree.root));
}

/** Every base table that is read anywhere in the statement, in reading order, one entry for each mention. */
export function referencedTables(tree: ParseTree): TableReference[] {
  const found: TableReference[] = [];
  collectTables(tree.root, new Set());
  return found;

  /** `scope`: the CTE names, in lower case, that shadow tables here. */
  function collectTables(value: unknown, scope: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) collectTables(item, scope);
      return;
    }
    if (!isNode(value)) return;
    if (isBaseTable(value)) addTable(value, scope);
    let inner = scope;
    // A CTE sees the ones before it, and itself only in the right side of a recursive one.
    for (const cte of commonTables(value)) {
      collectTables(cte.query, inner);
      inner = new Set([...inner, cte.name.toLowerCase()]);
    }
    for (const [key, part] of Object.entries(value)) {
      if (key === "cte_map") continue;
      const recursive = value.type === "RECURSIVE_CTE_NODE" && key === "right";
      collectTables(part, recursive ? new Set([...inner, text(value, "cte_name").toLowerCase()]) : inner);
    }
  }

  function addTable(node: TreeNode, scope: ReadonlySet<string>): void {
    const catalog = text(node, "catalog_name") || null;
    const schema = text(node, "schema_name") || null;
    const name = text(node, "table_name");
    const shadowed = scope.has(name.toLowerCase()) && (schema === null || schema === "recurring");
    if (!shadowed) found.push({ catalog, schema, name, line: lineOf(tree, node) });
  }
}

/** Every function that is called anywhere in the statement, operators included, one entry for each call. */
export function referencedFunctions(tree: ParseTree): FunctionReference[] {
  const found: FunctionReference[] = [];
  collectFunctions(tree.root, false);
  return found;

  function collectFunctions(value: unknown, inFrom: boolean): void {
    if (Array.isArray(value)) {
      for (const item of value) collectFunctions(item, false);
      return;
    }
    if (!isNode(value)) return;
    if (value.class === "FUNCTION" || value.class === "WINDOW") {
      const usage = inFrom ? "table" : value.class === "WINDOW" ? "window" : "scalar";
      found.push({
        name: text(value, "function_name").toLowerCase(),
        schema: text(value, "schema") || null,
        usage,
        line: lineOf(tree, value),
      });
    }
    for (const [key, part] of Object.entries(value)) {
      collectFunctions(part, value.type === "TABLE_FUNCTION" && key === "function");
    }
  }
}

/** The 1-based line of a node; null when DuckDB does not say. */
export function lineOf(tree: ParseTree, node: TreeNode): number | null {
  const offset = node.query_location;
  return typeof offset === "number" ? lineAt(tree.sql, offset) : null;
}

function lineAt(sql: string, byteOffset: number): number {
  const before = Buffer.from(sql, "utf8").subarray(0, byteOffset).toString("utf8");
  return before.split("\n").length;
}

function parseFailure(sql: string, message = "cannot be parsed", position?: string): LotusError {
  if (/Only SELECT statements/.test(message)) {
    return new LotusError(
      "MODEL_FAILED",
      "line 1: this is not one SELECT statement; write a SELECT (WITH ... SELECT is fine)",
    );
  }
  // Unlike `query_location`, this position counts characters.
  const line = [...sql].slice(0, Number(position ?? 0)).filter((character) => character === "\n").length + 1;
  const oneLine = message.replace(/\s+/g, " ").trim();
  return new LotusError("MODEL_FAILED", `line ${line}: ${oneLine}; correct the SQL there`);
}
