import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

/** A good file before and after what the test puts between them; all of it is one batch. */
async function between(stream: FedStream, place: string, content: string | Uint8Array): Promise<string> {
  await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')"));
  const key = await stream.put(place, content);
  await stream.put("2026-01-03/c.parquet", values("id, v", "(3, 'c')"));
  return key;
}

async function bigFile(): Promise<Buffer> {
  return lake.parquet(
    "SELECT range AS id, md5(range::VARCHAR) AS v FROM range(20000)",
    ", ROW_GROUP_SIZE 5000",
  );
}

const corruptions: [string, () => Promise<Uint8Array>, RegExp][] = [
  ["0 bytes", async () => new Uint8Array(), /^empty: 0 bytes; upload it again$/],
  ["one byte", async () => Buffer.from("P"), /too small/],
  ["text", async () => Buffer.from("id,v\n1,a\n".repeat(50)), /No magic bytes/],
  ["zeros", async () => Buffer.alloc(5000), /No magic bytes/],
  ["truncated in its footer", async () => (await bigFile()).subarray(0, -20), /No magic bytes/],
  ["truncated in its data", async () => (await bigFile()).subarray(0, 1000), /No magic bytes/],
  [
    "a footer of garbage between whole marks",
    async () => {
      const file = Buffer.from(await bigFile());
      const length = file.readUInt32LE(file.length - 8);
      file.fill(0xff, file.length - 8 - length, file.length - 8);
      return file;
    },
    /./,
  ],
  [
    "a footer length beyond the file",
    async () => {
      const file = Buffer.from(await bigFile());
      file.writeUInt32LE(0x7fffffff, file.length - 8);
      return file;
    },
    /./,
  ],
  [
    "corrupted pages behind a whole footer",
    async () => {
      const file = Buffer.from(await bigFile());
      file.fill(0xff, 4, file.length - 8 - file.readUInt32LE(file.length - 8));
      return file;
    },
    /^cannot be read: .*; upload it again$/,
  ],
];

describe("a file that cannot be read is set aside with its reason, and the rest of its batch is fed", () => {
  for (const [title, content, reason] of corruptions) {
    test(title, async () => {
      const stream = await lake.stream();
      const key = await between(stream, "2026-01-02/b.parquet", await content());
      const outcomes = await stream.feed();
      expect(outcomes).toMatchObject([{ files: 2, rows: 2, quarantined: 1, remaining: 0 }]);
      expect(await stream.quarantine()).toEqual([
        { key, etag: expect.stringMatching(/./), reason: expect.stringMatching(reason) },
      ]);
      expect(await stream.rows("id, v")).toEqual([
        ["1", "a"],
        ["3", "c"],
      ]);
      await stream.expectFedOnce([stream.key("2026-01-01/a.parquet"), stream.key("2026-01-03/c.parquet")]);
      // It is known now: a second look finds nothing.
      expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 0, snapshot: null }]);
    });
  }

  for (const title of ["connections", "http_500", "forbidden"]) {
    test(`whatever the stream is called: ${title}`, async () => {
      const stream = await lake.stream({ source: `x_${title}`, stream: title });
      await between(stream, "2026-01-02/connection timed out.parquet", Buffer.from("no Parquet"));
      expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 1 }]);
    });
  }

  test("in an overwrite stream, whose rows are read only when they are published", async () => {
    const stream = await lake.stream({ config: { destination_sync_mode: "overwrite" } });
    const corrupt = corruptions.at(-1);
    await between(stream, "2026-01-02/b.parquet", (await corrupt?.[1]()) as Uint8Array);
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 1 }]);
    await stream.publish();
    expect(await stream.rows("id")).toEqual([["1"], ["3"]]);
  });

  test("that would need a conversion", async () => {
    const stream = await lake.stream({ fields: { id: "integer", v: "string" } });
    const file = Buffer.from(
      await lake.parquet("SELECT range::DOUBLE AS id, md5(range::VARCHAR) AS v FROM range(9000)"),
    );
    file.fill(0xff, 4, file.length - 8 - file.readUInt32LE(file.length - 8));
    await between(stream, "2026-01-02/b.parquet", file);
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 1 }]);
    expect((await stream.quarantine())[0]?.reason).toMatch(/^cannot be read: /);
  });
});

test("a file without rows is valid", async () => {
  const stream = await lake.stream();
  await between(stream, "2026-01-02/b.parquet", "SELECT 1::BIGINT AS id, 'x' AS v WHERE false");
  expect(await stream.feed()).toMatchObject([{ files: 3, rows: 2, quarantined: 0 }]);
  expect(await stream.cursor()).toBe("year=2026/month=01/day=03/c.parquet");
});

