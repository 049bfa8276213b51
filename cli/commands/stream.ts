import { Command } from "commander";
import { addStream } from "../../assets/add-stream.ts";
import { LotusError } from "../../common/errors.ts";
import { literal } from "../../lake/sql.ts";
import { connectApi } from "../api.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";
import { projectDir, withRunningLake } from "../runtime.ts";

export function streamCommand(): Command {
  const add = new Command("add")
    .description("write the config of a new stream, from a raw file or from what dag/sources says")
    .argument("<source>")
    .argument("<stream>")
    .option("--from <path>", "a Parquet file in the bucket: s3://bucket/key")
    .option("--project <dir>", "folder with dag/, landing/, processed/, enriched/", ".")
    .action(async (source: string, stream: string, options: { from?: string; project: string }) => {
      const dir = projectDir(options.project);
      const written = options.from
        ? await addStream({ dir, source, stream, columns: await columnsOf(options.from) })
        : await addStream({ dir, source, stream, fromSource: true });
      for (const file of written) print(`wrote ${file}`);
    });
  return new Command("stream")
    .description("streams of the project")
    .addCommand(add)
    .addCommand(steer("pause", "feed nothing of a stream until it is resumed; its files wait"))
    .addCommand(steer("resume", "feed a paused stream again, and wait until nothing waits"));
}

function steer(action: "pause" | "resume", description: string): Command {
  return new Command(action)
    .description(description)
    .argument("<source>")
    .argument("<stream>")
    .action(async (source: string, stream: string) => {
      const api = connectApi();
      const request = { params: { path: { source, stream } } };
      const { run } = await api.ask((client) =>
        action === "pause"
          ? client.POST("/api/v1/streams/{source}/{stream}/pause", request)
          : client.POST("/api/v1/streams/{source}/{stream}/resume", request),
      );
      await followRun(api, run);
      const after =
        action === "pause"
          ? `is paused: its files wait until \`lotus stream resume ${source} ${stream}\``
          : "goes on";
      print(`${source}/${stream} ${after}`);
    });
}

/** The columns of a Parquet file, as DuckDB reads them. */
async function columnsOf(path: string): Promise<{ name: string; type: string }[]> {
  if (!path.startsWith("s3://")) {
    throw new LotusError(
      "NOT_FOUND",
      `--from takes s3://bucket/key, not ${path}. Put the file into the bucket first.`,
    );
  }
  return withRunningLake(({ lake }) =>
    lake.withSession((session) =>
      session.describe(`SELECT * FROM read_parquet(${literal([path])}, hive_partitioning = false)`),
    ),
  );
}
