import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { advanceFence, checkFence } from "../../lake/fence.ts";
import { unregisterFiles } from "../../lake/registrations.ts";
import type { Session } from "../../lake/session.ts";
import { currentSnapshot, lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { literal } from "../../lake/sql.ts";
import { lakeTable, tableColumns } from "../../lake/tables.ts";
import { commitSnapshot } from "../../lake/transaction.ts";
import type { ChangedObjects } from "../../sensors/backlog.ts";
import { nextBatchLength, type WaitingFile } from "../../sensors/batch-plan.ts";
import { findGone } from "../../sensors/listing.ts";
import type { Column, Stream } from "../definitions.ts";
import { recordMaterialization } from "../materializations.ts";
import { ledgerSql, readCursorKey, summarise } from "./batch-record.ts";
import type { FeederContext, FeedOutcome, FeedRequest } from "./feed-batch.ts";
import { FilesAtFault, landFiles, mergeFiles } from "./land-files.ts";
import { readFilesSql, reconcileLanding } from "./landing.ts";
import { landingGap } from "./landing-gap.ts";
import { prepareFiles } from "./prepare.ts";
import { findUnreadable, readEverythingSql } from "./probe.ts";
import { freeRows } from "./processed.ts";
import type { InspectedFile, RejectedFile } from "./raw-files.ts";
import { rewriteProcessed } from "./rewrite.ts";

/**
 * Objects that were overwritten or deleted after they were fed. Their old registrations make landing unreadable, so
 * that they are dealt with before anything else, all of them in one snapshot: the old registrations leave landing,
 * what lies under the keys now comes in as copies, and the processed table becomes what a rebuild from landing gives.
 * Of a deleted object the processed table keeps the rows.
 *
 * The registrations go first, in a transaction of their own: DuckLake can neither read nor delete them. A crash in
 * between leaves a landing table that can be read and lacks their rows; the next attempt finds the same objects.
 */

/** How the processed table follows. */
type Manner =
  /** It is made anew from landing. */
  | "rebuild"
  /** Landing has lost other files: the new rows are merged and win over equal versions, older rows stay. */
  | "merge"
  /** Not now: it is published when the stream's backlog is drained, or rebuilt when it is released. */
  | "later";

interface Plan {
  epoch: number;
  cursorKey: string | null;
  startedAt: Date;
  atFault: ReadonlyMap<string, RejectedFile>;
  /** Whether the processed table is held, and must stay as it is. */
  held: boolean;
}

/**
 * Deals with the objects that the backlog knows to have changed.
 * @returns null when there are none, or none any more: nothing was written.
 * @throws LotusError MODEL_FAILED when the stream's model is at fault.
 */
export async function replaceChanged(
  context: FeederContext,
  request: FeedRequest,
  session: Session,
  plan: Plan,
): Promise<FeedOutcome | null> {
  const { stream, store, backlog } = context;
  const { asset } = stream.processed;
  const changed = await backlog.changed();
  if (changed.overwritten.length + changed.lost.length === 0) return null;
  const lost = await findGone(store, changed.lost);
  const back = changed.lost.filter((key) => !lost.includes(key));
  backlog.forget(back.map((key) => ({ key })));
  const { manner, landing, rejected, added } = await plannedFiles(context, session, plan, changed, lost);
  if (landing.length + rejected.length + lost.length === 0) return null;

  const keys = [...[...landing, ...rejected].map((file) => file.key), ...lost];
  const { copies, unreadable } = await findCopies(context, session, keys);
  await checkFence(session, asset, plan.epoch);
  backlog.ledger.markUnregistered(keys);
  await unregisterFiles(session, [...keys.map((key) => store.url(key)), ...unreadable]);
  const committed = await commitSnapshot(session, async () => {
    const read = await currentSnapshot(session);
    const columns = await reconcileLanding(session, stream, added);
    await landFiles(context, session, landing, added);
    const rebuilt = await readingLanding(context, changed, landing, async () => {
      await deleteCopies(session, stream, copies);
      if (landing.length === 0 || manner === "merge") return null;
      if (manner === "rebuild") return rebuild(context, session, columns);
      // So that nothing unreadable waits for its turn.
      await session.execute(readEverythingSql(`(${readFilesSql(landing, columns)})`));
      return null;
    });
    if (landing.length > 0 && manner === "merge") await mergeFiles(context, session, landing, columns, "new");
    await freeRows(session, stream);
    const epoch = await advanceFence(session, asset, plan.epoch);
    const batch = summarise(context, landing, rejected, plan.cursorKey, [
      ...lost,
      ...rejected.map((file) => file.key),
    ]);
    await session.execute(ledgerSql(request, stream, batch, epoch, plan.startedAt));
    if (rebuilt) {
      await recordMaterialization(session, {
        asset,
        upstreamSnapshots: { [stream.landing.table]: read },
        codeHash: stream.processed.codeHash,
        mode: "rebuild",
        reason: "files were overwritten",
        ...rebuilt,
        run: request.runId,
        epoch,
        startedAt: plan.startedAt,
      });
    }
    return {
      result: batch,
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: describe(stream, landing.length, rejected.length, lost.length),
        details: {
          work: landing.length > 0 ? "replace" : "lost",
          runId: request.runId,
          batchId: request.batchId,
          asset,
          quarantined: rejected.length,
          lost: lost.length,
        },
      },
    };
  });
  await backlog.ledger.refresh(session);
  const next = await backlog.next(stream.feeder);
  const left = await backlog.changed();
  return {
    batchId: request.batchId,
    files: committed.fed.length,
    rows: committed.rows,
    bytes: committed.bytes,
    quarantined: rejected.length,
    replaced: landing.length,
    lost: lost.length,
    remaining:
      next.files.length + next.misplaced.length + next.remaining + left.overwritten.length + left.lost.length,
    snapshot: await lastCommittedSnapshot(session),
  };
}

