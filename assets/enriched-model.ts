import { messageOf } from "../common/errors.ts";
import type { Session } from "../lake/session.ts";
import { identifier } from "../lake/sql.ts";
import { storedColumns } from "./columns.ts";
import type { Column, EnrichedModel, ModelHead, Upkeep } from "./definitions.ts";
import { type Fault, sqlFault, suggestion } from "./findings.ts";
import { type FunctionCatalog, outsideCalls } from "./function-catalog.ts";
import type { DocumentPath } from "./json-text.ts";
import { readModelHead } from "./model-head.ts";
import { codeHash, columnNoteFaults, layoutFaults, outputFaults, resolveColumns } from "./model-output.ts";
import { type ParseTree, parseSelect, referencedTables, type TableReference } from "./parse-tree.ts";
import type { ProjectFile } from "./project-files.ts";
import { bindSelect, createScratchTable } from "./scratch-lake.ts";
import { analyseUpkeep } from "./upkeep.ts";
import { createScratchView, type View, viewsBehind } from "./views.ts";

/** An enriched model as far as it can be understood without the tables that it reads. */
export interface ParsedModel {
  asset: string;
  file: ProjectFile;
  head: ModelHead;
  headLine: (path: DocumentPath) => number | null;
  /** Null when the SQL cannot be parsed. */
  tree: ParseTree | null;
  faults: Fault[];
}

/** What an enriched model may read. */
export interface ReadableNames {
  /** Lower-case name → asset key. */
  assets: ReadonlyMap<string, string>;
  views: ReadonlyMap<string, View>;
  /** Lower-case names of assets that would be there, and why they are not. */
  absent: ReadonlyMap<string, string>;
}

export interface ResolvedModel extends ParsedModel {
  /** Asset keys, also those read through views; alphabetical. */
  upstream: string[];
  /** Asset key → the first line that reads it. */
  lines: ReadonlyMap<string, number | null>;
  /** Views that it reads through, innermost first. */
  views: View[];
}

/** An asset's name: `fct_` or `dim_`, then letters, digits and `_`. */
const ENRICHED_NAME = /^(?:fct|dim)_[A-Za-z0-9_]+$/;

/** Reads a model's head and SQL by itself. */
export async function parseEnrichedModel(scratch: Session, file: ProjectFile): Promise<ParsedModel> {
  const { head, faults, lineOf } = readModelHead(file.text);
  const parsed: ParsedModel = { asset: file.name, file, head, headLine: lineOf, tree: null, faults };
  if (!ENRICHED_NAME.test(file.name)) {
    faults.push({
      code: "name-invalid",
      line: null,
      message: `${file.name}.sql names no enriched table`,
      remedy: "Call it fct_NAME.sql or dim_NAME.sql, with letters, digits and _ in NAME.",
    });
  }
  try {
    parsed.tree = await parseSelect(scratch, file.text);
  } catch (error) {
    faults.push(sqlFault("sql-syntax", error, "Correct the SQL there."));
    return parsed;
  }
  for (const call of outsideCalls(parsed.tree)) {
    faults.push({
      code: "function-refused",
      line: call.line,
      message: `it reads from ${call.name}(), which can reach outside of the lake`,
      remedy: "Read int_*, fct_* and dim_* tables only; what lies outside has to land first.",
    });
  }
  return parsed;
}

/** Finds the assets that a model reads, and refuses every other table. */
export function resolveReferences(model: ParsedModel, names: ReadableNames): ResolvedModel {
  const faults = [...model.faults];
  const lines = new Map<string, number | null>();
  const views = new Set<View>();
  const add = (asset: string, line: number | null) => {
    if (!lines.has(asset)) lines.set(asset, line);
  };
  for (const table of model.tree ? referencedTables(model.tree) : []) {
    const key = table.name.toLowerCase();
    const asset = names.assets.get(key);
    const bare = table.catalog === null && table.schema === null;
    if (bare && asset !== undefined) add(asset, table.line);
    else if (bare && names.views.has(key)) {
      for (const view of viewsBehind(names.views, key)) {
        views.add(view);
        for (const name of view.tables) {
          const read = names.assets.get(name);
          if (read !== undefined) add(read, table.line);
        }
        const foreign = view.tables.find((name) => !names.assets.has(name));
        const problem = view.problem ?? (foreign === undefined ? null : `it reads ${foreign}`);
        if (problem !== null) faults.push(viewFault(view, problem, table.line));
      }
    } else faults.push(bare ? unknownTable(table, names) : qualifiedTable(table, asset));
  }
  return { ...model, faults, upstream: [...lines.keys()].sort(), lines, views: [...views] };
}

export interface BoundModel {
  model: EnrichedModel | null;
  faults: Fault[];
}

/**
 * Binds a model over its upstreams, whose tables (`upstreams`: their columns) are in the scratch lake, and puts its
 * own table there when all is well.
 */
