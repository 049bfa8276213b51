import pLimit from "p-limit";
import { memoryLimit } from "../../lake/memory.ts";
import type { Session } from "../../lake/session.ts";
import { missingColumns, tableColumns } from "../../lake/tables.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";
import type { Column } from "../definitions.ts";
import type { FeederContext } from "./feed-batch.ts";
import { fitFiles } from "./fit.ts";
import { type FirstLook, lookAtFooters, type SoundFile } from "./footers.ts";
import { convertFile, readablePath } from "./own-copies.ts";
import { chooseCaching, type InspectedFile, inspectFiles, type RejectedFile } from "./raw-files.ts";

/** Files that are ready to be registered, and those that are not. */
export interface PreparedFiles {
  /** Under the paths by which they are registered: their own, or those of copies. */
  landing: InspectedFile[];
  rejected: RejectedFile[];
  /** Columns that the files bring anew. */
  added: Column[];
}

const COPIES_AT_ONCE = 16;

/**
 * Reads the files' footers, and copies or converts those that cannot be registered as they lie. Those `atFault` are
 * rejected without a look; those that S3 does not hold any more as they were listed are forgotten.
 * `lookedAt` are files whose footers were looked at before, by key.
 */
export async function prepareFiles(
  { store, stream, backlog }: FeederContext,
  session: Session,
  files: readonly WaitingFile[],
  atFault: ReadonlyMap<string, RejectedFile>,
  lookedAt: ReadonlyMap<string, SoundFile> = new Map(),
): Promise<PreparedFiles> {
  const limit = pLimit(COPIES_AT_ONCE);
  const waiting = files.filter((file) => !atFault.has(file.key));
  const first = await lookFirst(store, session, waiting, lookedAt);
  const located = await Promise.all(
    first.sound.map((file) =>
      limit(async () => ({
        ...file,
        path: await readablePath(store, stream, file, backlog.sawOther(file.key)),
      })),
    ),
  );
  const readable = located.flatMap(({ path, ...file }) => (path === null ? [] : [{ ...file, path }]));
  await chooseCaching(session, readable);
  const { inspected, rejected, vanished } = await inspectFiles(session, readable);
  backlog.forget([...first.vanished, ...vanished, ...located.filter((file) => file.path === null)]);
  const present = (await tableColumns(session, { schema: "staging", name: stream.landing.table })) ?? [];
  const declared = [...present, ...missingColumns(stream.landing.columns, present)];
  const fit = fitFiles(inspected, declared, stream.feeder.onNewColumn);
  const landing: InspectedFile[] = [...fit.register];
  rejected.push(...first.rejected, ...fit.rejected, ...files.flatMap((file) => atFault.get(file.key) ?? []));
  for (const { file, misfits } of fit.convert) {
    const converted = await convertFile(session, store, stream, file, misfits);
    if ("reason" in converted) rejected.push(converted);
    else landing.push(converted);
  }
  // A file that is set aside brings no column.
  const brought = landing.flatMap((file) => file.columns);
  const added = fit.added.filter((column) => missingColumns([column], brought).length === 0);
  return { landing, rejected, added };
}

async function lookFirst(
  store: ObjectStore,
  session: Session,
  files: readonly WaitingFile[],
  lookedAt: ReadonlyMap<string, SoundFile>,
): Promise<FirstLook> {
  const before = (file: WaitingFile) => {
    const seen = lookedAt.get(file.key);
    return seen?.etag === file.etag ? seen : undefined;
  };
  const unseen = files.filter((file) => !before(file));
  const look = await lookAtFooters(store, unseen, await memoryLimit(session));
  const sound = new Map(look.sound.map((file) => [file.key, file]));
  return { ...look, sound: files.flatMap((file) => sound.get(file.key) ?? before(file) ?? []) };
}
