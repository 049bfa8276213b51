import { LotusError } from "../../common/errors.ts";
import { isContentFault, isInternalFault, isModelFault } from "../../lake/faults.ts";
import type { Session } from "../../lake/session.ts";
import type { Column } from "../definitions.ts";
import { modelFault } from "../model-fault.ts";
import type { FeederContext } from "./feed-batch.ts";
import { readFilesSql, registerFiles } from "./landing.ts";
import {
  type Culprits,
  findTooLarge,
  findUnreadable,
  findUnregistrable,
  readEverythingSql,
} from "./probe.ts";
import {
  checkUniqueKey,
  keepMoreRows,
  keepRows,
  mergeRows,
  modelRows,
  partSql,
  type Ties,
} from "./processed.ts";
import { type InspectedFile, isMissing } from "./raw-files.ts";

/** Raised inside an attempt when registering or reading found files at fault; the next attempt goes without them. */
export class FilesAtFault extends Error {
  readonly culprits: Culprits;

  constructor(culprits: Culprits) {
    super(`${culprits.rejected.length + culprits.vanished.length} files at fault`);
    this.culprits = culprits;
  }
}

/** Registers the batch's files. Those that the lake refuses are found one by one. */
export async function landFiles(
  context: FeederContext,
  session: Session,
  files: InspectedFile[],
  added: readonly Column[],
): Promise<void> {
  const { stream, lake } = context;
  try {
    await registerFiles(
      session,
      stream,
      files.map((file) => file.path),
    );
  } catch (error) {
    if (!isMissing(error) && !isContentFault(error) && !isInternalFault(error)) throw error;
    const culprits = await findUnregistrable(lake, stream, files, added);
    if (culprits.rejected.length + culprits.vanished.length > 0) throw new FilesAtFault(culprits);
    throw error;
  }
}

/**
 * Runs the model over the batch's rows and merges them. A failure is put down to the files or to the model. The rows
 * of an `overwrite` stream are read to the end only, so that nothing unreadable waits for their publication.
 * @returns how many rows were inserted or updated.
 */
export async function mergeFiles(
  context: FeederContext,
  session: Session,
  files: InspectedFile[],
  landing: Column[],
  ties: Ties = "present",
): Promise<number> {
  const { stream } = context;
  const source = readFilesSql(files, landing);
  try {
    if (stream.destinationSyncMode === "overwrite") {
      await session.execute(readEverythingSql(`(${source})`));
      return 0;
    }
    return await mergeSource(context, session, source, landing, ties);
  } catch (error) {
    const last = context.backlog.appetite.isSmallest(stream.primaryKey.length > 0);
    const tooLarge = await findTooLarge(context.lake, files, error, { last });
    if (tooLarge.length > 0) throw new FilesAtFault({ rejected: tooLarge, vanished: [] });
    if (error instanceof LotusError && (error.retryable || error.code === "CANCELLED")) throw error;
    const culprits = await findUnreadable(context.lake, files);
    if (culprits.rejected.length + culprits.vanished.length > 0) throw new FilesAtFault(culprits);
    if (!isModelFault(error)) throw error;
    throw modelFault(stream.processed.asset, stream.processed.file, error);
  }
}

/**
 * Runs the model over `source`, a SELECT of landed rows, and merges what it makes; in parts where memory is short.
 * @returns how many rows were inserted or updated.
 */
export async function mergeSource(
  context: FeederContext,
  session: Session,
  source: string,
  landing: Column[],
  ties: Ties,
): Promise<number> {
  const { stream, model, backlog } = context;
  if (backlog.appetite.parts > 1 && stream.primaryKey.length > 0)
    return mergeInParts(context, session, source, landing, ties);
  let rows = await modelRows(session, stream, model, source, landing);
  if (stream.processed.head.unique_key) {
    rows = await keepRows(session, rows);
    await checkUniqueKey(session, stream, rows);
  }
  return mergeRows(session, stream, rows, ties);
}

/**
 * The same for when memory is short: one part of the keys after another, so that only a part is deduplicated and
 * merged at a time. Each part reads all of the files.
 */
async function mergeInParts(
  { stream, model, backlog }: FeederContext,
  session: Session,
  source: string,
  landing: Column[],
  ties: Ties,
): Promise<number> {
  let changed = 0;
  const { parts } = backlog.appetite;
  const { primaryKey, processed } = stream;
  const rowsOf = (part: number) =>
    modelRows(session, stream, model, partSql(`(${source})`, primaryKey, part, parts), landing);
  if (!processed.head.unique_key) {
    for (let part = 0; part < parts; part += 1)
      changed += await mergeRows(session, stream, await rowsOf(part), ties);
    return changed;
  }
  // Rows of several primary keys may make one unique key, so that all of them have to be seen together.
  let kept = await keepRows(session, await rowsOf(0));
  for (let part = 1; part < parts; part += 1) kept = await keepMoreRows(session, await rowsOf(part));
  await checkUniqueKey(session, stream, kept);
  for (let part = 0; part < parts; part += 1) {
    const relation = `(${partSql(kept.relation, processed.uniqueKey, part, parts)})`;
    changed += await mergeRows(session, stream, { ...kept, relation }, ties);
  }
  return changed;
}
