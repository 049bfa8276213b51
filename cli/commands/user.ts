import { Command, InvalidArgumentError } from "commander";
import { LotusError } from "../../common/errors.ts";
import { readSettings } from "../../common/settings.ts";
import { makePassword } from "../../gateway/scram.ts";
import { type Access, DEFAULT_CONNECTIONS, GatewayUsers, type UserSchema } from "../../gateway/users.ts";
import { attachRunning } from "../../platform/platform.ts";
import { count, plainTable, print } from "../output.ts";
import { readSecret } from "../read-secret.ts";
import { whereGateway, withLogin } from "../running-gateway.ts";

interface AccessOptions {
  schema?: UserSchema[];
  table?: string[];
}

export function userCommand(): Command {
  const add = withAccess(
    new Command("add").description("make a user of the gateway, who reads schema main unless told otherwise"),
  )
    .argument("<name>")
    .option("--connections <number>", "sessions at once", readCount, DEFAULT_CONNECTIONS)
    .option("--password-stdin", "read the password from standard input instead of making one")
    .action(
      async (name: string, options: AccessOptions & { connections: number; passwordStdin?: boolean }) => {
        const access = accessOf(options);
        const password = await passwordOf(name, options);
        const reads = isNothing(access) ? ({ schemas: ["main"], tables: [] } satisfies Access) : access;
        await users().add(name, password, reads, options.connections);
        print(`${name} may read ${describe(reads)}`);
        printLogin(name, password, options);
      },
    );
  const grant = withAccess(new Command("grant").description("let a user read a schema or a table"))
    .argument("<name>")
    .action(async (name: string, options: AccessOptions) => {
      const access = someAccess(options);
      await users().grant(name, access);
      print(`${name} may read ${describe(access)}`);
    });
  const revoke = withAccess(new Command("revoke").description("take away what was granted"))
    .argument("<name>")
    .action(async (name: string, options: AccessOptions) => {
      const access = someAccess(options);
      await users().revoke(name, access);
      print(`${name} may not read ${describe(access)} any more`);
    });
  const list = new Command("list")
    .description("show the gateway's users and what they may read")
    .option("--json", "an array of objects")
    .action(async (options: { json?: boolean }) => {
      const found = await users().list();
      if (options.json) return print(JSON.stringify(found, null, 2));
      const table = plainTable(["user", "reads", "sessions", "at most"]);
      for (const { name, schemas, tables, sessions, connectionLimit } of found)
        table.push([
          name,
          isNothing({ schemas, tables }) ? "nothing" : describe({ schemas, tables }),
          count(sessions),
          connectionLimit < 0 ? "-" : count(connectionLimit),
        ]);
      print(found.length === 0 ? "the gateway has no users; `lotus user add` makes one" : table.toString());
    });
  const password = new Command("password")
    .description("give a user another password")
    .argument("<name>")
    .option("--password-stdin", "read the password from standard input instead of making one")
    .action(async (name: string, options: { passwordStdin?: boolean }) => {
      const secret = await passwordOf(name, options);
      await users().setPassword(name, secret);
      print(`${name} has another password`);
      printLogin(name, secret, options);
    });
  const remove = new Command("remove")
    .description("end a user's sessions and remove it")
    .argument("<name>")
    .action(async (name: string) => {
      await users().remove(name);
      print(`${name} is removed`);
    });
  return [add, grant, revoke, list, password, remove].reduce(
    (parent, command) => parent.addCommand(command),
    new Command("user").description("who may query the lake through the gateway"),
  );
}

function users(): GatewayUsers {
  const settings = readSettings();
  const { catalogUrl } = settings.connections ?? attachRunning(settings.stateDir);
  return new GatewayUsers(catalogUrl, settings.gateway.database);
}

function withAccess(command: Command): Command {
  return command
    .option("--schema <name>", "main or staging, with the tables to come; more than once for both", addSchema)
    .option(
      "--table <name>",
      "one table, of schema main unless it is SCHEMA.TABLE; more than once for more",
      collect,
    );
}

function accessOf({ schema = [], table = [] }: AccessOptions): Access {
  return { schemas: schema, tables: table };
}

function someAccess(options: AccessOptions): Access {
  const access = accessOf(options);
  if (isNothing(access))
    throw new LotusError("REQUEST_INVALID", "Nothing is named. Name what with --schema or --table.");
  return access;
}

function isNothing({ schemas, tables }: Access): boolean {
  return schemas.length + tables.length === 0;
}

function describe({ schemas, tables }: Access): string {
  return [...schemas.map((schema) => `schema ${schema}`), ...tables].join(", ");
}

async function passwordOf(name: string, options: { passwordStdin?: boolean }): Promise<string> {
  return options.passwordStdin ? await readSecret(`Password of ${name}: `) : makePassword();
}

/** A password that was made is shown here, and nowhere else. */
function printLogin(name: string, password: string, options: { passwordStdin?: boolean }): void {
  const gateway = whereGateway(readSettings());
  if (!options.passwordStdin) print(`password     ${password} (kept nowhere: note it now)`);
  if (gateway === null) return;
  print(
    `BI           ${withLogin(gateway, { user: name, password: options.passwordStdin ? "" : password })}`,
  );
}

function addSchema(text: string, before: UserSchema[] = []): UserSchema[] {
  if (text !== "main" && text !== "staging") throw new InvalidArgumentError("It must be main or staging.");
  return [...before, text];
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function readCount(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new InvalidArgumentError("It must be a whole number from 1 on.");
  return number;
}
