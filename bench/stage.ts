import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { z } from "zod";
import type { Connections } from "../common/settings.ts";
import { openScratch } from "../lake/session.ts";
import { identifier, literal } from "../lake/sql.ts";
import { startPlatform } from "../platform/platform.ts";
import { provision, type Tools } from "../platform/provision.ts";
import { createBucket } from "../platform/s3.ts";
import { ObjectStore } from "../sensors/object-store.ts";

/** What every bench runs on: one embedded platform, and an empty lake on it for each run. */
export interface Stage {
  tools: Tools;
  /** A database, a bucket and a Temporal namespace that nobody used before. */
  freshLake(): Promise<Connections>;
  /** The same lake's database anew over the same bucket: the raw files stay. */
  freshCatalog(connections: Connections): Promise<Connections>;
  folder: string;
  stop(): Promise<void>;
}

const NAMESPACES = 60;

export async function setStage(report: (line: string) => void): Promise<Stage> {
  const tools = await provision(report);
  const folder = await mkdtemp(join(tmpdir(), "lotus-bench-state-"));
  const temporalNamespaces = Array.from({ length: NAMESPACES }, (_, index) => `bench-${index}`);
  const platform = await startPlatform({ stateDir: folder, tools, report, temporalNamespaces });
  let used = 0;
  const shared = platform.connections;
  const fresh = async (bucket: string): Promise<Connections> => {
    const name = `bench_${used}_${randomBytes(3).toString("hex")}`;
    await createDatabase(shared.catalogUrl, tools.extensions.postgres_scanner, name);
    const catalogUrl = new URL(shared.catalogUrl);
    catalogUrl.pathname = `/${name}`;
    const namespace = `bench-${used % NAMESPACES}`;
    used += 1;
    return {
      catalogUrl: catalogUrl.href,
      s3: { ...shared.s3, bucket },
      temporal: { ...shared.temporal, namespace },
    };
  };
  return {
    tools,
    folder,
    freshLake: async () => {
      const bucket = `bench-${used}-${randomBytes(3).toString("hex")}`;
      await createBucket(shared.s3, bucket);
      return fresh(bucket);
    },
    freshCatalog: async (connections) => {
      const store = new ObjectStore(connections.s3);
      for (let page = await store.page("lakehouse/", null, null); page.objects.length > 0; ) {
        await Promise.all(page.objects.map((object) => store.delete(object.key)));
        page = await store.page("lakehouse/", null, null);
      }
      store.close();
      return fresh(connections.s3.bucket);
    },
    stop: () => platform.stop(),
  };
}

async function createDatabase(catalogUrl: string, extension: string, name: string): Promise<void> {
  const scratch = await openScratch();
  try {
    await scratch.execute(`LOAD ${literal(extension)}`);
    await scratch.execute(`ATTACH ${literal(catalogUrl)} AS server (TYPE postgres)`);
    await scratch.execute(
      `CALL postgres_execute('server', ${literal(`CREATE DATABASE ${identifier(name)}`)}, use_transaction := false)`,
    );
  } finally {
    scratch.close();
  }
}

/** Writes a project folder. */
export async function writeProject(folder: string, files: Record<string, string | object>): Promise<string> {
  const dir = await mkdtemp(join(folder, "project-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return dir;
}

const measured = z.looseObject({ milliseconds: z.number(), peakMegabytes: z.number() });
export type Measured = z.infer<typeof measured>;

/** Runs one of the bench's own scripts as a process, so that its memory is its own; it prints one JSON line. */
export async function runProcess(script: string, input: object): Promise<Measured> {
  const path = fileURLToPath(new URL(`./${script}`, import.meta.url));
  // By standard input: a command line would show the credentials.
  const { stdout } = await execa("node", ["--import", "tsx", path], {
    input: JSON.stringify(input),
    stderr: "inherit",
  });
  return measured.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

/** What runProcess gave to this script. */
export async function readInput<T>(): Promise<T> {
  return (await json(process.stdin)) as T;
}

/** What such a script prints at its end. */
export function answer(milliseconds: number, more: object = {}): never {
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(
    `${JSON.stringify({ milliseconds: Math.round(milliseconds), peakMegabytes, ...more })}\n`,
  );
  process.exit(0);
}
