import { randomBytes } from "node:crypto";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePassword, scramVerifier } from "../gateway/scram.ts";
import type { ShadowDatabase } from "../gateway/shadow/shadow-database.ts";
import { GatewayUsers } from "../gateway/users.ts";
import { ShadowFixture } from "./support/shadow-fixture.ts";

let fixture: ShadowFixture;
let users: GatewayUsers;
const suffix = randomBytes(3).toString("hex");
/** Names that need quoting are names, too. */
const ada = `Ada "the" O'Hara ${suffix}`;
const bob = `bob_${suffix}`;
const stranger = `stranger_${suffix}`;
const password = makePassword();

beforeAll(async () => {
  fixture = await ShadowFixture.open();
  await fixture.inLake(`
    CREATE TABLE orders (id BIGINT); CREATE TABLE Returns (id BIGINT);
    CREATE SCHEMA IF NOT EXISTS staging; CREATE TABLE staging.stg_orders (id BIGINT)`);
  // Before any gateway has run: the database is made where it is missing.
  users = new GatewayUsers(fixture.catalogUrl, fixture.database);
  await users.add(ada, password, { schemas: ["main"], tables: [] });
  await (await fixture.shadow()).sync();
});

afterAll(() => fixture.close([ada, bob, `carol_${suffix}`, stranger]));

/** Which of the tables a user may read, tried as this user. */
async function readable(client: pg.Client): Promise<string[]> {
  const found: string[] = [];
  for (const table of ["main.orders", 'main."Returns"', "staging.stg_orders"]) {
    // What may be read reaches the policy.
    const code = await client.query(`SELECT * FROM ${table}`).catch((error: { code: string }) => error.code);
    if (code === "0A000") found.push(table);
    else expect(code, table).toBe("42501");
  }
  return found;
}

const login = (user: string, secret = password) => fixture.connect({ user, password: secret });

