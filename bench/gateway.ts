import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import pg from "pg";
import type { Connections } from "../common/settings.ts";
import { threadPool } from "../gateway/thread-pool.ts";
import { GatewayUsers } from "../gateway/users.ts";
import { Lake } from "../lake/lake.ts";
import { identifier } from "../lake/sql.ts";
import type { Bench } from "./main.ts";
import type { Stage } from "./stage.ts";

const USER = "bench";
const PASSWORD = "for-a-bench-alone";
const DATABASE = "lake_bench";
const LARGE = 50_000_000;
const SMALL = 5_000_000;

/** The same columns in the words of both. */
const COLUMNS = `i AS id, (i % 100000)::INTEGER AS customer_id, 'product ' || (i % 20) AS product,
  ((i % 100000) / 100.0)::NUMERIC(18,2) AS amount, (i % 7)::INTEGER AS quantity,
  DATE '2024-01-01' + (i % 700)::INTEGER AS sold_on, TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL '1 second' * i AS sold_at`;

/** Another statement with each number, since the gateway keeps small results. */
const AGGREGATES: Readonly<Record<string, (table: string, number: number) => string>> = {
  "count, sum, avg": (table, number) =>
    `SELECT ${number}, count(*), sum(amount), avg(quantity) FROM ${table}`,
  "by product": (table, number) =>
    `SELECT product, sum(amount), count(*), ${number} FROM ${table} GROUP BY product ORDER BY product`,
  "by month of a year": (table, number) =>
    `SELECT date_trunc('month', sold_on) AS month, sum(amount), avg(amount), ${number} FROM ${table}
     WHERE sold_on >= '2025-01-01' GROUP BY 1 ORDER BY 1`,
  "ten best customers": (table, number) =>
    `SELECT customer_id, sum(amount) AS total, ${number} FROM ${table} GROUP BY customer_id ORDER BY total DESC, customer_id LIMIT 10`,
};

/** The gateway and its peer, with the same tables. */
interface Sides {
  gateway: pg.ClientConfig;
  postgres: pg.ClientConfig;
  gatewayPid: number;
}

export const gateway: Bench = {
  name: "gateway",
  about: "what clients of the gateway get, against the same tables in a real Postgres",
  run: async (stage, report) => {
    const connections = await stage.freshLake();
    await fillLake(stage, connections, report);
    const postgres = await fillPostgres(connections, report);
    const running = await startGatewayProcess(stage, connections);
    try {
      await new GatewayUsers(connections.catalogUrl, DATABASE).add(
        USER,
        PASSWORD,
        { schemas: ["main"], tables: [] },
        200,
      );
      const sides: Sides = {
        gateway: {
          host: "127.0.0.1",
          port: running.port,
          user: USER,
          password: PASSWORD,
          database: DATABASE,
        },
        postgres,
        gatewayPid: running.pid,
      };
      return [
        ["what", "gateway", "Postgres", "gateway / Postgres"],
        ...(await aggregates(sides, report)),
        ...(await rowsOut(sides, report)),
        ...(await tiny(sides, report)),
        ...(await sessions(sides, report)),
        ...(await slowClient(sides, report)),
      ];
    } finally {
      await running.stop();
    }
  },
};

async function fillLake(
  stage: Stage,
  connections: Connections,
  report: (line: string) => void,
): Promise<void> {
  report("filling the lake");
  const lake = await Lake.open({
    connections,
    engine: { memoryLimit: "4GB", threads: null },
    extensions: stage.tools.extensions,
    spillDir: join(stage.folder, "spill"),
  });
  await lake.withSession(async (session) => {
    for (const [table, rows] of [
      ["sales_5m", SMALL],
      ["sales_50m", LARGE],
    ] as const)
      await session.execute(`CREATE TABLE ${table} AS SELECT ${COLUMNS} FROM range(${rows}) t(i)`);
    await session.execute(
      "CREATE TABLE products AS SELECT i::INTEGER AS id, 'product ' || i AS name FROM range(1000) t(i)",
    );
  });
  lake.close();
}

