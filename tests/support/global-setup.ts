import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { Connections } from "../../common/settings.ts";
import { provision, type Tools } from "../../platform/provision.ts";
import { hostPlatform } from "./platform-host.ts";

declare module "vitest" {
  export interface ProvidedContext {
    connections: Connections;
    tools: Tools;
    /** Where test files claim what each of them gets for itself. */
    claims: string;
    /** How many Temporal namespaces there are: test-1 and so on. */
    namespaceCount: number;
  }
}

const namespaceCount = 90;

/** One Postgres, S3 and Temporal for the whole run, on a temporary state folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const tools = await provision((line) => process.stderr.write(`${line}\n`));
  const stateDir = mkdtempSync(join(tmpdir(), "lotus-test-state-"));
  const platform = await hostPlatform({
    stateDir,
    tools,
    temporalNamespaces: Array.from({ length: namespaceCount }, (_, index) => `test-${index + 1}`),
  });
  const claims = join(stateDir, "claims");
  mkdirSync(claims);
  project.provide("connections", platform.connections);
  project.provide("tools", tools);
  project.provide("claims", claims);
  project.provide("namespaceCount", namespaceCount);
  return () => platform.stop();
}
