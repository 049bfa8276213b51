import type { ClientChannel } from "./client-channel.ts";
import { PgError } from "./pg-error.ts";
import { PostgresLink } from "./postgres-link.ts";
import { GATEWAY_USERS, userRole } from "./roles.ts";
import { refuseGuardedSetting, SESSION_SETTINGS } from "./settings-guard.ts";
import { type ServerAddress, Upstream } from "./upstream.ts";
import { BodyReader, cString, type Frame, int32 } from "./wire/frames.ts";

/** A client that Postgres knows and the gateway lets in. */
export interface LoggedIn {
  upstream: Upstream;
  user: string;
  /** By which a request to cancel names the session. */
  cancelKey: string;
}

/** Postgres has refused the client, which knows. */
export class Refused extends Error {}

/**
 * Logs a client in: Postgres asks for its password and checks it (SCRAM), the gateway passes the messages on, and lets
 * nobody in but the users that Lotus made.
 * @throws Refused, or PgError for what the gateway itself refuses
 */
export async function logIn(
  client: ClientChannel,
  greeting: { version: number; parameters: ReadonlyMap<string, string> },
  server: ServerAddress & { database: string },
  closed: () => void,
): Promise<LoggedIn> {
  const { parameters, version } = greeting;
  const user = parameters.get("user") ?? "";
  if (user === "") throw new PgError("28000", "no PostgreSQL user name specified in startup packet");
  const startup = startupMessage(version, parameters, server.database);
  // What Postgres says beside its answers comes after the log-in.
  let held: Frame[] | null = [];
  const aside = (frame: Frame) => {
    if (held && frame.type !== "E") {
      held.push(frame);
      return;
    }
    client.write(frame.bytes);
    client.flush();
  };
  const upstream = await Upstream.open(server, { aside, closed });
  try {
    upstream.send(startup);
    await authenticate(client, upstream);
    const rest = await untilReady(upstream);
    await admit(client, upstream, user, parameters.get("database") ?? user, server.database);
    for (const frame of [...rest.answers, ...held]) client.write(frame.bytes);
    client.write(rest.ready.bytes);
    held = null;
    return { upstream, user, cancelKey: rest.cancelKey };
  } catch (error) {
    upstream.end();
    throw error;
  }
}

/** The client's startup message, with the database and the settings that are not the client's to choose. */
function startupMessage(version: number, parameters: ReadonlyMap<string, string>, database: string): Buffer {
  const kept = [...parameters].filter(
    ([name]) => !["database", "options", "client_min_messages"].includes(name),
  );
  if (parameters.has("replication")) throw new PgError("0A000", "the gateway does not replicate");
  for (const [name] of kept) refuseGuardedSetting(name);
  const wished = parameters.get("options") ?? "";
  refuseGuardedOptions(wished);
  const own = Object.entries(SESSION_SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  const options = [wished, ...own].join(" ").trim();
  const pairs = [...kept, ["database", database], ["options", options]].flatMap(([name, value]) => [
    cString(name as string),
    cString(value as string),
  ]);
  const body = Buffer.concat([int32(version), ...pairs, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** `-c name=value` and `--name=value`; `client_min_messages` is overruled by what follows. */
function refuseGuardedOptions(options: string): void {
  for (const [, name = ""] of options.matchAll(/(?:-c\s*|--)([\w.-]+)\s*=/g)) {
    const setting = name.replaceAll("-", "_");
    if (setting !== "client_min_messages") refuseGuardedSetting(setting);
  }
}

async function authenticate(client: ClientChannel, upstream: Upstream): Promise<void> {
  for (;;) {
    const request = await upstream.next();
    if (request.type === "E") refuse(client, request);
    if (request.type !== "R") {
      client.write(request.bytes);
      continue;
    }
    const kind = new BodyReader(request.body).int32();
    client.write(request.bytes);
    if (kind === AUTHENTICATION_OK) return;
    if (kind === SASL_FINAL) continue;
    const answer = await client.next();
    if (answer === null) throw new Refused();
    if (answer.type !== "p") throw new PgError("08P01", `expected a password, got message ${answer.type}`);
    upstream.send(answer.bytes);
  }
}

const AUTHENTICATION_OK = 0;
const SASL_FINAL = 12;

interface Ready {
  answers: Frame[];
  ready: Frame;
  cancelKey: string;
}

async function untilReady(upstream: Upstream): Promise<Ready> {
  const answers: Frame[] = [];
  let cancelKey = "";
  for (;;) {
    const frame = await upstream.next();
    if (frame.type === "Z") return { answers, ready: frame, cancelKey };
    if (frame.type === "K") cancelKey = frame.body.toString("hex");
    answers.push(frame);
  }
}

/** Only users of Lotus's own, and only to the one database. */
async function admit(
  client: ClientChannel,
  upstream: Upstream,
  user: string,
  wanted: string,
  database: string,
): Promise<void> {
  const postgres = new PostgresLink(client, upstream);
  const role = Buffer.from(userRole(database));
  const [admitted] = await postgres.row(ADMITTED, [{ type: 25, value: role }], 0);
  await postgres.sync(false);
  if (admitted?.toString() !== "t")
    throw new PgError("28000", `role "${user}" is none of the lake's users`, {
      hint: "Add one with `lotus user add`.",
    });
  if (wanted !== database)
    throw new PgError("3D000", `database "${wanted}" does not exist`, {
      hint: `The lake is the database "${database}".`,
    });
}

const ADMITTED = `SELECT EXISTS (SELECT FROM (${GATEWAY_USERS}) u WHERE u.rolname = session_user)`;

function refuse(client: ClientChannel, answer: Frame): never {
  client.write(answer.bytes);
  throw new Refused();
}
