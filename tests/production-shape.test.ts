import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { Argument, Command, Option } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { statusJson } from "../cli/commands/status.ts";
import { createProgram } from "../cli/program.ts";
import { errorCatalogue } from "../common/errors.ts";
import { environmentVariables, readSettings } from "../common/settings.ts";
import { Lake } from "../lake/lake.ts";
import { searchAttributes } from "../orchestration/names.ts";
import { type Isolation, isolate } from "./support/isolation.ts";

/** Files that no test runs as a whole (there is no Docker here) and documents, held against the code. */

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

let isolation: Isolation;
beforeAll(async () => {
  isolation = await isolate();
});
afterAll(() => isolation.dispose());

const dependency = z.object({
  condition: z.enum(["service_healthy", "service_completed_successfully"]),
});
const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      build: z.string().optional(),
      restart: z.string(),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      healthcheck: z.object({ test: z.array(z.string()).min(2) }).optional(),
      depends_on: z.record(z.string(), dependency).optional(),
      ports: z.array(z.string()).optional(),
      volumes: z.array(z.string()).optional(),
      entrypoint: z.array(z.string()).optional(),
      command: z.array(z.string()).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});

const composeText = read("docker-compose.yml");
const compose = composeSchema.parse(parse(composeText, { merge: true }));
const services = Object.entries(compose.services);
const dockerfile = read("Dockerfile");

/** Those that end by themselves: somebody waits for their success. */
const oneShot = new Set(
  services.flatMap(([, service]) =>
    Object.entries(service.depends_on ?? {}).flatMap(([name, { condition }]) =>
      condition === "service_completed_successfully" ? [name] : [],
    ),
  ),
);

/** Every variable of ours that the code mentions. */
const variablesOfCode = new Set([
  ...environmentVariables,
  ...sources("platform").flatMap((text) => text.match(/\bLOTUS_[A-Z][A-Z0-9_]*\b/g) ?? []),
]);

function sources(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(join(folder, name)));
}

