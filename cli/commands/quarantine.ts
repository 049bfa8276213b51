import { Command } from "commander";
import { z } from "zod";
import type { Schemas } from "../../client/index.js";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { StreamName } from "../../orchestration/messages.ts";
import { type Api, connectApi } from "../api.ts";
import { followRun } from "../follow-run.ts";
import { bytes, plainTable, print } from "../output.ts";
import { withRunningLake } from "../runtime.ts";

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
    .action(async (source: string, stream: string, key: string | undefined) => {
      const api = connectApi();
      const keys = await change(api, { source, stream }, "retry", key ?? null);
      if (keys.length === 0) print(`${source}/${stream} has no file set aside`);
      for (const [retried, { fed, text }] of await outcomesOf(api, { source, stream }, keys)) {
        print(`${retried}: ${text}`);
        if (!fed) process.exitCode = 1;
      }
    });
  const drop = new Command("drop")
    .description("never feed a file that was set aside, as it is; overwritten, it waits again")
    .argument("<source>")
    .argument("<stream>")
    .argument("[key]", "the object's key, as list shows it")
    .option("--all", "every file of the stream that is set aside")
    .action(
      async (
        source: string,
        stream: string,
        key: string | undefined,
        options: { all?: boolean },
        command: Command,
      ) => {
        if ((key === undefined) !== (options.all === true))
          command.error("error: name a key, or --all for every file of the stream that is set aside");
        const { length } = await change(connectApi(), { source, stream }, "drop", key ?? null);
        print(`dropped ${length} ${length === 1 ? "file" : "files"}`);
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

/** Asks the stream's writer, and waits until it has done so, and fed what then waits. @returns the keys it was about. */
async function change(
  api: Api,
  stream: StreamName,
  action: "retry" | "drop",
  key: string | null,
): Promise<string[]> {
  const keys = key === null ? (await setAside(api, stream)).map((file) => file.key) : [key];
  const request = { params: { path: stream }, body: { key } };
  const { run } = await api.ask((client) =>
    action === "retry"
      ? client.POST("/api/v1/streams/{source}/{stream}/quarantine/retry", request)
      : client.POST("/api/v1/streams/{source}/{stream}/quarantine/drop", request),
  );
  if (keys.length > 0) await followRun(api, run);
  return keys;
}

type QuarantinedFile = Schemas["QuarantinedFile"];

async function setAside(api: Api, stream: StreamName): Promise<QuarantinedFile[]> {
  const found: QuarantinedFile[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: { limit: number; cursor?: string } & StreamName = {
      ...stream,
      limit: 1000,
      ...(cursor === "" ? {} : { cursor }),
    };
    const page = await api.ask((client) => client.GET("/api/v1/quarantine", { params: { query } }));
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

/** What became of files that were tried once more. */
async function outcomesOf(
  api: Api,
  stream: StreamName,
  keys: readonly string[],
): Promise<[string, { fed: boolean; text: string }][]> {
  const { paused } = await api.ask((client) =>
    client.GET("/api/v1/streams/{source}/{stream}", { params: { path: stream } }),
  );
  const missing = paused ? "waits to be fed: its stream is paused" : "is not in S3 any more";
  const again = new Map((await setAside(api, stream)).map(({ key, reason }) => [key, reason]));
  const outcomes: [string, { fed: boolean; text: string }][] = [];
  for (const key of keys) {
    const reason = again.get(key);
    if (reason !== undefined) {
      outcomes.push([key, { fed: false, text: `set aside again: ${reason}` }]);
      continue;
    }
    const { items } = await api.ask((client) =>
      client.GET("/api/v1/streams/{source}/{stream}/files", {
        params: { path: stream, query: { prefix: key, state: "fed", limit: 1 } },
      }),
    );
    const fed = items.find((file) => file.key === key);
    const text = fed ? `fed, ${fed.rows} rows` : missing;
    outcomes.push([key, { fed: fed !== undefined, text }]);
  }
  return outcomes;
}
