import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Session } from "../../lake/session.ts";
import { currentSnapshot, lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { identifier, identifiers } from "../../lake/sql.ts";
import { lakeTable, tableColumns } from "../../lake/tables.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import { appendAssetState } from "../asset-states.ts";
import { storedColumns, storedItems } from "../columns.ts";
import type { Column, EnrichedModel } from "../definitions.ts";
import { refuseHeld } from "../holds.ts";
import { lastMaterialization, recordMaterialization } from "../materializations.ts";
import { modelFault } from "../model-fault.ts";
import { replaceRows } from "../replace-rows.ts";
import { shapeTable } from "../shape-table.ts";
import { chooseMode, type Mode } from "./mode.ts";
import { collectTouchedKeys, inTouched, TOUCHED } from "./touched.ts";
import { dropUpstreamViews, showUpstreams } from "./upstream-views.ts";

export interface MaterializeRequest {
  runId: string;
  /** Rebuild even where increments would do. */
  full: boolean;
  /** Rebuild, and end the table's hold in the same snapshot. */
  release?: boolean;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

export interface MaterializeOutcome {
  asset: string;
  mode: Mode["mode"];
  reason: string | null;
  /** Rows in the table afterwards. */
  rows: number;
  /** Rows deleted, updated or inserted. */
  changedRows: number;
  snapshot: number | null;
}

const FRESH = "lotus_fresh";
/** The model's SELECT as a temporary view: a file may end in a comment or a semicolon, so it cannot stand in brackets. */
const MODEL = "lotus_model";
/** The model as it is written; MODEL gives its columns in the types in which they are stored. */
const SELECTED = "lotus_selected";
const rowsRow = z.object({ rows: z.coerce.number() });

/**
 * Brings an enriched table up to date, in one snapshot together with its record. The record names the snapshot
 * that was read, never the run's own commit: a batch that commits while this runs falls between the two.
 * @throws LotusError MODEL_FAILED when the SQL is at fault, LAKE_CONFLICT or FENCE_LOST when another writer won,
 * ASSET_HELD.
 */
export async function materialize(
  lake: Lake,
  model: EnrichedModel,
  request: MaterializeRequest,
): Promise<MaterializeOutcome> {
  return untilCommitted(lake, (session) => attemptMaterialize(session, model, request), request);
}

async function attemptMaterialize(
  session: Session,
  model: EnrichedModel,
  request: MaterializeRequest,
): Promise<MaterializeOutcome> {
  const startedAt = new Date();
  const table = { schema: "main", name: model.asset } as const;
  const epoch = await readFence(session, model.asset);
  if (!request.release) await refuseHeld(session, model.asset);
  const outcome = await commitSnapshot(session, async () => {
    const read = await currentSnapshot(session);
    const last = await lastMaterialization(session, model.asset);
    const present = await tableColumns(session, table);
    await showUpstreams(session, model, null);
    const output = await describeModel(session, model);
    const mode: Mode = request.release
      ? { mode: "rebuild", reason: "released" }
      : await chooseMode(session, model, { full: request.full, last, present, output, read });
    if (mode.mode === "incremental") {
      await redoTouched(session, model, output, mode.changed, read);
    }
    await computeFresh(session, model, output, mode);
    // Rows that other code made may rightly have another redo_by than the same row has now.
    const knownRows = mode.mode === "incremental" && last?.codeHash === model.codeHash;
    await checkUniqueKey(session, model, knownRows);
    if (mode.mode === "rebuild") await shapeTable(session, table, model.head, present, output);
    const changedRows = await replaceRows(session, {
      table,
      fresh: FRESH,
      columns: output.map((column) => column.name),
      key: model.uniqueKey,
      ...(mode.mode === "incremental"
        ? { scope: inTouched(model.redoBy.map((name) => `t.${identifier(name)}`)) }
        : {}),
    });
    const { rows } = await session.queryOne(rowsRow, `SELECT count(*) AS rows FROM ${lakeTable(table)}`);
    const nextEpoch = await advanceFence(session, model.asset, epoch);
    await recordMaterialization(session, {
      asset: model.asset,
      upstreamSnapshots: Object.fromEntries(model.upstream.map((upstream) => [upstream, read])),
      // An increment under `on_code_change: keep` leaves most rows as the earlier code made them.
      codeHash: mode.mode === "incremental" && last ? last.codeHash : model.codeHash,
      mode: mode.mode,
      reason: mode.reason,
      rows,
      changedRows,
      run: request.runId,
      epoch: nextEpoch,
      startedAt,
    });
    if (request.release) {
      const { asset, codeHash } = model;
      await appendAssetState(session, { asset, state: "ok", message: null, codeHash, run: request.runId });
    }
    await dropTemporaries(session, model);
    return {
      result: { asset: model.asset, mode: mode.mode, reason: mode.reason, rows, changedRows },
      note: {
        author: model.asset,
        message: `${mode.mode === "rebuild" ? "rebuild" : "update"} ${model.asset}: ${changedRows} rows`,
        details: { runId: request.runId, asset: model.asset, mode: mode.mode, readSnapshot: read },
      },
    };
  });
  return { ...outcome, snapshot: await lastCommittedSnapshot(session) };
}

async function describeModel(session: Session, model: EnrichedModel): Promise<Column[]> {
  try {
    await session.execute(`CREATE OR REPLACE TEMP VIEW ${SELECTED} AS ${model.sql}`);
    const selected = await session.describe(`SELECT * FROM temp.${SELECTED}`);
    const items = storedItems(selected).join(", ");
    await session.execute(`CREATE OR REPLACE TEMP VIEW ${MODEL} AS SELECT ${items} FROM temp.${SELECTED}`);
    return storedColumns(selected);
  } catch (error) {
    throw asModelFault(model, error);
  }
}

/** Finds the keys to redo and shows only what is needed to redo them. A declared expression can fail like any SQL. */
async function redoTouched(
  session: Session,
  model: EnrichedModel,
  output: Column[],
  changed: ReadonlyMap<string, number>,
  until: number,
): Promise<void> {
  try {
    await collectTouchedKeys(session, model, output, changed, until);
    await showUpstreams(session, model, output);
  } catch (error) {
    throw asModelFault(model, error);
  }
}

/** Runs the SELECT into a temporary table; in an increment only the touched keys' rows of it count. */
async function computeFresh(
  session: Session,
  model: EnrichedModel,
  output: Column[],
  mode: Mode,
): Promise<void> {
  const restriction =
    mode.mode === "incremental"
      ? `WHERE ${inTouched(model.redoBy.map((name) => `o.${identifier(name)}`))}`
      : "";
  try {
    await session.execute(
      `CREATE OR REPLACE TEMP TABLE ${FRESH} AS
       SELECT ${identifiers(
         output.map((column) => column.name),
         "o",
       )} FROM temp.${MODEL} AS o ${restriction}`,
    );
  } catch (error) {
    throw asModelFault(model, error);
  }
}

/**
 * The fresh rows must differ in their keys, and, where the table's rows are known to be the model's (`knownRows`),
 * from the rows that stay: a merge would take one of those for its own.
 */
async function checkUniqueKey(session: Session, model: EnrichedModel, knownRows: boolean): Promise<void> {
  const { uniqueKey, redoBy } = model;
  if (uniqueKey.length === 0) return;
  let [duplicate] = await session.queryRaw(
    `SELECT ${identifiers(uniqueKey)} FROM ${FRESH} GROUP BY ALL HAVING count(*) > 1 LIMIT 1`,
  );
  if (!duplicate && knownRows && redoBy.some((name) => !uniqueKey.includes(name))) {
    const same = uniqueKey.map((name) => `t.${identifier(name)} IS NOT DISTINCT FROM n.${identifier(name)}`);
    const redone = inTouched(redoBy.map((name) => `t.${identifier(name)}`));
    [duplicate] = await session.queryRaw(
      `SELECT ${identifiers(uniqueKey, "t")} FROM ${lakeTable({ schema: "main", name: model.asset })} AS t
       JOIN ${FRESH} AS n ON (${same.join(" AND ")}) WHERE NOT ${redone} LIMIT 1`,
    );
  }
  if (duplicate) {
    throw new LotusError(
      "MODEL_FAILED",
      `${model.asset} (${model.file}): unique_key (${uniqueKey.join(", ")}) is not unique: ${JSON.stringify(duplicate)} comes more ` +
        "than once. Correct the model or its unique_key; nothing was written.",
    );
  }
}

async function dropTemporaries(session: Session, model: EnrichedModel): Promise<void> {
  await session.execute(`DROP VIEW IF EXISTS temp.${MODEL}; DROP VIEW IF EXISTS temp.${SELECTED}`);
  await dropUpstreamViews(session, model);
  await session.execute(`DROP TABLE IF EXISTS ${FRESH}; DROP TABLE IF EXISTS ${TOUCHED}`);
}

function asModelFault(model: EnrichedModel, error: unknown): unknown {
  if (error instanceof LotusError && (error.retryable || error.code === "CANCELLED")) return error;
  return modelFault(model.asset, model.file, error);
}
