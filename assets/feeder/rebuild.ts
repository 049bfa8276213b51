import { z } from "zod";
import { isModelFault } from "../../lake/faults.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { currentSnapshot, lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { identifier } from "../../lake/sql.ts";
import { lakeTable, tableColumns } from "../../lake/tables.ts";
import { commitSnapshot, mayPlanAgain } from "../../lake/transaction.ts";
import type { Stream } from "../definitions.ts";
import { recordMaterialization } from "../materializations.ts";
import { modelFault } from "../model-fault.ts";
import { replaceRows } from "../replace-rows.ts";
import { shapeTable } from "../shape-table.ts";
import type { FeederContext } from "./feed-batch.ts";
import { readLandingSql, reconcileLanding } from "./landing.ts";
import { checkUniqueKey, freeRows, keepRows, type ModelRows, modelRows } from "./processed.ts";

export interface RebuildRequest {
  runId: string;
  /** Why, for the record: `the model changed`, `asked for`, `generation 7 is complete`. */
  reason: string;
  signal?: AbortSignal;
}

export interface RebuildOutcome {
  asset: string;
  rows: number;
  changedRows: number;
  snapshot: number;
}

const GENERATION = "_airbyte_generation_id";
const rowsRow = z.object({ rows: z.coerce.number() });

/**
 * Makes a stream's processed table equal to its model over what landing holds, in place and in one snapshot; only
 * rows that differ are written. For an `overwrite` stream that means the newest generation: this is how it is
 * published once its backlog is drained, and an older generation that lands later changes nothing.
 * @throws LotusError MODEL_FAILED when the SQL is at fault.
 */
export async function rebuildProcessed(
  context: FeederContext,
  request: RebuildRequest,
): Promise<RebuildOutcome> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await context.lake.withSession(
        (session) => attemptRebuild(context, request, session),
        request.signal,
      );
    } catch (error) {
      if (!mayPlanAgain(error, attempt)) throw error;
    }
  }
}

async function attemptRebuild(
  { stream, model }: FeederContext,
  request: RebuildRequest,
  session: Session,
): Promise<RebuildOutcome> {
  const startedAt = new Date();
  const table = { schema: "main", name: stream.processed.asset } as const;
  const epoch = await readFence(session, table.name);
  const outcome = await commitSnapshot(session, async () => {
    const read = await currentSnapshot(session);
    const landing = await reconcileLanding(session, stream);
    const present = await tableColumns(session, table);
    let made: ModelRows;
    try {
      const source = rebuildSource(stream, landing);
      made = await keepRows(session, await modelRows(session, stream, model, source, landing));
      if (stream.processed.head.unique_key) await checkUniqueKey(session, stream, made);
    } catch (error) {
      if (!isModelFault(error)) throw error;
      throw modelFault(table.name, stream.processed.file, error);
    }
    await shapeTable(session, table, stream.processed.head, present, made.columns);
    const changedRows = await replaceRows(session, {
      table,
      fresh: made.relation,
      columns: made.columns.map((column) => column.name),
      key: stream.processed.uniqueKey,
    });
    await freeRows(session, stream);
    const { rows } = await session.queryOne(rowsRow, `SELECT count(*) AS rows FROM ${lakeTable(table)}`);
    const nextEpoch = await advanceFence(session, table.name, epoch);
    await recordMaterialization(session, {
      asset: table.name,
      upstreamSnapshots: { [stream.landing.table]: read },
      codeHash: stream.processed.codeHash,
      mode: "rebuild",
      reason: request.reason,
      rows,
      changedRows,
      run: request.runId,
      epoch: nextEpoch,
      startedAt,
    });
    return {
      result: { asset: table.name, rows, changedRows },
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: `rebuild ${table.name}: ${changedRows} rows (${request.reason})`,
        details: { runId: request.runId, asset: table.name, mode: "rebuild", readSnapshot: read },
      },
    };
  });
  return { ...outcome, snapshot: await lastCommittedSnapshot(session) };
}

function rebuildSource(stream: Stream, landing: { name: string; type: string }[]): string {
  const all = readLandingSql(stream, landing);
  if (stream.destinationSyncMode !== "overwrite") return all;
  const source = lakeTable({ schema: "staging", name: stream.landing.table });
  return `${all} WHERE ${identifier(GENERATION)} IS NOT DISTINCT FROM
    (SELECT max(${identifier(GENERATION)}) FROM ${source})`;
}

/**
 * Creates a stream's tables and fence where they are missing, and records the code that the processed table is
 * made with from its first row on. Safe to repeat.
 */
export async function createStreamTables(context: FeederContext): Promise<void> {
  const { lake, stream } = context;
  const table = { schema: "main", name: stream.processed.asset } as const;
  await lake.withSession(async (session) => {
    const landing = await tableColumns(session, { schema: "staging", name: stream.landing.table });
    const processed = await tableColumns(session, table);
    if (landing !== null && processed !== null) return;
    await rebuildProcessed(context, { runId: "landing_tables", reason: "created" });
  });
}