function describe({ landing }: Stream, replaced: number, setAside: number, lost: number): string {
  const parts = [
    ...(replaced > 0 ? [`replace ${replaced} overwritten files`] : []),
    ...(setAside > 0 ? [`set ${setAside} overwritten files aside`] : []),
    ...(lost > 0 ? [`take out ${lost} deleted files`] : []),
  ];
  return `${parts.join(", ")}: ${landing.table}`;
}

/** Decides how the processed table follows, and makes the overwriting objects ready to come in. */
async function plannedFiles(
  context: FeederContext,
  session: Session,
  plan: Plan,
  { overwritten }: ChangedObjects,
  lost: readonly string[],
): Promise<{ manner: Manner; landing: InspectedFile[]; rejected: RejectedFile[]; added: Column[] }> {
  const { stream, backlog } = context;
  const later = plan.held || stream.destinationSyncMode === "overwrite";
  const keyed = stream.processed.uniqueKey.length > 0;
  /** Whether landing holds all that was fed once these files are in it. */
  const completeWith = async (files: readonly WaitingFile[]) =>
    lost.length === 0 && (await landingGap(session, stream, new Set(files.map((file) => file.key)))) === null;
  const rebuilds = !later && (await completeWith(overwritten));
  if (!later && !rebuilds && !keyed) {
    const rejected = overwritten.map((file) => ({ ...file, reason: UNMERGEABLE }));
    return { manner: "merge", landing: [], rejected, added: [] };
  }
  // A rebuild reads all of landing: no old registration may stay. Whatever else is as large as a batch at most.
  const length = nextBatchLength(overwritten, backlog.appetite.limits(stream.feeder));
  const files = rebuilds ? overwritten : overwritten.slice(0, length);
  // A rebuild does not need less memory with fewer of the files.
  backlog.appetite.take(rebuilds ? files.slice(0, 1) : files);
  const prepared = await prepareFiles(context, session, files, plan.atFault);
  if (later) return { manner: "later", ...prepared };
  // What was set aside, or is gone by now, is missing.
  if (rebuilds && prepared.rejected.length === 0 && (await completeWith(prepared.landing)))
    return { manner: "rebuild", ...prepared };
  if (keyed) return { manner: "merge", ...prepared };
  const { landing, rejected, added } = prepared;
  return {
    manner: "merge",
    landing: [],
    rejected: [...rejected, ...landing.map((file) => ({ ...file, reason: UNMERGEABLE }))],
    added,
  };
}