export async function bindEnrichedModel(
  scratch: Session,
  functions: FunctionCatalog,
  model: ResolvedModel & { tree: ParseTree },
  upstreams: Readonly<Record<string, Column[]>>,
): Promise<BoundModel> {
  const { head, headLine } = model;
  let columns: Column[];
  try {
    for (const view of model.views) await createScratchView(scratch, view);
    columns = storedColumns(await bindSelect(scratch, model.file.text));
  } catch (error) {
    return { model: null, faults: [sqlFault("sql-bind", error, "Correct the SQL there.")] };
  }
  const uniqueKey = resolveColumns(head.unique_key ?? [], columns, "unique_key", headLine(["unique_key"]));
  const redoBy = resolveColumns(head.redo_by ?? uniqueKey.columns, columns, "redo_by", headLine(["redo_by"]));
  const faults = [
    ...outputFaults(columns),
    ...uniqueKey.faults,
    ...redoBy.faults,
    ...columnNoteFaults(head, columns, headLine),
    ...(await layoutFaults(scratch, head, columns, headLine)),
  ];
  // A key at fault would be told a second time by every mapping to it.
  const changes = faults.length > 0 ? null : await readChanges(scratch, model, redoBy.columns);
  faults.push(...(changes?.faults ?? []));
  if (faults.length > 0 || !changes) return { model: null, faults };
  const keys = { uniqueKey: uniqueKey.columns, redoBy: redoBy.columns, changes: changes.changes };
  const upkeep = upkeepOf(functions, model, { ...keys, columns, upstreams });
  await createScratchTable(scratch, "main", model.asset, columns);
  return {
    model: {
      asset: model.asset,
      domain: model.file.folder,
      sql: model.file.text,
      file: model.file.path,
      head,
      ...keys,
      upstream: model.upstream,
      upstreamColumns: { ...upstreams },
      columns,
      codeHash: codeHash(model.tree, { ...keys, columns, views: model.views.map((view) => view.sql) }),
      upkeep,
    },
    faults,
  };
}

/** The head's `changes`, each expression bound over its upstream. */
async function readChanges(
  scratch: Session,
  model: ResolvedModel,
  redoBy: readonly string[],
): Promise<{ changes: Record<string, string[]>; faults: Fault[] }> {
  const changes: Record<string, string[]> = {};
  const faults: Fault[] = [];
  for (const [name, expressions] of Object.entries(model.head.changes ?? {})) {
    const line = model.headLine(["changes", name]);
    const add = (message: string, remedy: string) =>
      faults.push({ code: "changes-invalid", line, message, remedy });
    const upstream = model.upstream.find((asset) => asset.toLowerCase() === name.toLowerCase());
    if (upstream === undefined) {
      add(
        `changes names ${name}, which this model does not read`,
        `It reads ${model.upstream.join(", ") || "nothing"}.`,
      );
      continue;
    }
    if (expressions.length !== redoBy.length) {
      add(
        `changes gives ${expressions.length} expressions for ${name}, but rows are redone by ${redoBy.length} columns (${redoBy.join(", ") || "no unique_key"})`,
        "Give one expression for each column of redo_by, in its order.",
      );
      continue;
    }
    for (const expression of expressions) {
      try {
        // In WHERE, because aggregates and window functions are refused there: a key comes from its row alone.
        const select = `SELECT 1 FROM ${identifier(upstream)} WHERE (${expression}\n) IS NOT NULL`;
        await bindSelect(scratch, select);
        const [outside] = outsideCalls(await parseSelect(scratch, select));
        if (outside) {
          add(
            `${expression} reads from ${outside.name}(), which can reach outside of the lake`,
            "Remove it.",
          );
        }
      } catch (error) {
        const { message } = sqlFault("changes-invalid", error, "");
        add(
          `${expression} is no expression over a row of ${upstream}: ${message}`,
          "Use that upstream's columns.",
        );
      }
    }
    changes[upstream] = expressions;
  }
  return { changes, faults };
}

function upkeepOf(
  functions: FunctionCatalog,
  model: ResolvedModel & { tree: ParseTree },
  bound: {
    uniqueKey: string[];
    redoBy: string[];
    changes: Record<string, string[]>;
    columns: Column[];
    upstreams: Readonly<Record<string, Column[]>>;
  },
): Upkeep {
  if (model.views.length > 0) {
    const reasons = model.views.map((view) => `it reads through the view ${view.name}`);
    return { mode: "rebuild", reasons };
  }
  try {
    return analyseUpkeep({
      tree: model.tree,
      redoBy: bound.redoBy,
      uniqueKey: bound.uniqueKey,
      changes: bound.changes,
      output: bound.columns,
      upstreams: bound.upstreams,
      functions,
    });
  } catch (error) {
    // Increments need a proof; SQL that the analysis cannot cope with has none, and a rebuild is always right.
    return { mode: "rebuild", reasons: [`its SQL could not be analysed: ${messageOf(error)}`] };
  }
}

function unknownTable(table: TableReference, names: ReadableNames): Fault {
  const key = table.name.toLowerCase();
  const reason = names.absent.get(key);
  if (key.startsWith("stg_")) {
    return {
      code: "reads-landing",
      line: table.line,
      message: `it reads the landing table ${table.name}`,
      remedy: `Read ${table.name.replace(/^stg_/i, "int_")}: landing tables hold every version of a row.`,
    };
  }
  return {
    code: "unknown-table",
    line: table.line,
    message: reason ? `it reads ${table.name}, but ${reason}` : `there is no table ${table.name}`,
    remedy: reason
      ? "Select the stream, or read another table."
      : `Read int_*, fct_* and dim_* tables of this project.${suggestion(table.name, names.assets.values())}`,
  };
}

function qualifiedTable(table: TableReference, asset: string | undefined): Fault {
  const written = [table.catalog, table.schema, table.name].filter((part) => part !== null).join(".");
  return {
    code: "qualified-name",
    line: table.line,
    message: `it reads ${written} by a qualified name`,
    remedy: asset
      ? `Write ${asset}: only a bare name can be narrowed to the rows that changed.`
      : "Read int_*, fct_* and dim_* tables by their bare names.",
  };
}

function viewFault(view: View, problem: string, line: number | null): Fault {
  return {
    code: "view-refused",
    line,
    message: `it reads the view ${view.name}, which cannot be seen through: ${problem}`,
    remedy: "Let the view read int_*, fct_* and dim_* tables, or read those instead.",
  };
}
