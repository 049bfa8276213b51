import { Command, Option } from "commander";
import { generateSample, trickle } from "../../samples/generate.ts";
import type { SampleSize } from "../../samples/shop.ts";
import { progress } from "../output.ts";
import { withRunningLake } from "../runtime.ts";

export function sampleCommand(): Command {
  return new Command("sample")
    .description("put sample data of the default project into the running lake's bucket")
    .addOption(new Option("--size <size>", "how much").choices(["small", "medium", "large"]).default("small"))
    .option("--seed <number>", "the same seed gives the same data", Number, 1)
    .option("--trickle <seconds>", "keep landing new files, this far apart, until Ctrl-C", Number)
    .action((options: { size: SampleSize; seed: number; trickle?: number }) =>
      withRunningLake(async ({ store }) => {
        const { seed, size } = options;
        const put = (key: string, body: Uint8Array) => store.put(key, body);
        if (options.trickle === undefined) {
          await generateSample({ seed, size, put, report: progress });
          return;
        }
        const stop = new AbortController();
        process.once("SIGINT", () => stop.abort());
        process.once("SIGTERM", () => stop.abort());
        await trickle({
          seed,
          size,
          put,
          intervalMs: options.trickle * 1000,
          signal: stop.signal,
          report: ({ tick, keys, rows }) => progress(`tick ${tick}: ${keys.length} files, ${rows} rows`),
        });
      }),
    );
}