const UNMERGEABLE =
  "overwritten after it was fed, while landing lacks other files that were fed: without a key, the rows that it " +
  "replaces cannot be told from theirs; land the changed data under a new key";

async function rebuild(
  context: FeederContext,
  session: Session,
  landing: Column[],
): Promise<{ rows: number; changedRows: number }> {
  const { asset } = context.stream.processed;
  const present = await tableColumns(session, { schema: "main", name: asset });
  return rewriteProcessed(session, context, { landing, present, keepOlder: false });
}

const pathRow = z.object({ registered_path: z.string() });

/** The copies that landing reads for these keys; and those among them that S3 does not hold any more. */
async function findCopies(
  { store, stream }: FeederContext,
  session: Session,
  keys: readonly string[],
): Promise<{ copies: string[]; unreadable: string[] }> {
  const base = store.url("");
  const rows = await session.query(
    pathRow,
    `SELECT registered_path FROM lakehouse.meta.feeder_files
     WHERE source = ${literal(stream.source)} AND stream = ${literal(stream.stream)} AND state = 'fed'
       AND key IN (${keys.map((key) => literal(key)).join(", ")})
       AND registered_path <> concat(${literal(base)}, key)`,
  );
  const paths = rows.map((row) => row.registered_path);
  const gone = new Set(
    await findGone(
      store,
      paths.map((path) => path.slice(base.length)),
    ),
  );
  const isGone = (path: string) => gone.has(path.slice(base.length));
  return { copies: paths.filter((path) => !isGone(path)), unreadable: paths.filter(isGone) };
}

/** A copy is the lake's own and can be read, so that its rows are deleted as any others are. */
async function deleteCopies(session: Session, stream: Stream, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const table = lakeTable({ schema: "staging", name: stream.landing.table });
  const list = paths.map((path) => literal(path)).join(", ");
  await session.execute(`DELETE FROM ${table} WHERE filename IN (${list})`);
}

/**
 * Runs work that reads landing. When it fails because further objects changed, or one of the new ones cannot be read,
 * the batch is planned again with them.
 */
async function readingLanding<T>(
  context: FeederContext,
  changed: ChangedObjects,
  files: readonly InspectedFile[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FilesAtFault || !mayBeUnreadable(error)) throw error;
    const known = new Set([...changed.overwritten.map(({ key, etag }) => `${etag} ${key}`), ...changed.lost]);
    const now = await findChangedObjects(context);
    const more =
      now.overwritten.some(({ key, etag }) => !known.has(`${etag} ${key}`)) ||
      now.lost.some((key) => !known.has(key));
    const culprits = await findUnreadable(context.lake, files);
    if (more || culprits.rejected.length + culprits.vanished.length > 0) throw new FilesAtFault(culprits);
    throw error;
  }
}

/** Lists everything, to see what changed after it was fed. */
export async function findChangedObjects({
  lake,
  store,
  stream,
  backlog,
}: FeederContext): Promise<ChangedObjects> {
  await lake.withSession(async (session) => {
    const cursorKey = await readCursorKey(session, store, stream);
    await backlog.scan(session, { cursorKey, whole: true });
  });
  return backlog.changed();
}

/**
 * Whether an error of a statement that read landing may come from an object that is not as it was registered. What
 * looks like S3 being away may be an answer that DuckDB did not expect: listing tells.
 */
export function mayBeUnreadable(error: unknown): boolean {
  return error instanceof LotusError && MAY_BE_UNREADABLE.has(error.code);
}

const MAY_BE_UNREADABLE = new Set<string>(["NOT_FOUND", "S3_UNREACHABLE", "QUERY_FAILED", "MODEL_FAILED"]);
