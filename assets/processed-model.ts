import type { Session } from "../lake/session.ts";
import { identifier, identifiers } from "../lake/sql.ts";
import { findColumn, storedColumns } from "./columns.ts";
import type { Column, ModelHead, ProcessedModel, Stream } from "./definitions.ts";
import { type Fault, sqlFault } from "./findings.ts";
import { type FunctionCatalog, outsideCalls } from "./function-catalog.ts";
import { readModelHead } from "./model-head.ts";
import { codeHash, columnNoteFaults, layoutFaults, outputFaults, resolveColumns } from "./model-output.ts";
import { PATH_COLUMNS, processedAssetKey, sameName } from "./names.ts";
import { lineOf, type ParseTree, parseSelect, referencedTables, type TreeNode } from "./parse-tree.ts";
import { child, children, text, texts } from "./parse-tree-nodes.ts";
import { rowWiseViolations } from "./row-wise.ts";
import { bindSelect } from "./scratch-lake.ts";
import { carriedColumns } from "./version-columns.ts";

/** What a processed model is made of: the stream, and the file that replaces the default. */
export type ProcessedInput = Omit<Stream, "processed">;

/** The default model: every landed column but the path's. */
export function defaultProcessedSql(landingTable: string): string {
  return `SELECT * EXCLUDE (${identifiers(PATH_COLUMNS)}) FROM ${identifier(landingTable)}`;
}

/** Reads and binds a stream's processed model; `file` null: the default. The landing table is in the scratch lake. */
export async function readProcessedModel(
  scratch: Session,
  functions: FunctionCatalog,
  stream: ProcessedInput,
  file: { path: string; sql: string } | null,
): Promise<{ model: ProcessedModel | null; faults: Fault[] }> {
  const sql = file?.sql ?? defaultProcessedSql(stream.landing.table);
  const { head, faults, lineOf: headLine } = readModelHead(sql);
  faults.push(...foreignHeadKeys(head, (key) => headLine([key])));
  let tree: ParseTree;
  let columns: Column[];
  try {
    tree = await parseSelect(scratch, sql);
  } catch (error) {
    return { model: null, faults: [...faults, sqlFault("sql-syntax", error, "Correct the SQL there.")] };
  }
  const foreign = [...tableFaults(tree, stream.landing.table), ...callFaults(tree, stream.landing.table)];
  const unfit = foreign.length > 0 ? foreign : shapeFaults(tree, stream.landing.table, functions);
  // Binding would only say again, and less clearly, what a foreign table already made plain.
  if (unfit.length > 0) return { model: null, faults: [...faults, ...unfit] };
  try {
    columns = storedColumns(await bindSelect(scratch, sql));
  } catch (error) {
    return { model: null, faults: [...faults, sqlFault("sql-bind", error, "Correct the SQL there.")] };
  }
  const key = uniqueKey(stream, head, columns, headLine);
  faults.push(...outputFaults(columns), ...key.faults);
  faults.push(...columnNoteFaults(head, columns, headLine));
  faults.push(...(await layoutFaults(scratch, head, columns, headLine)));
  const model: ProcessedModel = {
    asset: processedAssetKey(stream.source, stream.stream),
    sql,
    file: file?.path ?? null,
    head,
    uniqueKey: key.columns,
    columns,
    codeHash: codeHash(tree, {
      columns,
      uniqueKey: key.columns,
      // Which version of a row wins, and whether older generations are hidden, decides what the table holds.
      version: stream.cursorField,
      overwrite: stream.destinationSyncMode === "overwrite",
    }),
  };
  faults.push(...carriedColumnFaults(tree, { ...stream, processed: model }));
  return faults.length > 0 ? { model: null, faults } : { model, faults };
}

function foreignHeadKeys(head: ModelHead, lineOf: (key: string) => number | null): Fault[] {
  const reasons = {
    redo_by: "which is always fed by its new rows",
    changes: "which is always fed by its new rows",
    serve: "whose rows are read from the lake",
  };
  return (["redo_by", "changes", "serve"] as const)
    .filter((key) => head[key] !== undefined)
    .map((key) => ({
      code: "model-head-invalid",
      line: lineOf(key),
      message: `${key} has no meaning in a processed model, ${reasons[key]}`,
      remedy: key === "serve" ? "Remove it, and serve an enriched model over this one." : "Remove it.",
    }));
}

