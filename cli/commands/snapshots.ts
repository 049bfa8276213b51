import { Command, InvalidArgumentError } from "commander";
import type { Project } from "../../assets/definitions.ts";
import { feederAssetKey, LANDING_ASSET } from "../../assets/names.ts";
import { unknownTable } from "../../assets/unknown-table.ts";
import { everExisted, listSnapshots } from "../../lake/history.ts";
import { plainTable, print } from "../output.ts";
import { loadRunningProject, withRunningLake } from "../runtime.ts";

export function snapshotsCommand(): Command {
  return new Command("snapshots")
    .description("list the lake's snapshots, newest first: what can be read with sql --at, or rolled back to")
    .option("--asset <name>", "only those that changed this table (int_*, fct_*, dim_*, stg_*, feeder_*)")
    .option("--limit <number>", "at most so many", wholeNumber, 20)
    .option("--json", "an array of objects")
    .option("--project <dir>", "the project; default: the one that runs")
    .action((options: { asset?: string; limit: number; json?: boolean; project?: string }) =>
      withRunningLake(async ({ lake }) => {
        const project = await loadRunningProject(options.project);
        const tables = options.asset === undefined ? null : tablesOf(project, options.asset);
        const entries = await lake.withSession(async (session) => {
          const found = await listSnapshots(session, { tables, limit: options.limit });
          if (found.length === 0 && options.asset !== undefined) {
            const known = await Promise.all((tables ?? []).map((table) => everExisted(session, table)));
            if (!known.includes(true)) throw unknownTable(project, options.asset);
          }
          return found;
        });
        if (options.json) {
          print(JSON.stringify(entries, null, 2));
          return;
        }
        const table = plainTable(["snapshot", "time (UTC)", "by", "what", "tables", "run"]);
        for (const { id, time, author, message, tables: changed, run } of entries) {
          const when = time.slice(0, 19).replace("T", " ");
          table.push([id, when, author ?? "-", message ?? "-", changed.join(" "), run ? shortRun(run) : "-"]);
        }
        print(table.toString());
      }),
    );
}

/** The tables that an asset stands for. */
function tablesOf(project: Project, asset: string): string[] {
  if (asset === LANDING_ASSET) return project.streams.map((stream) => stream.landing.table);
  const fed = project.streams.find(({ source, stream }) => feederAssetKey(source, stream) === asset);
  return fed ? [fed.landing.table, fed.processed.asset] : [asset];
}

/** A workflow's id and the beginning of its run's. */
function shortRun(run: string): string {
  const cut = run.lastIndexOf("/");
  return cut < 0 ? run : run.slice(0, cut + 9);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Name a whole number, 1 or more.");
  return Number(text);
}
