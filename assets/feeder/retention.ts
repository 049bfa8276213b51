import { z } from "zod";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { identifier, literal } from "../../lake/sql.ts";
import { lakeTable, tableColumns } from "../../lake/tables.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import type { Stream } from "../definitions.ts";
import { isHeld } from "../holds.ts";
import { lastMaterialization } from "../materializations.ts";
import type { FeederContext } from "./feed-batch.ts";
import { landingGap } from "./landing-gap.ts";
import { mendLanding } from "./mend.ts";
import { hasUnpublished } from "./unpublished.ts";

export interface RetainRequest {
  runId: string;
  /** The time by which files are old; default: now. */
  now?: Date;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

export interface RetainOutcome {
  /** Files whose rows left landing. */
  files: number;
  rows: number;
  bytes: number;
  /** Files that are left for the next call. */
  remaining: number;
  /** Null when nothing was old. */
  snapshot: number | null;
}

/** A landed file that is older than its stream keeps. */
export interface OldFile {
  key: string;
  etag: string;
  /** Bytes of the raw object. */
  size: number;
  rows: number;
  /** The batch that fed it. */
  batch: string;
  /** Where landing reads it. */
  path: string;
  /** Its partition day, `YYYY-MM-DD`. */
  day: string;
}

export interface RetentionPlan {
  source: string;
  stream: string;
  /** Null: the stream keeps everything. */
  retentionMs: number | null;
  /** Why nothing is removed although something may be old; null: nothing is in the way. */
  blocked: string | null;
  files: number;
  rows: number;
  bytes: number;
  /** First to last partition day, each once. */
  days: string[];
  keys: string[];
}

/** What retention would take out of a stream's landing table now, in as many calls as it takes. */
export async function planRetention(session: Session, stream: Stream, now: Date): Promise<RetentionPlan> {
  const { files, blocked } = await findOld(session, stream, now);
  return {
    source: stream.source,
    stream: stream.stream,
    retentionMs: stream.feeder.retentionMs,
    blocked,
    ...total(files),
    days: [...new Set(files.map((file) => file.day))],
    keys: files.map((file) => file.key),
  };
}

/**
 * Takes the rows of old files out of landing, oldest first, as many files as a batch holds, in one snapshot with their
 * ledger: files whose partition day and whose feeding are both older than the stream keeps. The processed table
 * keeps what was made of them; their objects go when no kept snapshot needs them (lake/clean-up.ts).
 */
export async function retainLanding(context: FeederContext, request: RetainRequest): Promise<RetainOutcome> {
  return untilCommitted(context.lake, (session) => attemptRetention(context, request, session), {
    signal: request.signal,
    cure: (error) => mendLanding(context, error, request),
  });
}

async function attemptRetention(
  { stream, backlog }: FeederContext,
  { runId, now = new Date() }: RetainRequest,
  session: Session,
): Promise<RetainOutcome> {
  const asset = stream.processed.asset;
  const epoch = await readFence(session, asset);
  // The fence keeps what is planned here true until the commit.
  const { files, remaining } = await findOld(session, stream, now, stream.feeder.batchFiles);
  const removed = total(files);
  if (files.length === 0) return { ...removed, remaining, snapshot: null };
  const table = { schema: "staging", name: stream.landing.table } as const;
  const nextEpoch = await commitSnapshot(session, async () => {
    const paths = files.map((file) => literal(file.path)).join(", ");
    // Whole files: DuckLake lets go of a file when its last row is deleted.
    await session.execute(`DELETE FROM ${lakeTable(table)} WHERE filename IN (${paths})`);
    const result = await advanceFence(session, asset, epoch);
    await session.execute(ledgerSql(stream, files, result));
    return {
      result,
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: `retention: ${removed.files} files, ${removed.rows} rows out of ${table.name}`,
        details: { runId, asset, work: "retention", files: removed.files },
      },
    };
  });
  // A copy of the ledger that lags behind reads this like everything else it lacks.
  if (backlog.ledger.epoch === epoch) {
    backlog.ledger.advance(
      nextEpoch,
      files.map(({ key, etag }) => ({ key, etag, state: "removed" as const })),
    );
  }
  return { ...removed, remaining, snapshot: await lastCommittedSnapshot(session) };
}

const oldRow = z.object({
  key: z.string(),
  etag: z.string(),
  size: z.coerce.number(),
  rows: z.coerce.number(),
  batch: z.string(),
  path: z.string(),
  day: z.string(),
  found: z.coerce.number(),
});

/**
 * The files that are old, in the order of their days, and what keeps them from being removed.
 * @param atMost how many files at once; `remaining` counts the others.
 */