describe("a user", () => {
  test("logs in with the password, whose verifier Postgres takes as its own, and reads schema main", async () => {
    const client = await login(ada);
    expect(await readable(client)).toEqual(["main.orders", 'main."Returns"']);
    await expect(login(ada, "another password")).rejects.toMatchObject({ code: "28P01" });
  });

  test("reads tables that come later", async () => {
    const client = await login(ada);
    await fixture.inLake("CREATE TABLE later (id BIGINT); CREATE TABLE staging.stg_later (id BIGINT)");
    await (await fixture.shadow()).sync();
    await expect(client.query("SELECT * FROM later")).rejects.toMatchObject({ code: "0A000" });
    await expect(client.query("SELECT * FROM staging.stg_later")).rejects.toMatchObject({ code: "42501" });
  });

  test("reads what is granted, table by table or schema by schema, until it is revoked", async () => {
    await users.add(bob, password, { schemas: [], tables: ["orders"] }, 3);
    const client = await login(bob);
    expect(await readable(client)).toEqual(["main.orders"]);
    await users.grant(bob, { schemas: ["staging"], tables: ["main.returns"] });
    expect(await readable(client)).toEqual(["main.orders", 'main."Returns"', "staging.stg_orders"]);
    expect((await users.list()).find(({ name }) => name === bob)).toEqual({
      name: bob,
      schemas: ["staging"],
      tables: ["main.Returns", "main.orders"],
      connectionLimit: 3,
      sessions: 1,
    });
    await users.revoke(bob, { schemas: ["staging"], tables: ["orders"] });
    expect(await readable(client)).toEqual(['main."Returns"']);
    await users.grant(bob, { schemas: ["main"], tables: [] });
    await expect(users.revoke(bob, { schemas: [], tables: ["orders"] })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message: expect.stringMatching(/schema main/),
    });
    expect(await readable(client)).toEqual(["main.orders", 'main."Returns"']);
    await users.revoke(bob, { schemas: ["main"], tables: [] });
    expect(await readable(client)).toEqual([]);
  });

  test("has no more sessions at once than granted", async () => {
    const open = await Promise.allSettled(Array.from({ length: 4 }, () => login(bob)));
    const failed = open.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed)).toEqual(new Set(["53300"]));
  });

  test("can be given another password", async () => {
    const other = makePassword();
    await users.setPassword(ada, other);
    await expect(login(ada)).rejects.toMatchObject({ code: "28P01" });
    await (await login(ada, other)).query("SELECT 1");
    await users.ensure(ada, password);
    await (await login(ada)).query("SELECT 1");
  });

  test("gets into no other database, makes nothing, and becomes nobody else", async () => {
    const client = await login(ada);
    for (const database of ["lotus", "postgres", "template1"])
      await expect(fixture.connect({ user: ada, password, database }), database).rejects.toMatchObject({
        code: "42501",
      });
    await expect(client.query("CREATE ROLE evil")).rejects.toMatchObject({ code: "25006" });
    // Who reaches Postgres itself may write as far as the role may, which is nowhere.
    await client.query("SET default_transaction_read_only = off");
    for (const sql of [
      "CREATE ROLE evil",
      "CREATE DATABASE evil",
      "SET ROLE lotus",
      `ALTER ROLE "${bob}" PASSWORD 'taken over'`,
      `GRANT ${fixture.database}_user TO "${bob}"`,
      "SELECT pg_read_file('/etc/passwd')",
      "SELECT rolpassword FROM pg_authid",
      "COPY (SELECT 1) TO PROGRAM 'true'",
    ])
      await expect(client.query(sql), sql).rejects.toMatchObject({ code: "42501" });
  });

  test("that is removed is gone, sessions and all", async () => {
    await users.grant(bob, { schemas: ["main", "staging"], tables: ["orders"] });
    const client = (await login(bob).catch(() => null)) ?? null;
    const ended = new Promise<void>((resolve) =>
      client === null ? resolve() : client.once("end", () => resolve()),
    );
    await users.remove(bob);
    await ended;
    expect((await users.list()).map(({ name }) => name)).toEqual([ada]);
    await expect(login(bob)).rejects.toMatchObject({ code: "28P01" });
    await users.add(bob, password, { schemas: [], tables: [] });
    expect(await readable(await login(bob))).toEqual([]);
  });
});

