import type { Client } from "@temporalio/client";
import { Command } from "commander";
import { z } from "zod";
import type { Stream } from "../../assets/definitions.ts";
import { type QuarantineEntry, waitingEntries } from "../../assets/feeder/quarantine.ts";
import { refuseHeld } from "../../assets/holds.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { QuarantineAction } from "../../orchestration/messages.ts";
import { feederId } from "../../orchestration/names.ts";
import { wakeFeeder } from "../../orchestration/wake.ts";
import { findStream } from "../../orchestration/worker-context.ts";
import { followRun } from "../follow-run.ts";
import { bytes, plainTable, print } from "../output.ts";
import { loadRunningProject, type Runtime, withRunningLake } from "../runtime.ts";

export function quarantineCommand(): Command {
  const list = new Command("list")
    .description("show the files that are set aside, and why")
    .option("--stream <name>", "only of this stream: SOURCE/STREAM")
    .option("--json", "an array of objects")
    .action((options: { stream?: string; json?: boolean }) =>
      withRunningLake(async ({ lake }) => {
        const entries = await lake.withSession((session) => listEntries(session, options.stream ?? null));
        if (options.json) print(JSON.stringify(entries, null, 2));
        else printEntries(entries);
      }),
    );
  const retry = new Command("retry")
    .description("feed files that were set aside once more, and print what became of each")
    .argument("<source>")
    .argument("<stream>")
    .argument("[key]", "the object's key, as list shows it; default: all of the stream's")
    .option("--project <dir>", "the project; default: the one that runs")
    .action((source: string, stream: string, key: string | undefined, options: { project?: string }) =>
      withRunningLake(async (runtime) => {
        const definition = findStream(await loadRunningProject(options.project), source, stream);
        const entries = await change(runtime, definition, "retry", key ?? null);
        if (entries.length === 0) print(`${source}/${stream} has no file set aside`);
        for (const entry of entries) {
          const { fed, text } = await outcomeOf(runtime, definition, entry);
          print(`${entry.key}: ${text}`);
          if (!fed) process.exitCode = 1;
        }
      }),
    );
  const drop = new Command("drop")
    .description("never feed a file that was set aside, as it is; overwritten, it waits again")
    .argument("<source>")
    .argument("<stream>")
    .argument("[key]", "the object's key, as list shows it")
    .option("--all", "every file of the stream that is set aside")
    .option("--project <dir>", "the project; default: the one that runs")
    .action(
      (
        source: string,
        stream: string,
        key: string | undefined,
        options: { all?: boolean; project?: string },
        command: Command,
      ) => {
        if ((key === undefined) !== (options.all === true))
          command.error("error: name a key, or --all for every file of the stream that is set aside");
        return withRunningLake(async (runtime) => {
          const definition = findStream(await loadRunningProject(options.project), source, stream);
          const entries = await change(runtime, definition, "drop", key ?? null);
          print(`dropped ${entries.length} ${entries.length === 1 ? "file" : "files"}`);
        });
      },
    );
  return new Command("quarantine")
    .description("files that were set aside: see them, feed them once more, or drop them")
    .addCommand(list)
    .addCommand(retry)
    .addCommand(drop);
}

const listedRow = z.object({
  source: z.string(),
  stream: z.string(),
  key: z.string(),
  size: z.coerce.number(),
  since: z.string(),
  reason: z.string(),
});

type Listed = z.infer<typeof listedRow>;

function listEntries(session: Session, stream: string | null): Promise<Listed[]> {
  return session.query(
    listedRow,
    `SELECT source, stream, key, size, reason,
       strftime(recorded_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS since
     FROM lakehouse.meta.quarantine ${stream === null ? "" : `WHERE source || '/' || stream = ${literal(stream)}`}
     ORDER BY source, stream, key`,
  );
}

function printEntries(entries: readonly Listed[]): void {
  if (entries.length === 0) {
    print("no file is set aside");
    return;
  }
  const table = plainTable(["stream", "key", "size", "since (UTC)", "reason"]);
  for (const { source, stream, key, size, since, reason } of entries)
    table.push([`${source}/${stream}`, key, bytes(size), since.slice(0, 19).replace("T", " "), reason]);
  print(table.toString());
}

/** Asks the stream's writer, and waits until it has done so, and fed what then waits. @returns the entries as they were. */
async function change(
  { lake, client }: { lake: Runtime["lake"]; client: Client },
  stream: Stream,
  action: QuarantineAction,
  key: string | null,
): Promise<QuarantineEntry[]> {
  const entries = await lake.withSession(async (session) => {
    await refuseHeld(session, stream.processed.asset);
    return waitingEntries(session, stream, key);
  });
  if (entries.length === 0) return entries;
  await wakeFeeder(client, stream, { kind: "quarantine", trigger: "manual", action, key });
  await followRun(client, feederId(stream.source, stream.stream));
  return entries;
}

const fedRow = z.object({ rows: z.coerce.number() });

/** What became of a file that was tried once more. */
async function outcomeOf(
  { lake, store }: Runtime,
  stream: Stream,
  { key }: QuarantineEntry,
): Promise<{ fed: boolean; text: string }> {
  const which = `source = ${literal(stream.source)} AND stream = ${literal(stream.stream)} AND key = ${literal(key)}`;
  return lake.withSession(async (session) => {
    const [again] = await session.queryRaw(`SELECT reason FROM lakehouse.meta.quarantine WHERE ${which}`);
    if (again) return { fed: false, text: `set aside again: ${again.reason}` };
    const etag = await store.etag(key);
    if (etag === null) return { fed: false, text: "is not in S3 any more" };
    const [fed] = await session.query(
      fedRow,
      `SELECT rows FROM lakehouse.meta.feeder_files WHERE ${which} AND etag = ${literal(etag)} AND state = 'fed'`,
    );
    return fed ? { fed: true, text: `fed, ${fed.rows} rows` } : { fed: false, text: "waits to be fed" };
  });
}
