import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import type { Connections } from "../../common/settings.ts";
import { openScratch } from "../../lake/session.ts";
import { identifier, literal } from "../../lake/sql.ts";
import type { Tools } from "../../platform/provision.ts";
import { createBucket } from "../../platform/s3.ts";

export interface Isolation {
  /** To a Postgres database, a bucket and a Temporal namespace that nobody else uses, all empty. */
  connections: Connections;
  tools: Tools;
  /** A temporary folder. */
  folder: string;
  /** Deletes the folder; databases and buckets go with the run. */
  dispose: () => void;
}

/** Gives a test file (call it in `beforeAll`) parts of the run's platform for itself. */
export async function isolate(): Promise<Isolation> {
  const shared = inject("connections");
  const tools = inject("tools");
  const number = claimNumber(inject("claims"));
  const name = `test-${number}-${randomBytes(3).toString("hex")}`;
  await createDatabase(shared.catalogUrl, tools.extensions.postgres_scanner, name);
  await createBucket(shared.s3, name);
  const catalogUrl = new URL(shared.catalogUrl);
  catalogUrl.pathname = `/${name}`;
  const folder = mkdtempSync(join(tmpdir(), "lotus-test-"));
  return {
    connections: {
      catalogUrl: catalogUrl.href,
      s3: { ...shared.s3, bucket: name },
      temporal: { ...shared.temporal, namespace: `test-${number}` },
    },
    tools,
    folder,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Creating a folder is atomic: each number is given out once in a run. */
function claimNumber(claims: string): number {
  for (let number = 1; number <= inject("namespaceCount"); number += 1) {
    try {
      mkdirSync(join(claims, String(number)));
      return number;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new Error(
    "more isolations in one run than Temporal namespaces: raise namespaceCount in tests/support/global-setup.ts",
  );
}

/** Creates an empty Postgres database, through DuckDB, which is the Postgres client of this project. */
export async function createDatabase(
  catalogUrl: string,
  postgresExtension: string,
  name: string,
): Promise<void> {
  const session = await openScratch();
  try {
    await session.execute(`LOAD ${literal(postgresExtension)}`);
    await session.execute(`ATTACH ${literal(catalogUrl)} AS server (TYPE postgres)`);
    // CREATE DATABASE refuses to run inside a transaction.
    await session.execute(
      `CALL postgres_execute('server', ${literal(`CREATE DATABASE ${identifier(name)}`)}, use_transaction := false)`,
    );
  } finally {
    session.close();
  }
}
