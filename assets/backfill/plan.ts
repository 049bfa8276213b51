import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import { listObjects } from "../../sensors/listing.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";
import { dayOf, rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import type { Project, Stream } from "../definitions.ts";
import { rebuildGap } from "../feeder/rebuild.ts";
import { heldAssets } from "../holds.ts";
import { cutChunks, isWithin } from "./chunks.ts";
import type { PlannedChunk } from "./record.ts";
import type { BackfillRequest } from "./request.ts";
import { resolveTargets, whyWhole } from "./targets.ts";

/** What a backfill would do to one table. */
export interface TargetPlan {
  asset: string;
  stream: Stream | null;
  /** First and last partition day of its files; null where the whole table is rebuilt, or there are none. */
  from: string | null;
  to: string | null;
  days: number;
  files: number;
  bytes: number;
  chunks: PlannedChunk[];
  /** Why it would fail as things stand; null: nothing is in the way. */
  obstacle: string | null;
  /** Why it is done otherwise than it was asked for; null: it is not. */
  note: string | null;
}

export interface BackfillPlan {
  /** Upstream first. */
  targets: TargetPlan[];
  /** Assets that follow by themselves. */
  downstream: string[];
}

/**
 * Says what a request would do, as things stand; changes nothing.
 * @throws LotusError BACKFILL_REFUSED, NOT_FOUND
 */
export async function planBackfill(
  parts: { session: Session; store: ObjectStore; project: Project },
  request: BackfillRequest,
): Promise<BackfillPlan> {
  const { streams, models, downstream } = resolveTargets(parts.project, request);
  const held = await heldAssets(parts.session);
  const hold = (asset: string) =>
    held.has(asset) ? `${asset} is held until \`lotus release ${asset}\` lets it go on` : null;
  const targets: TargetPlan[] = [];
  for (const stream of streams) {
    const { asset } = stream.processed;
    const note = whyWhole(stream, request);
    if (request.mode === "rebuild" || note !== null) {
      const gap = await rebuildGap(parts.session, stream);
      const loss = gap && `landing no longer holds ${gap.files} of the files that were fed`;
      targets.push({ ...wholeTable(asset, stream, hold(asset) ?? loss), note });
      continue;
    }
    const find = request.mode === "refeed" ? findRestored : findLanded;
    const files = (await find(parts, stream)).filter(({ place }) =>
      isWithin(place, request.from, request.to),
    );
    const chunks = cutChunks(files, stream.feeder);
    const days = [...new Set(files.map(({ place }) => dayOf(place)))].sort();
    targets.push({
      asset,
      stream,
      from: days[0] ?? null,
      to: days.at(-1) ?? null,
      days: days.length,
      files: files.length,
      bytes: files.reduce((bytes, file) => bytes + file.size, 0),
      chunks: chunks.map((piece) => ({ asset, files: piece })),
      obstacle: hold(asset),
      note,
    });
  }
  targets.push(...models.map(({ asset }) => wholeTable(asset, null, hold(asset))));
  return { targets, downstream };
}

function wholeTable(asset: string, stream: Stream | null, obstacle: string | null): TargetPlan {
  const chunks = [{ asset, files: null }];
  return { asset, stream, from: null, to: null, days: 0, files: 0, bytes: 0, chunks, obstacle, note: null };
}

/** A file of the ledger, with the place that its key says. */
export interface LedgerFile extends WaitingFile {
  /** Where landing reads it, or read it. */
  path: string;
}

const fileRow = z.object({
  key: z.string(),
  etag: z.string(),
  size: z.coerce.number(),
  path: z.string(),
});

/** A stream's files whose rows are in landing, or were until retention removed them. */
export async function ledgerFiles(
  session: Session,
  { source, stream }: Stream,
  state: "fed" | "removed",
): Promise<LedgerFile[]> {
  const rows = await session.query(
    fileRow,
    `SELECT key, etag, size, registered_path AS path FROM lakehouse.meta.feeder_files
     WHERE source = ${literal(source)} AND stream = ${literal(stream)} AND state = ${literal(state)} AND rows > 0`,
  );
  const prefix = rawPrefix(source, stream);
  return rows.flatMap((row) => {
    const place = readPlace(prefix, row.key);
    return "reason" in place ? [] : [{ ...row, place }];
  });
}

function findLanded({ session }: { session: Session }, stream: Stream): Promise<LedgerFile[]> {
  return ledgerFiles(session, stream, "fed");
}

/** Files that retention removed and that S3 holds again as they were. Others than those, the feeder feeds by itself. */
async function findRestored(
  { session, store }: { session: Session; store: ObjectStore },
  stream: Stream,
): Promise<LedgerFile[]> {
  const removed = new Map((await ledgerFiles(session, stream, "removed")).map((file) => [file.key, file]));
  const restored: LedgerFile[] = [];
  if (removed.size === 0) return restored;
  for await (const page of listObjects(store, rawPrefix(stream.source, stream.stream), null)) {
    for (const { key, etag } of page) {
      const file = removed.get(key);
      if (file?.etag === etag) restored.push(file);
    }
  }
  return restored;
}