test("objects outside the layout, of another kind, and folder markers", async () => {
  const stream = await lake.stream();
  const good = await lake.parquet(values("id, v", "(1, 'a')"));
  await stream.put("2026-01-01/a.parquet", good);
  await stream.put("2026-01-01/_SUCCESS", Buffer.from("done"));
  await stream.put("2026-02-30/a.parquet", good);
  await stream.put("/loose.parquet", good);
  await stream.put("/year=2026/month=01/loose.parquet", good);
  await stream.put("/year=2026/month=01/day=01/deeper/a.parquet", good);
  await stream.put("/year=2026/month=01/day=05/", new Uint8Array());
  expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 5, remaining: 0 }]);
  const quarantine = Object.fromEntries(
    (await stream.quarantine()).map((row) => [row.key.slice(stream.prefix.length), row.reason]),
  );
  const layout = expect.stringContaining("outside the layout raw/");
  expect(quarantine).toEqual({
    "loose.parquet": layout,
    "year=2026/month=01/day=01/_SUCCESS": expect.stringContaining("not a Parquet file by its name"),
    "year=2026/month=01/day=01/deeper/a.parquet": layout,
    "year=2026/month=01/loose.parquet": layout,
    "year=2026/month=02/day=30/a.parquet": expect.stringContaining("names no day of the calendar"),
  });
  expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 0 }]);
});

describe("objects that change", () => {
  test("a file that was set aside and is uploaded again waits again and is fed", async () => {
    const stream = await lake.stream();
    const whole = await bigFile();
    const key = await between(stream, "2026-01-02/b.parquet", whole.subarray(0, 3000));
    await stream.feed();
    expect(await stream.quarantine()).toHaveLength(1);
    await lake.store.put(key, whole);
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 20000, quarantined: 0 }]);
    expect(await stream.quarantine()).toEqual([]);
    expect((await stream.rows("count(*)"))[0]).toEqual(["20000"]);
    expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 0 }]);
    expect((await stream.ledger()).find((row) => row.key === key)).toMatchObject({
      state: "fed",
      rows: "20000",
    });
  });

  test("also when it had a whole footer the first time, and once more when it was bad twice", async () => {
    const stream = await lake.stream();
    const whole = await bigFile();
    const torn = Buffer.from(whole);
    torn.fill(0xff, 4, 9000);
    const key = await between(stream, "2026-01-02/b.parquet", torn);
    await stream.feed();
    await lake.store.put(key, whole.subarray(0, 9000));
    expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 1 }]);
    await lake.store.put(key, whole);
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 20000, quarantined: 0 }]);
    const digest = "count(*)::INTEGER, (sum(hash(id, v)) FILTER (WHERE id > 3))::VARCHAR";
    const [expected] = await lake.writer.queryRaw(
      "SELECT count(*)::INTEGER AS n, (sum(hash(id, v)) FILTER (WHERE id > 3))::VARCHAR AS h FROM (SELECT range AS id, md5(range::VARCHAR) AS v FROM range(20000))",
    );
    expect((await stream.rows(digest))[0]).toEqual(Object.values(expected ?? {}));
  });

  test("an object deleted between listing and feeding is no one's fault", async () => {
    const stream = await lake.stream();
    const key = await between(stream, "2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    await scan(stream);
    await lake.store.delete(key);
    const outcomes = await stream.drain();
    expect(outcomes).toMatchObject([{ files: 2, rows: 2, quarantined: 0 }]);
    expect(await stream.quarantine()).toEqual([]);
    // It comes back: it is fed.
    await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 1 }]);
  });

  test("likewise one whose key DuckDB cannot read in place, and when it is the only one", async () => {
    const stream = await lake.stream();
    const key = await stream.put("2026-01-02/b[1]*.parquet", values("id, v", "(2, 'b')"));
    await scan(stream);
    await lake.store.delete(key);
    expect(await stream.drain()).toMatchObject([{ files: 0, quarantined: 0, remaining: 0 }]);
    await stream.put("2026-01-02/b[1]*.parquet", values("id, v", "(2, 'b')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 1 }]);
  });

  test("an object overwritten between listing and feeding is fed with its new content and counted once", async () => {
    const stream = await lake.stream();
    const key = await between(stream, "2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    await scan(stream);
    await lake.store.put(key, await lake.parquet(values("id, v", "(2, 'new')", "(4, 'new')")));
    await stream.drain();
    await stream.feed();
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "new"],
      ["3", "c"],
      ["4", "new"],
    ]);
    expect(await stream.quarantine()).toEqual([]);
    await stream.expectFedOnce(["01/a", "02/b", "03/c"].map((name) => stream.key(`2026-01-${name}.parquet`)));
  });

  test("an object of the next batch that is overwritten by one of the same size while this one is fed", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 1 } });
    await between(stream, "2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    await scan(stream);
    expect(await stream.feedOnce()).toMatchObject({ files: 1 });
    // By now the next file's footer may have been read ahead.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await lake.store.put(stream.key("2026-01-02/b.parquet"), await lake.parquet(values("id, v", "(4, 'd')")));
    await stream.drain();
    await stream.feed();
    // What was read ahead may have been fed: then it is overwritten after it was fed.
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["3", "c"],
      ["4", "d"],
    ]);
    expect(await stream.quarantine()).toEqual([]);
  });
});

function scan(stream: FedStream) {
  return lake.lake.withSession((session) =>
    stream.context.backlog.scan(session, { cursorKey: null, whole: true }),
  );
}