describe("docker-compose.yml", () => {
  test("has the roles of the design", () => {
    expect(compose.services).toMatchObject({
      postgres: {},
      seaweedfs: {},
      temporal: {},
      "temporal-ui": {},
      worker: {},
      api: {},
      gateway: {},
    });
  });

  test.each(services)("%s restarts, is checked, and is pinned", (name, service) => {
    expect(service.restart).toMatch(oneShot.has(name) ? /^on-failure/ : /^unless-stopped$/);
    const checked = service.healthcheck !== undefined || service.build !== undefined;
    if (!oneShot.has(name)) expect(checked, "no health check").toBe(true);
    if (service.build === undefined) expect(service.image).toMatch(/:\d+(\.\d+)*(-[a-z]+)?$/);
    else expect(dockerfile).toContain("HEALTHCHECK");
  });

  test("whoever is waited for healthy has a health check", () => {
    for (const [, service] of services) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services[name], name).toBeDefined();
        if (condition === "service_healthy") expect(compose.services[name]?.healthcheck, name).toBeDefined();
      }
    }
  });

  test("binds ports to the loopback only", () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test("asks for every secret and holds none", () => {
    const secret = /PASSWORD|PWD|SECRET|ACCESS_KEY|TOKEN/;
    for (const [name, service] of services) {
      for (const [variable, value] of Object.entries(service.environment ?? {})) {
        if (secret.test(variable)) expect(String(value), `${name} ${variable}`).toMatch(/^\$\{\w+:\?.+\}$/);
        const password = /:\/\/[^:/]+:(.+)@/.exec(String(value))?.[1];
        if (password !== undefined) expect(password, `${name} ${variable}`).toMatch(/^\$\{\w+:\?.+\}$/);
      }
    }
    const example = [...read(".env.example").matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const asked = new Set([...composeText.matchAll(/\$\{(\w+):\?/g)].map((match) => match[1]));
    expect(new Set(example.map(([name]) => name))).toEqual(asked);
    expect(example.every(([, value]) => value === "")).toBe(true);
    const optional = [...composeText.matchAll(/\$\{(\w+):-/g)].map((match) => match[1]);
    for (const name of optional) expect(read(".env.example")).toContain(`# ${name}=`);
  });

  test("gives a worker settings that the code takes", () => {
    const environment = Object.fromEntries(
      Object.entries(compose.services.worker?.environment ?? {}).map(([name, value]) => [
        name,
        String(value)
          .replace(/\$\{\w+:-([^}]*)\}/g, "$1")
          .replace(/\$\{\w+:\?[^}]*\}/g, "abc123"),
      ]),
    );
    for (const name of Object.keys(environment)) expect(environmentVariables).toContain(name);
    const { connections, engine } = readSettings(environment);
    expect(connections).toEqual({
      catalogUrl: "postgres://lotus:abc123@postgres:5432/lotus",
      s3: {
        endpoint: "http://seaweedfs:8333",
        bucket: "landing",
        region: "us-east-1",
        accessKeyId: "abc123",
        secretAccessKey: "abc123",
      },
      temporal: { address: "temporal:7233", namespace: "lotus", ui: "http://127.0.0.1:8080" },
    });
    expect(engine.memoryLimit).not.toBeNull();
    for (const address of [
      connections?.catalogUrl,
      connections?.s3.endpoint,
      `http://${connections?.temporal.address}`,
    ]) {
      expect(compose.services).toHaveProperty(new URL(address ?? "").hostname);
    }
    expect(compose.services["temporal-namespace"]?.environment?.TEMPORAL_NAMESPACE).toBe("lotus");
    for (const name of Object.values(searchAttributes)) {
      expect(read("docker/temporal-namespace.sh")).toContain(name);
    }
  });

  test("the check of commands can fail", () => {
    expect(() => parseArguments(["worker", "--project", "/project"])).not.toThrow();
    for (const argv of [["nosuch"], ["worker", "--nope"], ["worker", "extra"], ["sql"]]) {
      expect(() => parseArguments(argv), argv.join(" ")).toThrow();
    }
  });

  test("runs commands that exist, and mounts files that exist", () => {
    for (const [name, service] of services) {
      if (service.build !== undefined && service.entrypoint === undefined) {
        expect(() => parseArguments(service.command ?? []), name).not.toThrow();
      }
      for (const part of service.entrypoint ?? []) {
        if (part.startsWith("/app/"))
          expect(statSync(join(root, part.slice("/app/".length))).isFile()).toBe(true);
      }
      for (const volume of service.volumes ?? []) {
        const source = volume.split(":")[0] ?? "";
        if (source.startsWith("./")) expect(statSync(join(root, source)).isFile(), source).toBe(true);
        else if (!source.startsWith("$")) expect(compose.volumes).toHaveProperty(source);
      }
    }
  });

  test("its bucket service creates the bucket, and leaves one that is there", async () => {
    const bucket = `made-${isolation.connections.s3.bucket}`;
    const { catalogUrl, temporal } = isolation.connections;
    const s3 = { ...isolation.connections.s3, bucket };
    const environment = {
      PATH: process.env.PATH,
      LOTUS_CATALOG_URL: catalogUrl,
      LOTUS_S3_ENDPOINT: s3.endpoint ?? "",
      LOTUS_S3_BUCKET: s3.bucket,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      LOTUS_TEMPORAL_ADDRESS: temporal.address,
    };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const run = spawnSync(process.execPath, ["docker/create-bucket.mjs"], { cwd: root, env: environment });
      expect(run.status, String(run.stderr)).toBe(0);
    }
    const client = new S3Client({
      endpoint: s3.endpoint ?? "",
      forcePathStyle: true,
      region: s3.region,
      credentials: s3,
    });
    await expect(client.send(new HeadBucketCommand({ Bucket: bucket }))).resolves.toBeDefined();
    client.destroy();
  });
});