/** As its makers advise for such tables on such a machine: parallel workers, JIT, some memory to sort in. */
async function fillPostgres(
  connections: Connections,
  report: (line: string) => void,
): Promise<pg.ClientConfig> {
  report("filling Postgres");
  const url = new URL(connections.catalogUrl);
  const name = `${url.pathname.slice(1)}_peer`;
  const owner = new pg.Client(url.href);
  await owner.connect();
  await owner.query(`CREATE DATABASE ${identifier(name)}`);
  await owner.end();
  url.pathname = `/${name}`;
  const config = {
    connectionString: url.href,
    options: "-c max_parallel_workers_per_gather=2 -c work_mem=128MB -c jit=on",
  };
  const peer = new pg.Client(config);
  await peer.connect();
  for (const [table, rows] of [
    ["sales_5m", SMALL],
    ["sales_50m", LARGE],
  ] as const) {
    await peer.query(
      `CREATE UNLOGGED TABLE ${table} AS SELECT ${COLUMNS} FROM generate_series(0::bigint, ${rows - 1}) t(i)`,
    );
    await peer.query(`VACUUM ANALYZE ${table}`);
  }
  await peer.query(
    "CREATE TABLE products AS SELECT i::INTEGER AS id, 'product ' || i AS name FROM generate_series(0, 999) t(i)",
  );
  await peer.query("ALTER TABLE products ADD PRIMARY KEY (id)");
  await peer.query("VACUUM ANALYZE products");
  await peer.end();
  return config;
}

async function startGatewayProcess(stage: Stage, connections: Connections) {
  const portFile = join(stage.folder, "gateway-port");
  const path = fileURLToPath(new URL("./run-gateway.ts", import.meta.url));
  const child = execa("node", ["--import", "tsx", path], {
    env: threadPool,
    stdin: "pipe",
    stdout: "ignore",
    stderr: "inherit",
    reject: false,
  });
  const { extensions } = stage.tools;
  child.stdin?.write(
    JSON.stringify({
      connections,
      extensions,
      folder: stage.folder,
      database: DATABASE,
      memoryLimit: "2GB",
      portFile,
    }),
  );
  while (!existsSync(portFile)) await setTimeout(50);
  return {
    port: Number(await readFile(portFile, "utf8")),
    pid: child.pid as number,
    stop: async () => {
      child.stdin?.end();
      await child;
    },
  };
}

async function aggregates(sides: Sides, report: (line: string) => void): Promise<string[][]> {
  const lines: string[][] = [];
  for (const table of ["sales_5m", "sales_50m"]) {
    for (const [name, sql] of Object.entries(AGGREGATES)) {
      report(`${name} over ${table}`);
      const ours = await best(sides.gateway, (run) => sql(table, run), 3);
      const theirs = await best(sides.postgres, (run) => sql(table, run), table === "sales_5m" ? 3 : 2);
      lines.push(line(`${name}, ${table === "sales_5m" ? "5 M" : "50 M"} rows`, ours, theirs));
    }
  }
  const again = () =>
    "SELECT product, sum(amount), count(*) FROM sales_50m GROUP BY product ORDER BY product";
  const [ours, theirs] = [await best(sides.gateway, again, 3), await best(sides.postgres, again, 1)];
  lines.push(line("by product, 50 M rows, asked again", ours, theirs));
  return lines;
}

/** The shortest of some runs after one that warms it up. */
async function best(config: pg.ClientConfig, sql: (run: number) => string, runs: number): Promise<number> {
  const client = new pg.Client(config);
  await client.connect();
  let shortest = Number.POSITIVE_INFINITY;
  for (let run = 0; run <= runs; run += 1) {
    const started = performance.now();
    await client.query(sql(run));
    if (run > 0) shortest = Math.min(shortest, performance.now() - started);
  }
  await client.end();
  return shortest;
}

/** By psql, which costs both sides the same. */
async function rowsOut(sides: Sides, report: (line: string) => void): Promise<string[][]> {
  const rows = "SELECT * FROM sales_5m WHERE id < 1000000";
  const ways: Record<string, string[]> = {
    "1 M rows × 7 columns to psql": ["-At", "-c", rows],
    "1 M rows × 7 columns by COPY": ["-c", `COPY (${rows}) TO STDOUT`],
  };
  const lines: string[][] = [];
  for (const [name, command] of Object.entries(ways)) {
    report(name);
    const time = async (config: pg.ClientConfig) => {
      let shortest = Number.POSITIVE_INFINITY;
      for (let run = 0; run < 4; run += 1) {
        const started = performance.now();
        await execa("psql", ["-X", "-o", "/dev/null", "-d", dsnOf(config), ...command], { stdout: "ignore" });
        if (run > 0) shortest = Math.min(shortest, performance.now() - started);
      }
      return shortest;
    };
    const ours = await time(sides.gateway).catch(() => null);
    if (ours === null) return [["1 M rows out", "psql is not here", "", ""]];
    lines.push(line(name, ours, await time(sides.postgres)));
  }
  return lines;
}

function dsnOf({ connectionString, host, port, user, password, database }: pg.ClientConfig): string {
  return connectionString ?? `postgres://${user}:${password}@${host}:${port}/${database}`;
}