function tableFaults(tree: ParseTree, landingTable: string): Fault[] {
  return referencedTables(tree)
    .filter((table) => table.catalog !== null || table.schema !== null || !sameName(table.name, landingTable))
    .map((table) => ({
      code: "processed-reads-other-table",
      line: table.line,
      message: `a processed model reads only its landing table, by its bare name, but this reads ${[table.catalog, table.schema, table.name].filter((part) => part !== null).join(".")}`,
      remedy: `Read ${landingTable}; joins belong into an enriched model.`,
    }));
}

function callFaults(tree: ParseTree, landingTable: string): Fault[] {
  return outsideCalls(tree).map((call) => ({
    code: "function-refused",
    line: call.line,
    message: `it reads from ${call.name}(), which can reach outside of the lake`,
    remedy: `Read ${landingTable} alone.`,
  }));
}

function shapeFaults(tree: ParseTree, landingTable: string, functions: FunctionCatalog): Fault[] {
  return rowWiseViolations(tree, landingTable, functions).map((violation) => ({
    code: "processed-not-row-wise",
    line: violation.line,
    message: violation.message,
    remedy: "Turn each input row into one output row here, and do the rest in an enriched model.",
  }));
}

function uniqueKey(
  stream: ProcessedInput,
  head: ModelHead,
  columns: readonly Column[],
  lineOf: (path: string[]) => number | null,
): { columns: string[]; faults: Fault[] } {
  if (head.unique_key) {
    const line = lineOf(["unique_key"]);
    if (stream.primaryKey.length > 0) return resolveColumns(head.unique_key, columns, "unique_key", line);
    const fault = {
      code: "key-without-primary-key",
      line,
      message: `unique_key is given, but the stream ${stream.source}/${stream.stream} has no primary_key`,
      remedy: `Give primary_key in ${stream.file}, or remove unique_key to keep every row.`,
    };
    return { columns: [], faults: [fault] };
  }
  const missing = stream.primaryKey.filter((name) => !findColumn(columns, name));
  if (missing.length === 0) {
    return {
      columns: stream.primaryKey.flatMap((name) => findColumn(columns, name)?.name ?? []),
      faults: [],
    };
  }
  const fault = {
    code: "key-not-in-output",
    line: null,
    message: `the primary key ${missing.join(", ")} is not among the output columns`,
    remedy: "Select it, or say with unique_key in the head which output columns hold it.",
  };
  return { columns: [], faults: [fault] };
}

/** A column by which versions are told apart must hold what landed: a rounded one would let an older row win. */
function carriedColumnFaults(tree: ParseTree, stream: Stream): Fault[] {
  return carriedColumns(stream, stream.landing.columns).flatMap(({ name, type }) => {
    const output = findColumn(stream.processed.columns, name);
    const changed = changedAt(tree, name);
    // A change inside a CTE shows only by its type; row-wise models seldom have one.
    if (!changed && (!output || output.type === type)) return [];
    return [
      {
        code: "version-column-changed",
        line: changed && lineOf(tree, changed),
        message: `output column ${name} is not the landed ${name}, by which Lotus tells what became of a row`,
        remedy: `Pass ${name} on as it is, or give this column another name.`,
      },
    ];
  });
}

/** The expression of the SELECT list that gives a column's name to something else; null when none does. */
function changedAt(tree: ParseTree, column: string): TreeNode | null {
  for (const item of children(tree.root, "select_list")) {
    if (item.class === "STAR") {
      const replaced = children(item, "replace_list").find((entry) => sameName(text(entry, "key"), column));
      const renamed = children(item, "rename_list").some((entry) => sameName(text(entry, "value"), column));
      if (replaced) return child(replaced, "value") ?? item;
      if (renamed) return item;
      continue;
    }
    const read = item.class === "COLUMN_REF" ? (texts(item, "column_names").at(-1) ?? "") : "";
    const given = text(item, "alias") || read;
    if (sameName(given, column) && !sameName(read, column)) return item;
  }
  return null;
}