describe("a table granted by its name", () => {
  const carol = `carol_${suffix}`;
  const access = { schemas: [], tables: ["fct"] };
  let shadow: ShadowDatabase;

  beforeAll(async () => {
    shadow = await fixture.shadow();
    await inLake("CREATE TABLE fct (id BIGINT)");
    await users.add(carol, password, access);
  });

  async function inLake(sql: string): Promise<void> {
    await fixture.inLake(sql);
    await shadow.sync();
  }

  /** What Postgres answers: 0A000 where a lake table may be read. */
  async function answer(user = carol): Promise<string> {
    const client = await login(user);
    return client.query("SELECT * FROM main.fct").catch((error: { code: string }) => error.code) as never;
  }

  const tables = async () => (await users.list()).find(({ name }) => name === carol)?.tables;

  test("is read again when it was dropped and comes back, with other columns and in other letters", async () => {
    expect(await answer()).toBe("0A000");
    await inLake("DROP TABLE fct");
    expect(await tables()).toEqual(["main.fct"]);
    await inLake("CREATE TABLE FCT (day DATE)");
    const client = await login(carol);
    await expect(client.query('SELECT day FROM main."FCT"')).rejects.toMatchObject({ code: "0A000" });
    await expect(client.query("SELECT * FROM orders")).rejects.toMatchObject({ code: "42501" });
    await inLake("DROP TABLE FCT; CREATE TABLE fct (id BIGINT)");
    expect(await answer()).toBe("0A000");
    expect(await tables()).toEqual(["main.fct"]);
  });

  test("is read again when it ran out of Postgres's columns", async () => {
    const columns = (from: string) => Array.from({ length: 900 }, (_, n) => `${from}${n} INTEGER`).join(", ");
    await inLake(`DROP TABLE fct; CREATE TABLE fct (${columns("a")})`);
    await inLake(`DROP TABLE fct; CREATE TABLE fct (${columns("b")})`);
    expect(await answer()).toBe("0A000");
    await inLake("DROP TABLE fct");
    await inLake("CREATE TABLE fct (id BIGINT)");
  });

  test("is not once it was revoked, were it while there is none", async () => {
    await users.revoke(carol, access);
    expect(await answer()).toBe("42501");
    await users.grant(carol, access);
    await inLake("DROP TABLE fct");
    await users.revoke(carol, { schemas: [], tables: ["main.FCT"] });
    expect(await tables()).toEqual([]);
    await expect(users.revoke(carol, access)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await inLake("CREATE TABLE fct (id BIGINT)");
    expect(await answer()).toBe("42501");
    await users.grant(carol, access);
    await inLake("DROP TABLE fct");
    await users.revoke(carol, { schemas: ["main"], tables: [] });
    await inLake("CREATE TABLE fct (id BIGINT)");
    expect(await answer()).toBe("42501");
  });

  test("is not read by somebody else of the same name", async () => {
    await users.grant(carol, access);
    await inLake("DROP TABLE fct");
    await users.remove(carol);
    await users.add(carol, password, { schemas: [], tables: ["orders"] });
    await inLake("CREATE TABLE fct (id BIGINT)");
    expect(await answer()).toBe("42501");
    await users.grant(carol, access);
    await inLake("DROP TABLE fct; DROP TABLE orders");
    const owner = await fixture.connect();
    await owner.query(`REVOKE ALL ON SCHEMA main FROM ${carol}; DROP ROLE ${carol}`);
    await users.add(carol, password, { schemas: ["main"], tables: [] });
    await users.revoke(carol, { schemas: ["main"], tables: [] });
    await inLake("CREATE TABLE fct (id BIGINT)");
    expect(await answer()).toBe("42501");
    expect(await tables()).toEqual([]);
    await users.remove(carol);
  });
});

describe("what is refused", () => {
  test("roles that Lotus did not make are not its to touch", async () => {
    const owner = await fixture.connect();
    await owner.query(`CREATE ROLE ${stranger} LOGIN`);
    for (const name of [stranger, "lotus", "postgres", "nobody"]) {
      const none = { schemas: [], tables: [] };
      for (const work of [
        () => users.remove(name),
        () => users.setPassword(name, password),
        () => users.grant(name, none),
        () => users.revoke(name, none),
      ])
        await expect(work(), name).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    await expect(users.add(stranger, password, { schemas: [], tables: [] })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
    });
    expect((await users.list()).map(({ name }) => name)).not.toContain(stranger);
  });

  test("a name that cannot be one, a short password, a table that is not there: nothing is made", async () => {
    const name = `carol_${suffix}`;
    const access = { schemas: [], tables: [] };
    await expect(users.add("pg_carol", password, access)).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(users.add("", password, access)).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(users.add(name, "short", access)).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
    await expect(users.add(name, "pässwörter", access)).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
    await expect(users.add(name, password, { schemas: [], tables: ["nope"] })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect((await users.list()).map(({ name }) => name)).not.toContain(name);
  });
});

test("a verifier is that of RFC 5802: the same salt and password give the same, another password another", () => {
  // From Postgres itself: CREATE ROLE with this password under scram_iterations 4096, salt as in pg_authid.
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  expect(scramVerifier("pencil and paper", salt)).toBe(scramVerifier("pencil and paper", salt));
  expect(scramVerifier("pencil and paper", salt)).not.toBe(scramVerifier("pencil and papes", salt));
  expect(scramVerifier("pencil and paper")).not.toBe(scramVerifier("pencil and paper"));
  expect(makePassword()).toMatch(/^[A-Za-z0-9]{32}$/);
});
