import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import type { Stream } from "../definitions.ts";
import { suggestion } from "../findings.ts";
import { refuseHeld } from "../holds.ts";
import { feederAssetKey } from "../names.ts";
import { readCursorKey } from "./batch-record.ts";
import type { FeederContext } from "./feed-batch.ts";

export interface QuarantineRequest {
  /** `retry`: the files wait to be fed again; `drop`: they are known from now on, and never fed as they are. */
  action: "retry" | "drop";
  /** An object's key; null: every file of the stream that is set aside. */
  key: string | null;
  runId: string;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

/** A file that is set aside. */
export interface QuarantineEntry {
  key: string;
  etag: string;
  /** Bytes. */
  size: number;
  reason: string;
}

type StreamName = Pick<Stream, "source" | "stream">;

const entryRow = z.object({
  key: z.string(),
  etag: z.string(),
  size: z.coerce.number(),
  reason: z.string(),
});
const keyRow = z.object({ key: z.string() });

/** What becomes of an entry. */
const NEXT = { retry: "released", drop: "dropped" } as const;

/**
 * Takes files out of a stream's quarantine, in one snapshot under the stream's fence. Repeating it changes nothing
 * more. A file that waits again and is still bad is set aside anew when it is fed; one that was dropped and then
 * overwritten waits again by itself.
 * @returns how many entries changed.
 * @throws LotusError NOT_FOUND when nothing is set aside under that key, with those that are; ASSET_HELD.
 */
export async function changeQuarantine(
  context: FeederContext,
  request: QuarantineRequest,
): Promise<{ entries: number }> {
  return untilCommitted(context.lake, (session) => attemptChange(context, request, session), request);
}

async function attemptChange(
  { stream, backlog, store }: FeederContext,
  { action, key, runId }: QuarantineRequest,
  session: Session,
): Promise<{ entries: number }> {
  const { asset } = stream.processed;
  const epoch = await readFence(session, asset);
  await refuseHeld(session, asset);
  const entries = (await alreadyDone(session, stream, key, action))
    ? 0
    : (await waitingEntries(session, stream, key)).length;
  if (entries > 0) {
    await commitSnapshot(session, async () => {
      const nextEpoch = await advanceFence(session, asset, epoch);
      await session.execute(`
        INSERT INTO lakehouse.meta.quarantine_log
        SELECT source, stream, key, etag, size, reason, ${literal(NEXT[action])}, ${literal(nextEpoch)}, now()
        FROM lakehouse.meta.quarantine WHERE ${which(stream, key)}`);
      const details = { runId, asset, work: "quarantine", entries };
      const message = `${action} ${entries} files set aside`;
      return {
        result: null,
        note: { author: feederAssetKey(stream.source, stream.stream), message, details },
      };
    });
  }
  if (action === "retry") {
    // What waits again may lie before the place where the next listing starts.
    await backlog.ledger.refresh(session);
    const cursorKey = await readCursorKey(session, store, stream);
    await backlog.scan(session, { cursorKey, whole: true });
  }
  return { entries };
}

/**
 * The files of a stream that are set aside, or the one under `key`.
 * @throws LotusError NOT_FOUND when there is none under `key`, with keys that are near.
 */
export async function waitingEntries(
  session: Session,
  stream: StreamName,
  key: string | null,
): Promise<QuarantineEntry[]> {
  const entries = await session.query(
    entryRow,
    `SELECT key, etag, size, reason FROM lakehouse.meta.quarantine WHERE ${which(stream, key)} ORDER BY key`,
  );
  if (key === null || entries.length > 0) return entries;
  const others = await session.query(
    keyRow,
    `SELECT key FROM lakehouse.meta.quarantine WHERE ${which(stream, null)} ORDER BY key`,
  );
  throw new LotusError(
    "NOT_FOUND",
    `${stream.source}/${stream.stream} has no file set aside under ${key}.${near(
      key,
      others.map((entry) => entry.key),
    )}`,
  );
}

/** Whether the log's last word on the key is what is asked for: an earlier attempt may have committed. */
async function alreadyDone(
  session: Session,
  stream: StreamName,
  key: string | null,
  action: QuarantineRequest["action"],
): Promise<boolean> {
  if (key === null) return false;
  const [last] = await session.queryRaw(
    `SELECT state FROM lakehouse.meta.quarantine_log WHERE ${which(stream, key)} ORDER BY epoch DESC LIMIT 1`,
  );
  return last?.state === NEXT[action];
}

function which({ source, stream }: StreamName, key: string | null): string {
  const ofStream = `source = ${literal(source)} AND stream = ${literal(stream)}`;
  return key === null ? ofStream : `${ofStream} AND key = ${literal(key)}`;
}

const SHOWN = 3;

/** What to tell somebody who named a key that is not among these. */
function near(key: string, keys: readonly string[]): string {
  if (keys.length === 0) return " None of its files is.";
  const likely = suggestion(key, keys);
  if (likely !== "") return likely;
  const alike = keys.filter((candidate) => candidate.includes(key));
  const shown = (alike.length > 0 ? alike : keys).slice(0, SHOWN).join(", ");
  const more = keys.length > SHOWN ? " and others; list them with `lotus quarantine list`" : "";
  return ` Set aside are ${shown}${more}.`;
}