async function findOld(
  session: Session,
  stream: Stream,
  now: Date,
  atMost: number | null = null,
): Promise<{ files: OldFile[]; remaining: number; blocked: string | null }> {
  const none = { files: [], remaining: 0, blocked: null };
  const { retentionMs } = stream.feeder;
  if (retentionMs === null) return none;
  const limit = new Date(now.getTime() - retentionMs);
  const overwrites = stream.destinationSyncMode === "overwrite";
  const old = await session.query(oldRow, oldSql(stream, limit, overwrites ? null : atMost));
  if (old.length === 0) return none;
  const blocked = await whyNot(session, stream);
  if (blocked !== null) return { ...none, blocked };
  if (!overwrites) return { files: old, remaining: (old[0]?.found ?? 0) - old.length, blocked };
  const shown = await filesShown(session, stream, old);
  const hidden = old.filter((file) => !shown.has(file.path));
  const files = hidden.slice(0, atMost ?? hidden.length);
  return { files, remaining: hidden.length - files.length, blocked };
}

// The day as the path has it, which need not be padded; the ledger holds nothing whose path has none.
function oldSql({ source, stream }: Stream, limit: Date, atMost: number | null): string {
  return `
    WITH dated AS (
      SELECT key, etag, size, rows, batch, registered_path AS path, TRY_CAST(regexp_replace(key,
        '^.*/year=(\\d{4})/month=(\\d{1,2})/day=(\\d{1,2})/[^/]+$', '\\1-\\2-\\3', 's') AS DATE) AS day
      FROM lakehouse.meta.feeder_files
      WHERE source = ${literal(source)} AND stream = ${literal(stream)} AND state = 'fed'
        AND recorded_at < TIMESTAMPTZ ${literal(limit.toISOString())}
    ), old AS MATERIALIZED (FROM dated WHERE day < DATE ${literal(limit.toISOString().slice(0, 10))})
    SELECT * REPLACE (strftime(day, '%Y-%m-%d') AS day), (SELECT count(*) FROM old) AS found FROM old
    ORDER BY old.day, key
    ${atMost === null ? "" : `LIMIT ${literal(atMost)}`}`;
}

/** Why landing must be left as it is for now: something has yet to be made from all of it. */
async function whyNot(session: Session, stream: Stream): Promise<string | null> {
  const { asset, codeHash, head } = stream.processed;
  if (await isHeld(session, asset)) return `${asset} is held: its release reads landing`;
  const last = await lastMaterialization(session, asset);
  const changed = last !== null && last.codeHash !== codeHash && head.on_code_change !== "keep";
  if (changed && (await landingGap(session, stream)) === null) {
    return `${asset} is to be rebuilt from landing: its model changed`;
  }
  return (await hasUnpublished(session, stream)) ? `${asset} does not show yet what was fed last` : null;
}

const GENERATION = "_airbyte_generation_id";
const pathRow = z.object({ path: z.string() });

/** Those of the files that hold rows of the newest generation, which is the one that is shown. */
async function filesShown(
  session: Session,
  stream: Stream,
  files: readonly OldFile[],
): Promise<ReadonlySet<string>> {
  const table = { schema: "staging", name: stream.landing.table } as const;
  const columns = await tableColumns(session, table);
  // Without generations everything is shown.
  if (!columns?.some((column) => column.name.toLowerCase() === GENERATION)) {
    return new Set(files.map((file) => file.path));
  }
  const generation = identifier(GENERATION);
  const paths = files.map((file) => literal(file.path)).join(", ");
  const rows = await session.query(
    pathRow,
    `SELECT DISTINCT filename AS path FROM ${lakeTable(table)} WHERE filename IN (${paths})
       AND ${generation} IS NOT DISTINCT FROM (SELECT max(${generation}) FROM ${lakeTable(table)})`,
  );
  return new Set(rows.map((row) => row.path));
}

function total(files: readonly OldFile[]): Pick<RetentionPlan, "files" | "rows" | "bytes"> {
  return {
    files: files.length,
    rows: files.reduce((rows, file) => rows + file.rows, 0),
    bytes: files.reduce((bytes, file) => bytes + file.size, 0),
  };
}

function ledgerSql({ source, stream }: Stream, files: readonly OldFile[], epoch: number): string {
  const rows = files.map((file) => {
    const values = [source, stream, file.key, file.etag].map((value) => literal(value));
    const rest = [
      literal(file.size),
      literal(file.rows),
      literal(file.batch),
      "'removed'",
      literal(file.path),
    ];
    return `(${[...values, ...rest, literal(epoch), "now()"].join(", ")})`;
  });
  return `INSERT INTO lakehouse.meta.feeder_file_log VALUES ${rows.join(", ")}`;
}
