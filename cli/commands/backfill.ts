import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { Schemas } from "../../client/index.js";
import { connectApi } from "../api.ts";
import { describeBackfill, describeList, describePlan } from "../backfill-text.ts";
import { confirm } from "../confirm.ts";
import { followBackfill, readBackfill } from "../follow-backfill.ts";
import { print } from "../output.ts";

const MODES = ["reprocess", "refeed", "rebuild"] as const;
const STATES = ["running", "paused", "cancelled", "done", "failed"] as const;

export function backfillCommand(): Command {
  return new Command("backfill")
    .description("make days, or whole tables, anew, in chunks that take turns with what is new")
    .addCommand(startCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(followCommand())
    .addCommand(controlCommand("pause", "begin no further chunks; those that run end"))
    .addCommand(controlCommand("resume", "go on after a pause"))
    .addCommand(controlCommand("cancel", "give up the chunks that wait; those that run end"))
    .addCommand(retryCommand());
}

interface StartOptions {
  stream?: string[];
  asset?: string[];
  downstreamOf?: string[];
  from?: string;
  to?: string;
  maxConcurrent: number;
  key?: string;
  dryRun?: boolean;
  yes?: boolean;
}

function startCommand(): Command {
  return new Command("start")
    .description("say what a backfill would do, ask, begin it, and follow it to its end")
    .addArgument(
      new Argument(
        "<mode>",
        "run models again over landing, feed restored files, or make tables anew",
      ).choices(MODES),
    )
    .option("--stream <names...>", "SOURCE/STREAM")
    .option("--asset <names...>", "int_*, fct_* or dim_*")
    .option("--downstream-of <names...>", "everything that reads these, near or far")
    .option("--from <day>", "the first partition day, YYYY-MM-DD; default: the earliest")
    .option("--to <day>", "the last one, included; default: the latest")
    .option("--max-concurrent <number>", "how many chunks run at once", wholeNumber, 2)
    .option("--key <text>", "the same key makes the same backfill, however often it is asked for")
    .option("--dry-run", "only say what would happen")
    .option("--yes", "do not ask")
    .action(async (mode: (typeof MODES)[number], options: StartOptions) => {
      const { stream, asset, downstreamOf, from, to, maxConcurrent, key, dryRun, yes } = options;
      const api = connectApi();
      const request: Schemas["BackfillRequest"] = {
        mode,
        maxConcurrent,
        ...(stream ? { streams: stream } : {}),
        ...(asset ? { assets: asset } : {}),
        ...(downstreamOf ? { downstreamOf } : {}),
        ...(from ? { from } : {}),
        ...(to ? { to } : {}),
        ...(key ? { idempotencyKey: key } : {}),
      };
      const ask = (only: boolean) =>
        api.ask((client) => client.POST("/api/v1/backfills", { body: { ...request, dryRun: only } }));
      const { plan } = await ask(true);
      print(describePlan(plan));
      if (dryRun) return;
      await confirm("Begin it?", yes ?? false);
      const { id, created } = await ask(false);
      print(created ? `backfill ${id} begins` : `backfill ${id} was asked for before`);
      process.exitCode = await followBackfill(api, id);
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("show backfills, newest first")
    .addOption(new Option("--state <state>", "only those").choices(STATES))
    .option("--limit <number>", "at most so many", wholeNumber, 20)
    .option("--json", "an array of objects")
    .action(async (options: { state?: (typeof STATES)[number]; limit: number; json?: boolean }) => {
      const { state, limit, json } = options;
      const query = { limit, ...(state ? { state } : {}) };
      const { items } = await connectApi().ask((client) =>
        client.GET("/api/v1/backfills", { params: { query } }),
      );
      print(json ? JSON.stringify(items, null, 2) : describeList(items));
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("show one backfill: its tables, how far it is, and what failed")
    .argument("<id>")
    .option("--json", "one JSON object, with the chunks that failed")
    .action(async (id: string, options: { json?: boolean }) => {
      const api = connectApi();
      const backfill = await readBackfill(api, id);
      const { items } = await api.ask((client) =>
        client.GET("/api/v1/backfills/{id}/chunks", {
          params: { path: { id }, query: { state: "failed", limit: 100 } },
        }),
      );
      print(
        options.json
          ? JSON.stringify({ ...backfill, failed: items }, null, 2)
          : describeBackfill(backfill, items),
      );
    });
}

function followCommand(): Command {
  return new Command("follow")
    .description("show how far a backfill is, until it ends")
    .argument("<id>")
    .action(async (id: string) => {
      process.exitCode = await followBackfill(connectApi(), id);
    });
}

function controlCommand(kind: "pause" | "resume" | "cancel", description: string): Command {
  return new Command(kind)
    .description(description)
    .argument("<id>")
    .action(async (id: string) => {
      const request = { params: { path: { id } } };
      await connectApi().ask((client) => {
        if (kind === "pause") return client.POST("/api/v1/backfills/{id}/pause", request);
        if (kind === "resume") return client.POST("/api/v1/backfills/{id}/resume", request);
        return client.POST("/api/v1/backfills/{id}/cancel", request);
      });
      print(`${kind} of backfill ${id} is asked for; \`lotus backfill show ${id}\` shows how far it is`);
    });
}

function retryCommand(): Command {
  return new Command("retry")
    .description("do chunks that failed, or were given up, once more, and follow them to their end")
    .argument("<id>")
    .option("--chunk <number>", "only this one, as show lists it", wholeNumber)
    .action(async (id: string, options: { chunk?: number }) => {
      const api = connectApi();
      const before = await readBackfill(api, id);
      await api.ask((client) =>
        client.POST("/api/v1/backfills/{id}/retry", {
          params: { path: { id } },
          body: { chunk: options.chunk ?? null },
        }),
      );
      process.exitCode = await followBackfill(api, id, before.endedAt);
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Name a whole number, 1 or more.");
  return Number(text);
}
