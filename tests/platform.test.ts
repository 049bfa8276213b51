import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Connection } from "@temporalio/client";
import { afterEach, beforeEach, describe, expect, inject, onTestFinished, test } from "vitest";
import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import type { Connections } from "../common/settings.ts";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { isRoot } from "../platform/account.ts";
import { attachRunning, type Platform, removeState, startPlatform } from "../platform/platform.ts";
import { eventually, listProcesses, processStart } from "../platform/processes.ts";
import { hostPlatform } from "./support/platform-host.ts";

const tools = inject("tools");

let folder: string;
let stateDir: string;
let reported: string[];
let started: Platform[];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "lotus-platform-test-")));
  chmodSync(folder, 0o755);
  stateDir = join(folder, "state");
  reported = [];
  started = [];
});

afterEach(async () => {
  for (const platform of started) await platform.stop();
  await removeState(stateDir);
  rmSync(folder, { recursive: true, force: true });
});

async function start(changes: Partial<typeof tools> = {}): Promise<Platform> {
  const platform = await startPlatform({
    stateDir,
    tools: { ...tools, ...changes },
    report: (line) => reported.push(line),
  });
  started.push(platform);
  return platform;
}

/** The processes whose command line names something in the state folder. */
function servers(): number[] {
  const marks = [
    stateDir,
    existsSync(join(stateDir, "postgres")) ? realpathSync(join(stateDir, "postgres")) : stateDir,
  ];
  return listProcesses()
    .filter(
      ({ pid, command }) =>
        pid !== process.pid && marks.some((mark) => command.slice(1).join(" ").includes(mark)),
    )
    .filter(({ command }) => !command.some((part) => part.includes("platform-host")))
    .map(({ pid }) => pid);
}

async function sql(connections: Connections, statement: string): Promise<unknown[]> {
  const session = await openScratch();
  try {
    await session.execute(`LOAD ${literal(tools.extensions.postgres_scanner)}`);
    await session.execute(`ATTACH ${literal(connections.catalogUrl)} AS p (TYPE postgres)`);
    return await session.query(z.unknown(), statement);
  } finally {
    session.close();
  }
}

