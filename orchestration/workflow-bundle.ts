import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from "@temporalio/worker";

const here = dirname(fileURLToPath(import.meta.url));

/** Bundles the workflows with webpack, in this process: 1.4 s and 90 MB. */
export async function bundleWorkflows(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: join(here, "workflows", "index.ts"),
    logger: new DefaultLogger("ERROR"),
    // Where Lotus is installed as a package, its own sources lie in node_modules, where they are not looked for.
    webpackConfigHook: (config) => {
      for (const rule of config.module?.rules ?? []) {
        if (rule && typeof rule === "object" && rule.exclude)
          rule.exclude = { and: [/node_modules/, { not: [here] }] };
      }
      return config;
    },
  });
}

/**
 * The bundle as a file in `folder`, made in a process of its own where it is missing: a worker that starts again
 * saves the time, and every worker the memory. Its name follows from what it is made of.
 */
export async function cachedWorkflowBundle(folder: string): Promise<{ codePath: string }> {
  const codePath = join(folder, `workflows-${await sourceHash()}.cjs`);
  if (!existsSync(codePath)) {
    await mkdir(folder, { recursive: true });
    const script = fileURLToPath(import.meta.url);
    await promisify(execFile)(process.execPath, ["--import", "tsx", script, codePath], { cwd: here });
  }
  return { codePath };
}

async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  const { version } = createRequire(import.meta.url)("@temporalio/worker/package.json") as {
    version: string;
  };
  hash.update(version);
  for (const folder of [here, join(here, "workflows")]) {
    const files = (await readdir(folder)).filter((file) => file.endsWith(".ts")).sort();
    for (const file of files) hash.update(await readFile(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** As a script: writes the bundle to the path that it is given, whole or not at all. */
if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2]) {
  const codePath = process.argv[2];
  const { code } = await bundleWorkflows();
  await writeFile(`${codePath}.${process.pid}`, code);
  await rename(`${codePath}.${process.pid}`, codePath);
  process.exit();
}
