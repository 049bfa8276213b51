import { mkdirSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { Connections } from "../../common/settings.ts";
import { removeState, startPlatform } from "../../platform/platform.ts";
import { provision, type Tools } from "../../platform/provision.ts";

declare module "vitest" {
  export interface ProvidedContext {
    connections: Connections;
    tools: Tools;
    /** Where test files claim what each of them gets for itself. */
    claims: string;
  }
}

/** How many test files can have a Temporal namespace of their own: test-1 and so on. */
export const namespaceCount = 40;

const prefix = "lotus-test-state-";

/** One Postgres, S3 and Temporal for the whole run, on a temporary state folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  await sweep();
  const tools = await provision(report);
  const stateDir = mkdtempSync(join(tmpdir(), prefix));
  const interrupt = () => process.exit(130); // While starting: the platform signals its children on exit.
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const platform = await startPlatform({
    stateDir,
    tools,
    report,
    temporalNamespaces: Array.from({ length: namespaceCount }, (_, index) => `test-${index + 1}`),
  });
  const tearDown = async () => {
    await platform.stop();
    await removeState(stateDir);
  };
  process.off("SIGINT", interrupt);
  process.off("SIGTERM", interrupt);
  const stopAndExit = () => void tearDown().finally(() => process.exit(130));
  process.once("SIGINT", stopAndExit);
  process.once("SIGTERM", stopAndExit);

  const claims = join(stateDir, "claims");
  mkdirSync(claims);
  project.provide("connections", platform.connections);
  project.provide("tools", tools);
  project.provide("claims", claims);
  return async () => {
    process.off("SIGINT", stopAndExit);
    process.off("SIGTERM", stopAndExit);
    await tearDown();
  };
}

/** What test runs that were killed left behind, servers included, once it is an hour old. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(tmpdir(), name);
    try {
      if (Date.now() - statSync(folder).mtimeMs > 3_600_000) await removeState(folder);
    } catch {
      // In use, or somebody else's.
    }
  }
}
