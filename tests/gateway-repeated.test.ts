import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KnownStatements } from "../gateway/known-statements.ts";
import type { LakeRun } from "../gateway/preparation.ts";
import type { ShadowState } from "../gateway/shadow/shadow-table.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

/** What a session asks again is not analysed again: it has to be answered as if it were. */

let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await GatewayFixture.open(`
    CREATE TABLE visits (id INTEGER, seen_at TIMESTAMPTZ, page VARCHAR);
    INSERT INTO visits VALUES (1, '2026-01-01 00:30:00+00', 'a'), (2, '2026-01-01 12:00:00+00', 'b'),
      (3, '2026-01-01 23:30:00+00', NULL);
    CREATE TABLE granted (id INTEGER); INSERT INTO granted VALUES (7)`);
});

afterAll(() => fixture.close());

/** Asked as a text, and with the unnamed statement of the extended protocol. */
const ways: Record<string, (client: pg.Client, sql: string) => Promise<unknown[][]>> = {
  simple: async (client, text) => (await client.query({ text, rowMode: "array" })).rows,
  extended: async (client, text) =>
    (await client.query({ text, rowMode: "array", values: [], queryMode: "extended" } as pg.QueryArrayConfig))
      .rows,
};

/** The same answer each time. */
async function times(count: number, ask: () => Promise<unknown>): Promise<void> {
  const first = await ask();
  for (let time = 1; time < count; time += 1) expect(await ask()).toEqual(first);
}

const withState = (code: string) => expect.objectContaining({ code });

describe.each(Object.entries(ways))("asked again (%s)", (_way, ask) => {
  test("rows that came since are there", async () => {
    const client = await fixture.connect();
    const sql = "SELECT count(*) FROM granted";
    await times(3, () => ask(client, sql));
    const [[before]] = (await ask(client, sql)) as [[string]];
    await fixture.lake.inLake("INSERT INTO granted VALUES (8)");
    expect(await ask(client, sql)).toEqual([[String(Number(before) + 1)]]);
    expect(await ask(client, sql)).toEqual([[String(Number(before) + 1)]]);
  });

  test("constants are read with the settings of now, and of the transaction", async () => {
    const client = await fixture.connect();
    const sql = "SELECT count(*) FROM visits WHERE seen_at < '2026-01-01 12:00'";
    const inUtc = [["1"]];
    const inHonolulu = [["2"]];
    await times(3, () => ask(client, sql));
    expect(await ask(client, sql)).toEqual(inUtc);

    await client.query("SET TimeZone = 'Pacific/Honolulu'");
    expect(await ask(client, sql)).toEqual(inHonolulu);
    await times(3, () => ask(client, sql));
    await client.query("RESET TimeZone");
    expect(await ask(client, sql)).toEqual(inUtc);

    await times(2, () => ask(client, sql));
    await client.query("BEGIN");
    await client.query("SET LOCAL TimeZone = 'Pacific/Honolulu'");
    for (let time = 0; time < 3; time += 1) expect(await ask(client, sql)).toEqual(inHonolulu);
    await client.query("COMMIT");
    expect(await ask(client, sql)).toEqual(inUtc);

    await times(2, () => ask(client, sql));
    await client.query("BEGIN");
    await client.query("SAVEPOINT before");
    await client.query("SELECT set_config('TimeZone', 'Pacific/Honolulu', false)");
    for (let time = 0; time < 3; time += 1) expect(await ask(client, sql)).toEqual(inHonolulu);
    await client.query("ROLLBACK TO before");
    for (let time = 0; time < 3; time += 1) expect(await ask(client, sql)).toEqual(inUtc);
    await client.query("ROLLBACK");
    expect(await ask(client, sql)).toEqual(inUtc);
  });

  test("grants hold", async () => {
    const name = `bob_${_way}_${fixture.user}`;
    await fixture.addUser(name, { schemas: [], tables: ["granted"] });
    const client = await fixture.connect({ user: name });
    const sql = "SELECT min(id) FROM granted";
    await times(4, () => ask(client, sql));
    await client.query("BEGIN");
    await times(2, () => ask(client, sql));
    await client.query("COMMIT");
    await fixture.users.revoke(name, { schemas: [], tables: ["granted"] });
    await expect(ask(client, sql)).rejects.toEqual(withState("42501"));
    await client.query("BEGIN");
    await expect(ask(client, sql)).rejects.toEqual(withState("42501"));
    await expect(ask(client, sql)).rejects.toEqual(withState("25P02"));
    await client.query("ROLLBACK");
    await fixture.users.grant(name, { schemas: [], tables: ["granted"] });
    expect(await ask(client, sql)).toEqual([[7]]);
  });

  test("columns that come, go and change places are the table's of now", async () => {
    const client = await fixture.connect();
    const table = `moving_${_way}`;
    const sql = `SELECT * FROM ${table}`;
    const answersWith = async (expected: unknown[][]) => {
      for (let time = 0; time < 3; time += 1) expect(await ask(client, sql)).toEqual(expected);
      await client.query("BEGIN");
      for (let time = 0; time < 2; time += 1) expect(await ask(client, sql)).toEqual(expected);
      await client.query("COMMIT");
    };
    await fixture.lake.inLake(
      `CREATE TABLE ${table} (a INTEGER, b VARCHAR); INSERT INTO ${table} VALUES (1, 'b')`,
    );
    await answersWith([[1, "b"]]);
    await fixture.lake.inLake(`ALTER TABLE ${table} ADD COLUMN c INTEGER; UPDATE ${table} SET c = 3`);
    await answersWith([[1, "b", 3]]);
    await fixture.lake.inLake(
      `ALTER TABLE ${table} DROP COLUMN a; ALTER TABLE ${table} ADD COLUMN a VARCHAR; UPDATE ${table} SET a = 'x'`,
    );
    await answersWith([["b", 3, "x"]]);
    await fixture.lake.inLake(`DROP TABLE ${table}; CREATE TABLE ${table} AS SELECT 5 AS a`);
    await answersWith([[5]]);
    await fixture.lake.inLake(`DROP TABLE ${table}`);
    await expect(ask(client, sql)).rejects.toEqual(withState("42P01"));
  });

  test("also after Postgres has forgotten its statements, and when there are more than it keeps", async () => {
    const client = await fixture.connect();
    const sql = "SELECT page FROM visits ORDER BY id";
    for (const forget of ["DISCARD ALL", "DEALLOCATE ALL", "SELECT 1"]) {
      await times(3, () => ask(client, sql));
      await client.query(forget);
      expect(await ask(client, sql)).toEqual([["a"], ["b"], [null]]);
    }
    const many = Array.from({ length: 200 }, (_, id) => id + 2).join(", ");
    for (let round = 0; round < 3; round += 1) {
      for (let number = 0; number < 40; number += 1) {
        const text = `SELECT id + ${number} FROM visits WHERE id NOT IN (${many})`;
        expect(await ask(client, text)).toEqual([[1 + number]]);
      }
    }
    const kept = await client.query("SELECT count(*)::int FROM pg_prepared_statements");
    expect(kept.rows[0].count).toBeLessThan(30);
  });

  test("an error does not stay", async () => {
    const client = await fixture.connect();
    const sql = "SELECT 1 / (id - 2) FROM visits ORDER BY id";
    for (let time = 0; time < 4; time += 1) {
      await expect(ask(client, sql)).rejects.toEqual(withState("22012"));
      expect(await ask(client, "SELECT 1 / id FROM visits ORDER BY id")).toEqual([[1], [0], [0]]);
    }
  });
});