describe("Dockerfile", () => {
  test("runs lotus as somebody else than root, with variables that the code knows", () => {
    expect(/^USER (.+)$/m.exec(dockerfile)?.[1]).toBe("node");
    expect(dockerfile.lastIndexOf("\nUSER ")).toBeGreaterThan(dockerfile.lastIndexOf("\nRUN "));
    for (const name of dockerfile.match(/\bLOTUS_\w+/g) ?? []) expect([...variablesOfCode]).toContain(name);
    const json = (instruction: RegExp) =>
      z.array(z.string()).parse(JSON.parse(instruction.exec(dockerfile)?.[1] ?? "null"));
    expect(json(/^ENTRYPOINT (.+)$/m)).toEqual(["node", "/app/bin/lotus.mjs"]);
    expect(() => parseArguments(json(/^CMD (.+)$/m))).not.toThrow();
    const check = json(/HEALTHCHECK[^[]+CMD (.+)$/m);
    expect(check.slice(0, 2)).toEqual(["node", "/app/bin/lotus.mjs"]);
    expect(() => parseArguments(check.slice(2))).not.toThrow();
  });

  test("copies what it runs", () => {
    const ignored = read(".dockerignore").split("\n");
    for (const needed of ["bin", "cli", "docker", "platform", "package-lock.json"]) {
      expect(ignored).not.toContain(needed);
    }
    expect(ignored).toEqual(expect.arrayContaining([".env", ".lotus", "node_modules", ".git"]));
    const oldest = Number(/"node": ">=(\d+)/.exec(read("package.json"))?.[1]);
    for (const [, version] of dockerfile.matchAll(/^FROM node:(\d+)/gm)) {
      expect(Number(version)).toBeGreaterThanOrEqual(oldest);
    }
  });
});

/** Parses arguments with the real command line, whose actions are taken out. */
function parseArguments(argv: readonly string[]): void {
  const program = createProgram().configureOutput({ writeErr: () => {} });
  for (const command of everyCommand(program)) command.action(() => {});
  program.parse(["node", "lotus", ...argv]);
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

test("no SQL of ours aggregates over a window without partitions: DuckDB 1.5.5 fails in itself over it, at random", () => {
  const folders = ["assets", "audit", "cli", "lake", "orchestration", "platform", "sensors"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const sources = files.filter((name) => name.endsWith(".ts"));
  expect(sources.length).toBeGreaterThan(100);
  const windows = /\bOVER\s*\(\s*(?!PARTITION\b)/;
  expect(sources.filter((name) => windows.test(readFileSync(join(root, name), "utf8")))).toEqual([]);
});

describe("reference", () => {
  test("errors.md has one entry for each error, and says what is retried", () => {
    const entries = sections(read("docs/reference/errors.md"));
    expect([...entries.keys()].sort()).toEqual(Object.keys(errorCatalogue).sort());
    for (const [code, { retryable }] of Object.entries(errorCatalogue)) {
      expect(entries.get(code), code).toMatch(retryable ? /(?<!Not )Retried/ : /Not retried/);
    }
  });

  test("settings.md has every variable that the code reads, and no other", () => {
    const rows = [...read("docs/reference/settings.md").matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(
      ([, name]) => name,
    );
    expect(rows.toSorted()).toEqual([...variablesOfCode].sort());
  });

  test("cli.md has every command with its arguments and options, and no other", () => {
    const commands = everyCommand(createProgram()).filter((command) => command.commands.length === 0);
    const entries = sections(read("docs/reference/cli.md"));
    const usage = (command: Command) =>
      [
        ...path(command),
        ...command.registeredArguments.map((argument: Argument) => argument.name().toUpperCase()),
      ].join(" ");
    expect([...entries.keys()].sort()).toEqual(commands.map(usage).sort());
    for (const command of commands) {
      const flags = [...(entries.get(usage(command)) ?? "").matchAll(/^\| `(--[^`]+)` \|/gm)].map(
        (match) => match[1],
      );
      expect(flags.toSorted(), usage(command)).toEqual(
        command.options.map((option: Option) => option.flags).sort(),
      );
    }
    expect(read("docs/reference/cli.md")).toContain("`--debug`");
  });

  test("status.md names every key of the JSON", () => {
    const document = read("docs/reference/status.md");
    const example = /```json\n([\s\S]*?)```/.exec(document)?.[1] ?? "";
    const stream = {
      source: "",
      stream: "",
      cursor: null,
      waitingFiles: 0,
      quarantinedFiles: 0,
      rows: 0,
      batches: 0,
    };
    const asset = {
      key: "",
      kind: "enriched",
      rows: null,
      snapshot: null,
      updatedAt: null,
      state: "fresh",
      message: null,
    } as const;
    const status = { idle: true, settled: true, streams: [stream], assets: [asset] };
    const real = statusJson(status, isolation.connections, true, { api: null, gateway: null });
    expect(keysOf(JSON.parse(example))).toEqual(keysOf(JSON.parse(JSON.stringify(real))));
  });

  test("tables.md names every meta table and view, and the columns of those that people read", async () => {
    const { connections, tools, folder } = isolation;
    const lake = await Lake.open({
      connections,
      engine: { memoryLimit: null, threads: null },
      extensions: tools.extensions,
      spillDir: folder,
    });
    const columns = await lake.withSession((session) =>
      session.query(
        z.object({ table_name: z.string(), column_name: z.string() }),
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lakehouse' AND schema_name = 'meta'",
      ),
    );
    lake.close();
    const document = read("docs/reference/tables.md");
    const names = new Set(columns.map((column) => column.table_name));
    const listed = [...document.matchAll(/^\| `(\w+)` \| (?:log|view) \|/gm)].map(([, name]) => name ?? "");
    expect(listed.toSorted()).toEqual([...names].sort());
    const entries = new Map(
      document
        .split(/^### /m)
        .slice(1)
        .map((text) => [/^meta\.(\w+)/.exec(text)?.[1] ?? "", text]),
    );
    expect(entries.size).toBeGreaterThan(4);
    for (const [name, text] of entries) {
      const documented = [...text.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell = ""]) =>
        [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1]),
      );
      const real = columns.filter((column) => column.table_name === name).map((column) => column.column_name);
      expect(documented.toSorted(), name).toEqual(real.sort());
    }
  });

  test("definitions.md explains every finding", () => {
    const document = read("docs/definitions.md");
    const codes = sources("assets").flatMap((text) =>
      [
        ...text.matchAll(
          /\bcode: "([a-z-]+)"|(?:const CODE = |[a-z]Fault\(|readJson\([^,]+, )"([a-z]+(?:-[a-z]+)+)"/g,
        ),
      ].map((match) => match[1] ?? match[2] ?? ""),
    );
    expect(new Set(codes).size).toBeGreaterThan(25);
    for (const code of new Set(codes)) if (code !== "custom") expect(document).toContain(`\`${code}\``);
  });

  test("links between documents lead somewhere", () => {
    const documents = [
      "README.md",
      "CONTRIBUTING.md",
      "CHANGELOG.md",
      ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md"))
        .map((name) => join("docs", name)),
    ];
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1] ?? "")
        .filter((link) => !link.startsWith("http") && !leadsSomewhere(document, link))
        .map((link) => `${document}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});

function leadsSomewhere(document: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(root, document) : resolve(root, dirname(document), path);
  try {
    if (anchor === undefined) return statSync(target) !== undefined;
    const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replaceAll(" ", "-"),
    );
    return headings.includes(anchor);
  } catch {
    return false;
  }
}

/** The names of a command and of those above it. */
function path(command: Command): string[] {
  return [...(command.parent ? path(command.parent) : []), command.name()];
}

/** The text under each heading of the second level. */
function sections(document: string): Map<string, string> {
  return new Map(
    document
      .split(/^## /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf("\n")), text.slice(text.indexOf("\n"))]),
  );
}

function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (value === null || typeof value !== "object") return null;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, keysOf(inner)]),
  );
}