async function answersTemporal(connections: Connections): Promise<void> {
  const connection = await Connection.connect({ address: connections.temporal.address });
  await connection.workflowService.describeNamespace({ namespace: connections.temporal.namespace });
  await connection.close();
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "no error";
  } catch (error) {
    if (error instanceof LotusError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe("one state folder", () => {
  test("a start, a refused second one, a stop that leaves nothing, a start with the same addresses", async () => {
    expect(await codeOf(() => attachRunning(stateDir))).toMatch(/^NOT_RUNNING: .*npm start/);
    const platform = await start();
    expect(attachRunning(stateDir)).toEqual(platform.connections);
    expect(servers()).toHaveLength(3);
    await sql(platform.connections, "CREATE TABLE p.kept AS SELECT 42 AS answer");
    await answersTemporal(platform.connections);

    const refusal = await codeOf(() => startPlatform({ stateDir, tools, report: () => {} }));
    expect(refusal).toMatch(new RegExp(`^STATE_LOCKED: Process ${process.pid} .*LOTUS_STATE_DIR`));
    expect(await codeOf(() => removeState(stateDir))).toMatch(/^STATE_LOCKED/);
    expect(servers()).toHaveLength(3);

    await platform.stop();
    await platform.stop();
    expect(servers()).toEqual([]);
    expect(existsSync(join(stateDir, "lock"))).toBe(false);
    expect(await codeOf(() => attachRunning(stateDir))).toMatch(/^NOT_RUNNING/);

    const again = await start();
    expect(again.connections).toEqual(platform.connections);
    expect(await sql(again.connections, "SELECT answer FROM p.kept")).toEqual([{ answer: 42 }]);
  });

  test("secrets can be read by their owner only, and Postgres asks for its password", async () => {
    const platform = await start();
    expect(statSync(join(stateDir, "platform.json")).mode & 0o777).toBe(0o600);
    for (const part of ["logs", "postgres", "s3", "temporal.db"]) {
      expect(statSync(join(stateDir, part)).mode & 0o077, part).toBe(0);
    }
    const { password } = new URL(platform.connections.catalogUrl);
    const withoutSecret = {
      ...platform.connections,
      catalogUrl: platform.connections.catalogUrl.replace(password, "x"),
    };
    await expect(sql(withoutSecret, "SELECT 1")).rejects.toThrow(/password authentication failed/);
    for (const { command } of listProcesses()) {
      expect(command.join(" ")).not.toContain(password);
      expect(command.join(" ")).not.toContain(platform.connections.s3.secretAccessKey);
    }
  });

  test("a port that somebody else took is replaced, and the others stay", async () => {
    const first = await start();
    await first.stop();
    const port = Number(new URL(first.connections.s3.endpoint ?? "").port);
    const squatter = createServer().listen(port, "127.0.0.1");
    await once(squatter, "listening");
    onTestFinished(() => void squatter.close());
    const second = await start();
    expect(second.connections.s3.endpoint).not.toBe(first.connections.s3.endpoint);
    expect(second.connections.catalogUrl).toBe(first.connections.catalogUrl);
    expect(second.connections.temporal).toEqual(first.connections.temporal);
  });

  test("the catalog's role makes databases and users, others get in nowhere; a cluster that lacks it is given it", async () => {
    const rights = `SELECT * FROM postgres_query('p', $$
      SELECT rolcreatedb AS databases, rolcreaterole AS roles, rolsuper AS superuser,
        has_parameter_privilege('lotus', 'log_min_messages', 'SET') AS quiet,
        (SELECT count(*)::int FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
          WHERE a.grantee = 0 AND datname <> 'template0') AS open
      FROM pg_roles WHERE rolname = 'lotus'$$)`;
    const given = [{ databases: true, roles: true, superuser: false, quiet: true, open: 0 }];
    const first = await start();
    expect(await sql(first.connections, rights)).toEqual(given);
    // As an earlier version left it, as far as the role itself can go back.
    await sql(first.connections, "CALL postgres_execute('p', 'GRANT CONNECT ON DATABASE lotus TO PUBLIC')");
    expect(await sql(first.connections, rights)).toEqual([{ ...given[0], open: 1 }]);
    await first.stop();
    rmSync(join(realpathSync(join(stateDir, "postgres")), "lotus-privileges"));
    const second = await start();
    expect(await sql(second.connections, rights)).toEqual(given);
  });

  test("a lost platform.json costs no data: new secrets are set", async () => {
    const first = await start();
    await sql(first.connections, "CREATE TABLE p.kept AS SELECT 42 AS answer");
    await first.stop();
    rmSync(join(stateDir, "platform.json"));
    const second = await start();
    expect(second.connections.catalogUrl).not.toBe(first.connections.catalogUrl);
    expect(await sql(second.connections, "SELECT answer FROM p.kept")).toEqual([{ answer: 42 }]);
  });
});

describe("what goes wrong", () => {
  test("a host whose parent is gone stops its servers and deletes its state", async () => {
    const parent = await hostPlatform({ stateDir, tools, temporalNamespaces: [] });
    expect(servers()).toHaveLength(3);
    await parent.stop();
    expect(servers()).toEqual([]);
    expect(existsSync(stateDir)).toBe(false);
  });

  test("after kill -9 of the parent the next start stops its servers and goes on with the data", async () => {
    const parent = await hostPlatform({ stateDir, tools, temporalNamespaces: [] });
    const before = attachRunning(stateDir);
    expect(before).toEqual(parent.connections);
    await sql(before, "CREATE TABLE p.kept AS SELECT 42 AS answer");
    const orphans = servers();
    expect(orphans).toHaveLength(3);
    await parent.crash();
    expect(servers()).toEqual(orphans);
    expect(await codeOf(() => attachRunning(stateDir))).toMatch(/^NOT_RUNNING/);

    const platform = await start();
    expect(reported.filter((line) => line.includes("left over"))).toHaveLength(3);
    expect(orphans.filter((pid) => processStart(pid) !== null)).toEqual([]);
    expect(servers()).toHaveLength(3);
    expect(platform.connections).toEqual(before);
    expect(await sql(platform.connections, "SELECT answer FROM p.kept")).toEqual([{ answer: 42 }]);
  });

  test("after kill -9 of parent and servers alike Postgres recovers", async () => {
    const parent = await hostPlatform({ stateDir, tools, temporalNamespaces: [] });
    await sql(attachRunning(stateDir), "CREATE TABLE p.kept AS SELECT 42 AS answer");
    const ours = servers();
    await parent.crash();
    for (const pid of ours) process.kill(pid, "SIGKILL");
    const platform = await start();
    expect(await sql(platform.connections, "SELECT answer FROM p.kept")).toEqual([{ answer: 42 }]);
    await answersTemporal(platform.connections);
  });

  test("each service comes back on its port after it was killed", async () => {
    const platform = await start();
    await sql(platform.connections, "CREATE TABLE p.kept AS SELECT 42 AS answer");
    const pids = () => JSON.parse(readFileSync(join(stateDir, "platform.json"), "utf8")).pids;
    const before: Record<string, number> = pids();
    for (const pid of Object.values(before)) process.kill(pid, "SIGKILL");
    const isBack = (title: string) => () => reported.includes(`${title} is back`);
    for (const title of ["Postgres", "S3", "Temporal"]) {
      expect(await eventually(isBack(title), 60_000), title).toBe(true);
    }
    const after: Record<string, number> = pids();
    for (const [name, pid] of Object.entries(before)) expect(after[name]).not.toBe(pid);
    expect(servers()).toHaveLength(3);
    expect(await sql(platform.connections, "SELECT answer FROM p.kept")).toEqual([{ answer: 42 }]);
    expect((await fetch(`${platform.connections.s3.endpoint}/-/health`)).ok).toBe(true);
    await answersTemporal(platform.connections);
  });

  test("a service that does not start is named, the others are stopped, and the folder is free again", async () => {
    const refusal = await codeOf(() => start({ temporal: "/bin/false" }));
    expect(refusal).toMatch(/^TEMPORAL_UNREACHABLE: Temporal ended at its start \(1\).*temporal\.log/);
    expect(servers()).toEqual([]);
    const missing = await codeOf(() => start({ versitygw: join(folder, "missing") }));
    expect(missing).toMatch(/^S3_UNREACHABLE: S3 could not be run/);
    expect(servers()).toEqual([]);
    await start();
  });

  test("a service that keeps falling is given up, and whoever listens is told", {
    timeout: 180_000,
  }, async () => {
    const platform = await start();
    const given = new Promise<string>((resolve) => platform.onExit((service) => resolve(service)));
    // Its data folder gone, Postgres cannot come back.
    rmSync(join(realpathSync(join(stateDir, "postgres")), "global"), { recursive: true });
    const { pids } = JSON.parse(readFileSync(join(stateDir, "platform.json"), "utf8"));
    process.kill(pids.postgres, "SIGKILL");
    expect(await given).toBe("postgres");
    expect(
      reported.some((line) =>
        /^Postgres (?!.*Postgres ended).*given up after 5 tries.*postgres\.log/.test(line),
      ),
    ).toBe(true);
  });

  test.runIf(isRoot())(
    "as root in a folder that only root can enter, Postgres's data are elsewhere",
    async () => {
      chmodSync(folder, 0o700);
      const platform = await start();
      await sql(platform.connections, "CREATE TABLE p.kept AS SELECT 42 AS answer");
      expect(lstatSync(join(stateDir, "postgres")).isSymbolicLink()).toBe(true);
      const home = dirname(realpathSync(join(stateDir, "postgres")));
      expect(home).toMatch(/^\/var\/lib\/lotus\/[0-9a-f]{16}$/);
      expect(servers()).toHaveLength(3);
      await platform.stop();
      const again = await start();
      expect(await sql(again.connections, "SELECT answer FROM p.kept")).toEqual([{ answer: 42 }]);
      await again.stop();
      await removeState(stateDir);
      expect(existsSync(home)).toBe(false);
      expect(existsSync(stateDir)).toBe(false);
    },
  );
});