test("columns say which table's they are, however they are asked for", async () => {
  const client = await fixture.connect();
  const { rows } = await client.query("SELECT 'visits'::regclass::oid::int AS oid");
  for (const config of [{}, { values: [] }, { queryMode: "extended" }]) {
    for (let time = 0; time < 3; time += 1) {
      const result = await client.query({ text: "SELECT page, id + 1 AS next FROM visits", ...config });
      expect(
        result.fields.map(({ tableID, columnID, dataTypeSize }) => [tableID, columnID, dataTypeSize]),
      ).toEqual([
        [rows[0].oid, 3, -1],
        [0, 0, 4],
      ]);
    }
  }
});

test("a session that has asked before answers as one that has not", async () => {
  const zones = ["UTC", "Pacific/Honolulu", "Asia/Tokyo"];
  const statements = [
    "SELECT count(*) FROM visits WHERE seen_at < '2026-01-01 12:00'",
    "SELECT id, seen_at::date FROM visits ORDER BY id",
    "SELECT date_trunc('day', seen_at) = '2026-01-01' FROM visits ORDER BY id",
    "SELECT count(*) FROM pg_class WHERE relname = 'visits'",
  ];
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        ask: fc.constantFrom(...statements),
        way: fc.constantFrom("simple", "extended"),
      }),
    },
    fc.record({ zone: fc.constantFrom(...zones), local: fc.boolean() }),
    fc.record({ end: fc.constantFrom("BEGIN", "COMMIT", "ROLLBACK", "DISCARD ALL") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const client = await fixture.connect();
      try {
        for (const one of steps) {
          if ("zone" in one) await client.query(`SET ${one.local ? "LOCAL " : ""}TimeZone = '${one.zone}'`);
          else if ("end" in one) await client.query(one.end).catch(() => client.query("ROLLBACK"));
          else {
            const { rows } = await client.query("SHOW TimeZone");
            const fresh = await fixture.connect({ options: `-c TimeZone=${rows[0].TimeZone}` });
            const ask = ways[one.way] as (typeof ways)[string];
            expect(await ask(client, one.ask)).toEqual(await ask(fresh, one.ask));
            await fresh.end();
          }
        }
      } finally {
        await client.end();
      }
    }),
    { numRuns: 15 },
  );
});

test("what a constant means may depend on the day: such statements are analysed each time", () => {
  const shown = {} as ShadowState;
  const run = { statement: "" } as LakeRun;
  const nameAfter = (key: string) => {
    const known = new KnownStatements();
    known.note(key, run, shown);
    return known.nameFor(key);
  };
  expect(nameAfter("SELECT id FROM visits")).not.toBe("");
  for (const key of [
    "SELECT id FROM visits WHERE seen_at > 'today'",
    "SELECT id FROM visits WHERE seen_at > 'Tomorrow 10:00'",
    "SELECT id FROM visits WHERE seen_at > 'now'",
    "SELECT id FROM visits WHERE seen_at > E'\\x74oday'",
    "SELECT id FROM visits WHERE seen_at > U&'t\\006fday'",
  ])
    expect(nameAfter(key), key).toBe("");
});
