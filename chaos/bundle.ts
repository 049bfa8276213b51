import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundleWorkflowCode, DefaultLogger } from "@temporalio/worker";

const workflows = fileURLToPath(new URL("../orchestration/workflows/", import.meta.url));

/**
 * Writes the workflows as a bundle to a file, in a process of its own: as production has them, but for
 * chaos/timeouts.ts in the place of their time-outs.
 */
export async function writeBundle(path: string): Promise<void> {
  await promisify(execFile)(process.execPath, ["--import", "tsx", fileURLToPath(import.meta.url), path]);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2]) {
  const { code } = await bundleWorkflowCode({
    workflowsPath: `${workflows}index.ts`,
    logger: new DefaultLogger("ERROR"),
    webpackConfigHook: (config) => {
      const alias = { [`${workflows}timeouts.ts`]: fileURLToPath(new URL("timeouts.ts", import.meta.url)) };
      config.resolve = { ...config.resolve, alias: { ...config.resolve?.alias, ...alias } };
      return config;
    },
  });
  await writeFile(process.argv[2], code);
  process.exit();
}