async function tiny(sides: Sides, report: (line: string) => void): Promise<string[][]> {
  report("tiny queries");
  const text = "SELECT name FROM products WHERE id =";
  const ways: Record<string, (run: number) => pg.QueryConfig> = {
    "tiny query asked again, simple": () => ({ text: `${text} 500` }),
    "tiny query asked again, prepared": () => ({ name: "tiny", text: `${text} $1`, values: [500] }),
    "another one each time, simple": (run) => ({ text: `${text} ${run % 1000}` }),
    "another one each time, prepared": (run) => ({
      name: "other",
      text: `${text} $1`,
      values: [run % 1000],
    }),
  };
  const lines: string[][] = [];
  for (const [name, query] of Object.entries(ways)) {
    const time = async (config: pg.ClientConfig) => {
      const client = new pg.Client(config);
      await client.connect();
      const times: number[] = [];
      for (let run = 0; run < 1100; run += 1) {
        const started = performance.now();
        await client.query(query(run));
        if (run >= 100) times.push(performance.now() - started);
      }
      await client.end();
      return quantile(times, 0.5);
    };
    lines.push(line(`${name} (median)`, await time(sides.gateway), await time(sides.postgres)));
  }
  return lines;
}

async function sessions(sides: Sides, report: (line: string) => void): Promise<string[][]> {
  report("100 idle and 20 busy sessions");
  const lines: Record<string, { times: number[]; failed: number }> = {};
  for (const side of ["gateway", "postgres"] as const) {
    const config = sides[side];
    const idle = await Promise.all(Array.from({ length: 100 }, () => connected(config)));
    const times: number[] = [];
    let asked = 0;
    let failed = 0;
    const until = performance.now() + 15_000;
    const busy = async () => {
      const client = await connected(config);
      while (performance.now() < until) {
        const started = performance.now();
        await client
          .query(
            `SELECT product, count(*), sum(quantity) FROM sales_5m WHERE id < ${500_000 + asked++} GROUP BY product`,
          )
          .catch(() => {
            failed += 1;
          });
        times.push(performance.now() - started);
      }
      await client.end();
    };
    await Promise.all(Array.from({ length: 20 }, busy));
    await Promise.all(idle.map((client) => client.end()));
    lines[side] = { times, failed };
  }
  const { gateway: ours, postgres: theirs } = lines as Record<
    "gateway" | "postgres",
    { times: number[]; failed: number }
  >;
  const told = ({ times, failed }: { times: number[]; failed: number }) =>
    `${times.length} answers, ${failed} failed`;
  return [
    [
      "20 busy beside 100 idle, 15 s",
      told(ours),
      told(theirs),
      (theirs.times.length / ours.times.length).toFixed(2),
    ],
    line("their median", quantile(ours.times, 0.5), quantile(theirs.times, 0.5)),
  ];
}

async function connected(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  await client.connect();
  return client;
}

/** A client that reads 50 M rows with pauses; how much memory the gateway takes meanwhile. */
async function slowClient(sides: Sides, report: (line: string) => void): Promise<string[][]> {
  report("50 M rows to a slow client");
  const client = await connected(sides.gateway);
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
  stream.removeAllListeners("data");
  let bytes = 0;
  let tail = "";
  const ended = new Promise<void>((resolve) => {
    stream.on("data", (piece: Buffer) => {
      bytes += piece.length;
      tail = piece.subarray(-40).toString("latin1");
      if (tail.includes(`SELECT ${LARGE}`)) resolve();
      stream.pause();
      setTimeout(Math.random() * 0.5).then(() => stream.resume());
    });
  });
  const before = await residentMegabytes(sides.gatewayPid);
  let peak = before;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      peak = Math.max(peak, await residentMegabytes(sides.gatewayPid));
      await setTimeout(250);
    }
  })();
  const started = performance.now();
  client.query("SELECT * FROM sales_50m").catch(() => {});
  await ended;
  watching = false;
  await watch;
  const seconds = (performance.now() - started) / 1000;
  client.end().catch(() => {});
  return [
    [
      "50 M rows to a slow client",
      `${seconds.toFixed(0)} s, ${(bytes / 2 ** 30).toFixed(1)} GiB; ${before} MB before, at most ${peak} MB`,
      "",
      "",
    ],
  ];
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((left, right) => left - right);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

function line(name: string, ours: number, theirs: number): string[] {
  const told = (ms: number) => (ms < 100 ? `${ms.toFixed(2)} ms` : `${(ms / 1000).toFixed(2)} s`);
  return [name, told(ours), told(theirs), (ours / theirs).toFixed(2)];
}
