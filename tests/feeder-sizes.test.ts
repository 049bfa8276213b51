import { afterAll, beforeAll, expect, test } from "vitest";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";
import { S3StandIn } from "./support/s3-stand-in.ts";

/** `LOTUS_FULL_SIZES=1` for the sizes that are promised: ten minutes. */
const full = process.env.LOTUS_FULL_SIZES === "1";
const tinyFiles = full ? 20_000 : 1000;

let s3: S3StandIn;
let lake: FeederLake;

beforeAll(async () => {
  // Objects under thousands of keys are made in its memory.
  s3 = await S3StandIn.start("sizes");
  lake = await FeederLake.open(s3.connection);
});

afterAll(() => {
  lake.close();
  s3.close();
});

/** The same file under many keys, without asking the server. */
async function putMany(stream: FedStream, places: string[], select: string): Promise<void> {
  await stream.put(places[0] as string, select);
  const object = s3.objects.get(stream.key(places[0] as string));
  if (!object) throw new Error("not stored");
  for (const place of places) s3.objects.set(stream.key(place), object);
}

test(`${tinyFiles} tiny files at once are fed in batches, each once`, async () => {
  const stream = await lake.stream({ config: { primary_key: [] } });
  const places = Array.from({ length: tinyFiles }, (_, index) => `2026-01-01/part_${index}.parquet`);
  await putMany(stream, places, values("id, v", "(1, 'a')"));
  const started = performance.now();
  const outcomes = await stream.feed({ limit: 1000 });
  const seconds = (performance.now() - started) / 1000;
  console.info(`${places.length} files in ${seconds.toFixed(1)} s, ${peakMegabytes()} MB at most`);
  expect(outcomes.every(({ files, quarantined }) => files <= 500 && quarantined === 0)).toBe(true);
  expect(outcomes.at(-1)?.remaining).toBe(0);
  await stream.expectFedOnce(places.map((place) => stream.key(place)));
  expect(await stream.rows("count(*)::INTEGER, sum(id)::INTEGER")).toEqual([[places.length, places.length]]);
  expect(await stream.cursor()).toBe(`year=2026/month=01/day=01/part_${places.length - 1}.parquet`);
  expect(await stream.feed()).toMatchObject([{ files: 0, snapshot: null }]);
});

test("ten years of days, a file each, end in the order of their days", async () => {
  const stream = await lake.stream({ feeder: { batch_files: 1000 } });
  const first = Date.UTC(2016, 0, 1);
  // Every third day, that the suite stays quick.
  const step = full ? 1 : 3;
  const days = Array.from({ length: Math.ceil(3650 / step) }, (_, index) =>
    new Date(first + index * step * 86_400_000).toISOString().slice(0, 10),
  );
  await putMany(
    stream,
    days.map((day) => `${day}/a.parquet`),
    values("id, v", "(1, 'a')"),
  );
  // The newest row is the one that the last day brings.
  const last = days.at(-1);
  await stream.put(
    `${last}/a.parquet`,
    "SELECT 1 AS id, 'last' AS v, TIMESTAMPTZ '2026-01-01' AS _airbyte_extracted_at",
  );
  const outcomes = await stream.feed();
  expect(outcomes.length).toBe(Math.ceil(days.length / 1000));
  const [year, month, day] = String(last).split("-");
  const cursor = `year=${year}/month=${month}/day=${day}/a.parquet`;
  expect(await stream.cursor()).toBe(cursor);
  expect(
    await stream.landed("count(*)::INTEGER, count(DISTINCT (year, month, day))::INTEGER, min(year)::INTEGER"),
  ).toEqual([[days.length, days.length, 2016]]);
  expect(await stream.rows("id, v")).toEqual([["1", "last"]]);
  // From the cursor's day less the look-back on, and everything when it is told to.
  expect(await stream.feed()).toMatchObject([{ files: 0, snapshot: null }]);
  await stream.put("2016-02-29/late.parquet", values("id, v", "(2, 'late')"));
  expect(await stream.feed()).toMatchObject([{ files: 1 }]);
  expect(await stream.cursor()).toBe(cursor);
});

test("a file ten times the batch's size is fed alone", async () => {
  const stream = await lake.stream({ feeder: { batch: "200KB" } });
  const large = await lake.parquet("SELECT range AS id, md5(range::VARCHAR) AS v FROM range(60000)");
  expect(large.length).toBeGreaterThan(10 * 200_000);
  await stream.put("2026-01-01/a.parquet", values("id, v", "(-1, 'a')"));
  await stream.put("2026-01-02/b.parquet", large);
  await stream.put("2026-01-03/c.parquet", values("id, v", "(-3, 'c')"));
  const outcomes = await stream.feed();
  expect(outcomes.map(({ files, rows }) => [files, rows])).toEqual([
    [1, 1],
    [1, 60000],
    [1, 1],
  ]);
  expect(await stream.rows("count(*)::INTEGER, min(id), max(id)")).toEqual([[60002, "-3", "59999"]]);
});

function peakMegabytes(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
