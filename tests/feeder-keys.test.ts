import { afterAll, beforeAll, expect, test } from "vitest";
import { FeederLake, values } from "./support/feeder-fixture.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

const NAMES = [
  "plain",
  "with space",
  " leading and trailing ",
  "two  spaces",
  "it's",
  "''",
  'say "hello"',
  "100%",
  "%2F",
  "%20",
  "%zz",
  "a+b",
  "a#b",
  "a&b=c",
  "a=b",
  "a;b; DROP TABLE x; --",
  "a*b",
  "a?b",
  "a?versionId=1",
  "a[1]",
  "[a-z]",
  "a]",
  "{a,b}",
  "$HOME",
  "`x`",
  "back\\slash",
  "~a",
  "a:b",
  "a@b",
  "a,b",
  "(a)",
  "a!b",
  "a|b",
  "a<b>",
  "a^b",
  "ünïcødé",
  "cafe\u0301",
  "日本語",
  "🦆",
  "🦆[🦆]",
  "\u{10FFFF}",
  "\uFFFD",
  "a\u00a0b",
  "a_b",
  "a.b",
  "year=2030",
  "2026_01_01_1767225600000_0",
  "x".repeat(230),
];

test("files are fed exactly once whatever characters are in their keys, and the ledger has each key as it is", async () => {
  const stream = await lake.stream({ feeder: { batch_files: 20 } });
  const keys: string[] = [];
  for (const [index, name] of NAMES.entries()) {
    keys.push(
      await stream.put(
        `2026-01-0${1 + (index % 3)}/${name}.parquet`,
        values("id, v", `(${index}, 'v${index}')`),
      ),
    );
  }
  const outcomes = await stream.feed();
  expect(await stream.quarantine()).toEqual([]);
  expect(outcomes.map((outcome) => outcome.files)).toEqual([20, 20, NAMES.length - 40]);
  await stream.expectFedOnce(keys);
  expect(await stream.rows("id::INTEGER, v")).toEqual(NAMES.map((_, index) => [index, `v${index}`]));
  const days = await stream.landed("id::INTEGER, year::INTEGER, month::INTEGER, day::INTEGER");
  expect(days).toEqual(NAMES.map((_, index) => [index, 2026, 1, 1 + (index % 3)]));
  expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 0 }]);
  // A new process finds nothing new either.
  expect(await stream.feed({ as: await stream.process(lake.lake) })).toMatchObject([
    { files: 0, quarantined: 0 },
  ]);
  // Reading everything again works: nothing in the lake depends on what this process has cached.
  const other = await lake.another();
  const [sum] = await other.withSession((session) =>
    session.queryRaw(
      `SELECT count(*)::INTEGER AS n, max(hash(id, v)) IS NOT NULL AS ok FROM ${stream.landingTable}`,
    ),
  );
  expect(sum).toEqual({ n: NAMES.length, ok: true });
});

test("a bad file with a strange key is named as it is", async () => {
  const stream = await lake.stream();
  const names = ["it's 100% [bad]?", "50%2F+#;🦆"];
  const keys = await Promise.all(
    names.map((name) => stream.put(`2026-01-01/${name}.parquet`, Buffer.from("not Parquet, not at all"))),
  );
  expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 2 }]);
  expect((await stream.quarantine()).map((row) => row.key).sort()).toEqual(keys.sort());
});
