import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { LotusError, messageOf } from "../common/errors.ts";
import { type Account, canEnter, postgresAccount } from "./account.ts";
import { postgresBinaries, systemFolder } from "./postgres-binaries.ts";
import { type Report, step } from "./progress.ts";
import type { ServiceSpec } from "./service.ts";
import type { StatePaths } from "./state.ts";

/** Settings of the catalog's Postgres, given on its command line. It stays durable: fsync and commits are as usual. */
const settings: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  password_encryption: "scram-sha-256",
  max_connections: "200",
  shared_buffers: "256MB",
  // A catalog is many small statements: nothing for a compiler or for parallel workers to win.
  jit: "off",
  max_parallel_workers_per_gather: "0",
  // DuckDB may leave a session idle in transaction, which would hold back vacuum for ever.
  idle_in_transaction_session_timeout: "10min",
  max_wal_size: "1GB",
  checkpoint_timeout: "15min",
  wal_level: "minimal",
  max_wal_senders: "0",
  log_checkpoints: "off",
  log_timezone: "UTC",
  timezone: "UTC",
};

/**
 * What the catalog's role may do, and others may not. No superuser: whoever gets SQL past Lotus to this role must not
 * read the server's files. It makes the gateway's database and its users, and keeps what the gateway asks Postgres to
 * print out of the server's log. Users get into the databases that they are let into, and no other.
 */
const PRIVILEGES = [
  "ALTER ROLE lotus CREATEDB CREATEROLE",
  "GRANT SET ON PARAMETER log_min_messages TO lotus",
  "REVOKE CONNECT, TEMPORARY ON DATABASE lotus, postgres, template1 FROM PUBLIC",
];

/**
 * Prepares the catalog's Postgres (a cluster of its own, with a password and the database `lotus`) and tells how to
 * run it.
 *
 * As root it runs under another account. Where that account cannot enter the state folder (a clone in root's home,
 * a private temporary folder: common), its data are kept in /var/lib/lotus/ID/postgres, and `postgres` in the state
 * folder is a link to it.
 * @throws LotusError CATALOG_UNREACHABLE
 */
export async function preparePostgres(
  paths: StatePaths,
  options: { port: number; password: string; passwordIsNew: boolean; report: Report },
): Promise<ServiceSpec> {
  const account = postgresAccount(paths.postgres);
  const binaries = await postgresBinaries(account, options.report);
  if (!existsSync(join(paths.postgres, "PG_VERSION"))) {
    await step(options.report, "creating the catalog's Postgres", async () =>
      createCluster(paths, binaries, account, options.password),
    );
  } else {
    updateCluster(paths, binaries, account, options.passwordIsNew ? options.password : null);
  }
  const data = realpathSync(paths.postgres);
  return {
    name: "postgres",
    title: "Postgres",
    command: join(binaries, "bin", "postgres"),
    args: [
      ...["-D", data, "-p", String(options.port)],
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" },
    cwd: data,
    ...(account ? { user: account } : {}),
    logFile: join(paths.logs, "postgres.log"),
    stopSignal: "SIGINT", // "Fast": ends sessions, writes a checkpoint.
    stopGraceMilliseconds: 30_000,
    isReady: async (pid) => saysReady(data, pid),
    unreachable: "CATALOG_UNREACHABLE",
  };
}

/** What pg_ctl looks at: the server's own file names its pid in the first line and its state in the eighth. */
function saysReady(data: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

/** The cluster is made beside and renamed when it is complete: an initdb that was killed leaves nothing behind. */
function createCluster(paths: StatePaths, binaries: string, account: Account | null, password: string): void {
  const home = chooseHome(paths, account);
  const draft = join(home, "postgres.new");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const passwordFile = join(draft, "password");
  // Nobody needs to log in as the superuser: what only it may do is done without a server (runSingle).
  writeFileSync(passwordFile, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
  for (const path of account ? [draft, passwordFile] : []) {
    chownSync(path, (account as Account).uid, (account as Account).gid);
  }
  const data = join(draft, "data");
  run(join(binaries, "bin", "initdb"), account, [
    ...["--pgdata", data, "--username", "postgres", "--pwfile", passwordFile],
    ...["--auth", "scram-sha-256", "--encoding", "UTF8"],
    // Sorts by code point everywhere, and knows Unicode's letters, whatever the system's locales are.
    ...["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"],
  ]);
  runSingle(binaries, account, data, "postgres", [
    `CREATE ROLE lotus LOGIN PASSWORD '${password}'`,
    "CREATE DATABASE lotus OWNER lotus",
    ...PRIVILEGES,
  ]);
  notePrivileges(data);
  const target = join(home, "postgres");
  renameSync(data, target);
  rmSync(draft, { recursive: true, force: true });
  if (target !== paths.postgres) {
    rmSync(paths.postgres, { force: true });
    symlinkSync(target, paths.postgres);
  }
}

/** Gives a cluster that an earlier version made what it lacks, and another password where one is given. */
function updateCluster(
  paths: StatePaths,
  binaries: string,
  account: Account | null,
  password: string | null,
): void {
  const data = realpathSync(paths.postgres);
  const statements = [
    ...(password === null ? [] : [`ALTER ROLE lotus PASSWORD '${password}'`]),
    ...(hasPrivileges(data) ? [] : PRIVILEGES),
  ];
  if (statements.length === 0) return;
  runSingle(binaries, account, data, "postgres", statements);
  notePrivileges(data);
}

/** A file of ours in the cluster: to ask Postgres itself would cost each start a server more. */
const privilegesNote = "lotus-privileges";

function hasPrivileges(data: string): boolean {
  const note = join(data, privilegesNote);
  return existsSync(note) && readFileSync(note, "utf8") === PRIVILEGES.join("\n");
}

function notePrivileges(data: string): void {
  writeFileSync(join(data, privilegesNote), PRIVILEGES.join("\n"), { mode: 0o600 });
}

/** The folder for the cluster: the state folder, or one under /var/lib/lotus that the account can enter. */
function chooseHome(paths: StatePaths, account: Account | null): string {
  if (account === null) return paths.root;
  // The account must pass through the state folder; what is secret in it has a mode of its own.
  chmodSync(paths.root, 0o711);
  if (canEnter(account, paths.root)) return paths.root;
  const home = join(systemFolder, randomBytes(8).toString("hex"));
  mkdirSync(home, { recursive: true });
  for (const folder of [systemFolder, home]) chmodSync(folder, 0o755);
  writeFileSync(join(home, "README"), `Postgres data of the Lotus state folder ${paths.root}\n`);
  return home;
}

/** SQL without a server or a password: Postgres's single-user mode, for a cluster that does not run. */
function runSingle(
  binaries: string,
  account: Account | null,
  data: string,
  database: string,
  statements: readonly string[],
): void {
  run(
    join(binaries, "bin", "postgres"),
    account,
    // Errors end the process with a non-zero code, and one line is one statement.
    ["--single", "-D", data, "-c", "exit_on_error=on", database],
    `${statements.join("\n")}\n`,
  );
}

function run(program: string, account: Account | null, args: string[], input?: string): void {
  try {
    execFileSync(program, args, {
      ...(account ?? {}),
      cwd: "/",
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" },
      stdio: ["pipe", "pipe", "pipe"],
      ...(input === undefined ? {} : { input }),
      timeout: 120_000,
    });
  } catch (error) {
    const stderr = String((error as { stderr?: Buffer }).stderr ?? "").trim();
    const last = stderr.split("\n").at(-1) || messageOf(error);
    throw new LotusError(
      "CATALOG_UNREACHABLE",
      `Postgres could not be set up: ${last}. Free the cause, or set LOTUS_CATALOG_URL and the other connections.`,
      { cause: error },
    );
  }
}
