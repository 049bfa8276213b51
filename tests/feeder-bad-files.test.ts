import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";
import {
  COLUMN,
  chunkOf,
  columnOf,
  FILE,
  footerStart,
  I32,
  METADATA,
  PAGE,
  ROW_GROUP,
  type ThriftStruct,
  withFooter,
  withPageHeader,
} from "./support/parquet-footer.ts";

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

/** The pages, all of them, overwritten. */
function withoutPages(file: Buffer): Buffer {
  return Buffer.from(file).fill(0xff, 4, footerStart(file));
}

/** A file of one column, one row group and one page that nothing packs. */
function onePage(select: string): Promise<Buffer> {
  return lake.parquet(select, ", COMPRESSION uncompressed, PARQUET_VERSION V1, DICTIONARY_SIZE_LIMIT 1");
}

const upload = "; upload it again$";

/** What a file is, how it is made of a whole one, and what is to be said of it. */
const truncated: [title: string, length: (file: Buffer) => number, reason: string][] = [
  ["0 bytes", () => 0, `^empty: 0 bytes${upload}`],
  ...[1, 3, 4, 5, 11].map((length): [string, () => number, string] => [
    `${length} bytes`,
    () => length,
    `^cannot be read: it has ${length} bytes, too few for a Parquet file${upload}`,
  ]),
  ...(
    [
      ["12 bytes", () => 12],
      ["half", (file) => file.length >> 1],
      ["cut off before the footer", footerStart],
      ["cut off in the footer", (file) => footerStart(file) + 100],
      ["cut off before the footer's length", (file) => file.length - 8],
      ["cut off in the footer's length", (file) => file.length - 6],
      ["cut off before the last mark", (file) => file.length - 4],
      ["cut off in the last mark", (file) => file.length - 1],
    ] as [string, (file: Buffer) => number][]
  ).map(([title, length]): [string, (file: Buffer) => number, string] => [
    title,
    length,
    `^cannot be read: it is cut off: it begins as a Parquet file and does not end as one${upload}`,
  ]),
];

const marks: [title: string, change: (file: Buffer) => Uint8Array, reason: string][] = [
  [
    "another mark at its beginning",
    (file) => Buffer.concat([Buffer.from("XXXX"), file.subarray(4)]),
    `it ends as a Parquet file and does not begin as one${upload}`,
  ],
  [
    "another mark at its end",
    (file) => Buffer.concat([file.subarray(0, -4), Buffer.from("XXXX")]),
    `it begins as a Parquet file and does not end as one${upload}`,
  ],
  [
    "an encrypted footer",
    (file) => Buffer.concat([Buffer.from("PARE"), file.subarray(4, -4), Buffer.from("PARE")]),
    "it is encrypted; upload it without encryption$",
  ],
  ["CSV", () => Buffer.from("id,v\n1,a\n".repeat(50)), "no Parquet file but text; upload it as Parquet$"],
  ["ORC", (file) => Buffer.concat([Buffer.from("ORC"), file.subarray(3, -4)]), "no Parquet file but ORC"],
  [
    "Avro",
    (file) => Buffer.concat([Buffer.from("Obj\x01"), file.subarray(4, -4)]),
    "no Parquet file but Avro",
  ],
  ["zeros", () => Buffer.alloc(50_000), "it is no Parquet file; upload it as Parquet$"],
  [
    "a footer of garbage",
    (file) => Buffer.from(file).fill(0xff, footerStart(file), file.length - 8),
    `its footer is damaged: .*${upload}`,
  ],
  [
    "a footer longer than the file",
    (file) => {
      const changed = Buffer.from(file);
      changed.writeUInt32LE(0x7fffffff, file.length - 8);
      return changed;
    },
    `its footer is said to be longer than the file${upload}`,
  ],
  ["pages of garbage", withoutPages, `^cannot be read: .*${upload}`],
];

const lies: [title: string, change: (footer: ThriftStruct) => void, reason: string][] = [
  ["more rows", (footer) => footer.set(FILE.rows, 30_000), "it says 30000 rows, and its row groups 20000"],
  ["fewer rows", (footer) => footer.set(FILE.rows, 10), "it says 10 rows, and its row groups 20000"],
  ["less than no rows", (footer) => footer.set(FILE.rows, -5), "it says -5 rows"],
  ["2^62 rows", (footer) => footer.set(FILE.rows, 2n ** 62n), "it says 4611686018427388000 rows"],
  [
    "a row group of fewer rows",
    (footer) => {
      footer.set(FILE.rows, 13_857);
      footer.structs(FILE.rowGroups)[0]?.set(ROW_GROUP.rows, 1);
    },
    "a row group says 1 rows, and its column id 6144 values",
  ],
  ["fewer values", (footer) => chunkOf(footer, 0, 1).set(METADATA.values, 3), "its column v 3 values"],
  ["more values", (footer) => chunkOf(footer, 3, 0).set(METADATA.values, 9999), "its column id 9999 values"],
  ...(
    [
      ["pages beyond its end", METADATA.dataOffset, 10_000_000],
      ["pages beyond any end", METADATA.dataOffset, 2n ** 60n],
      ["pages before its beginning", METADATA.dataOffset, -100],
      ["more bytes than it has", METADATA.packed, 10_000_000],
      ["less than no bytes", METADATA.packed, -5],
    ] as [string, number, number | bigint][]
  ).map(([title, field, value]): [string, (footer: ThriftStruct) => void, string] => [
    title,
    (footer) => chunkOf(footer, 0, 0).set(field, value),
    "it points to pages that the file does not have",
  ]),
  [
    "another column's pages",
    (footer) =>
      chunkOf(footer, 0, 0).set(METADATA.dataOffset, chunkOf(footer, 0, 1).integer(METADATA.dataOffset)),
    "^cannot be (read|registered): ",
  ],
  [
    "pages that unpack to 2^60",
    (footer) => chunkOf(footer, 0, 0).set(METADATA.unpacked, 2n ** 60n),
    "unpack to 1024.0 PiB, too much for a memory limit of 953.6 MiB",
  ],
  ["pages that are packed in another way", (footer) => chunkOf(footer, 0, 0).set(METADATA.codec, 6), "ZSTD"],
  [
    "pages that are packed in no known way",
    (footer) => chunkOf(footer, 0, 0).set(METADATA.codec, 99),
    "^cannot be read: ",
  ],
  [
    "2^31 columns",
    (footer) => footer.claimItems(FILE.schema, 2 ** 31 - 1),
    "claims more items than it has bytes",
  ],
  [
    "2^24 columns",
    (footer) => footer.claimItems(FILE.schema, 2 ** 24),
    "claims more items than it has bytes",
  ],
  [
    "2^27 row groups",
    (footer) => footer.claimItems(FILE.rowGroups, 2 ** 27),
    "claims more items than it has bytes",
  ],
  [
    "2^26 encodings",
    (footer) => chunkOf(footer, 0, 0).claimItems(METADATA.encodings, 2 ** 26),
    "claims more items",
  ],
  ["no columns", (footer) => columnOf(footer, 0).set(COLUMN.children, 0), "it has no columns"],
  ["too many columns", (footer) => columnOf(footer, 0).set(COLUMN.children, 99), "its columns are no tree"],
  ["a column less", (footer) => columnOf(footer, 0).set(COLUMN.children, 1), "its columns are no tree"],
  [
    "less than no columns",
    (footer) => columnOf(footer, 0).set(COLUMN.children, -1),
    "its columns are no tree",
  ],
  ["a nameless column", (footer) => columnOf(footer, 2).set(COLUMN.name, ""), "a column without a name"],
  ["a NUL in a name", (footer) => columnOf(footer, 2).set(COLUMN.name, "a\0b"), "holds a NUL character"],
  [
    "a decimal of 76 digits",
    (footer) => makeDecimal(columnOf(footer, 2), 76, 2),
    "column v is DECIMAL\\(76,2\\), and a number has at most 38 digits here",
  ],
  ["a decimal of a negative scale", (footer) => makeDecimal(columnOf(footer, 2), 4, -9), "DECIMAL\\(4,-9\\)"],
  ["numbers that are text", (footer) => retype(footer, 1, 6), "^cannot be (read|registered): |^column id is"],
  ["text that is numbers", (footer) => retype(footer, 2, 2), "^cannot be (read|registered): "],
  [
    "whole numbers that are not",
    (footer) => retype(footer, 1, 5),
    "^column id is DOUBLE in the file and BIGINT|^cannot be",
  ],
];

function makeDecimal(column: ThriftStruct, precision: number, scale: number): void {
  column.fields.delete(COLUMN.logical);
  column.set(COLUMN.converted, 5, I32);
  column.set(COLUMN.precision, precision, I32);
  column.set(COLUMN.scale, scale, I32);
}

function retype(footer: ThriftStruct, column: number, type: number): void {
  const element = columnOf(footer, column);
  element.set(COLUMN.type, type);
  element.fields.delete(COLUMN.logical);
  element.fields.delete(COLUMN.converted);
  for (const group of [0, 1, 2, 3]) chunkOf(footer, group, column - 1).set(METADATA.type, type);
}

const FUZZED = 200;

/** Numbers from 0 to 1, always the same ones after a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All of these in one batch, with good files around them: each is set aside with its reason, and the good ones are fed. */
async function expectSetAside(broken: [title: string, content: Uint8Array, reason: string][]): Promise<void> {
  const stream = await lake.stream({ feeder: { batch_files: 500 } });
  await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')"));
  const keys = new Map<string, string>();
  for (const [title, content] of broken)
    keys.set(await stream.put(`2026-01-02/${title}.parquet`, content), title);
  await stream.put("2026-01-03/c.parquet", values("id, v", "(3, 'c')"));
  expect(await stream.feed()).toMatchObject([
    { files: 2, rows: 2, quarantined: broken.length, remaining: 0 },
  ]);
  const reasons = new Map((await stream.quarantine()).map(({ key, reason }) => [keys.get(key), reason]));
  for (const [title, , reason] of broken) expect.soft(reasons.get(title), title).toMatch(new RegExp(reason));
  expect(await stream.landed("id, v")).toEqual([
    ["1", "a"],
    ["3", "c"],
  ]);
  expect(await stream.rows("id, v")).toEqual(await stream.landed("id, v"));
  await stream.expectFedOnce([stream.key("2026-01-01/a.parquet"), stream.key("2026-01-03/c.parquet")]);
  // They are known now: a second look finds nothing.
  expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 0, snapshot: null }]);
}

describe("a file that cannot be read is set aside with its reason, and the rest of its batch is fed", () => {
  test("when it is cut off, of another kind, or garbage", async () => {
    const file = await bigFile();
    await expectSetAside([
      ...truncated.map(([title, length, reason]): [string, Uint8Array, string] => [
        title,
        file.subarray(0, length(file)),
        reason,
      ]),
      ...marks.map(([title, change, reason]): [string, Uint8Array, string] => [title, change(file), reason]),
    ]);
  });

  test("when its footer lies", async () => {
    const file = await bigFile();
    expect(withFooter(file, () => {})).toEqual(file);
    await expectSetAside(lies.map(([title, change, reason]) => [title, withFooter(file, change), reason]));
  });

  test("when a few bytes of it unpack to more than there is memory for", async () => {
    const page = await onePage("SELECT range AS id FROM range(100)");
    const zeros = "SELECT 1::BIGINT AS id, repeat('0', 150000000) AS v";
    await expectSetAside([
      [
        "zeros, zstd",
        await lake.parquet(zeros, ", COMPRESSION zstd"),
        "unpack to 143.1 MiB, too much for a memory limit",
      ],
      [
        "zeros, gzip",
        await lake.parquet(zeros, ", COMPRESSION gzip"),
        "unpack to 143.1 MiB, too much for a memory limit",
      ],
      [
        "a page that claims to be large",
        withPageHeader(page, (header) => header.set(PAGE.unpacked, 2 ** 31 - 1)),
        "^cannot be read: ",
      ],
      [
        "a page that claims to be large in the file",
        withPageHeader(page, (header) => header.set(PAGE.packed, 2 ** 31 - 1)),
        "^cannot be read: ",
      ],
      [
        "rows without end",
        await lake.parquet("SELECT NULL::BIGINT AS id FROM range(60000000)", ", ROW_GROUP_SIZE 10000000"),
        "bytes say that they hold 60000000 rows",
      ],
    ]);
  });

  test("when bytes of it are turned at random: it is set aside, or its rows can be read", async () => {
    const seed = Number(process.env.LOTUS_FUZZ_SEED ?? Date.now() % 1_000_000);
    console.info(`bytes turned with LOTUS_FUZZ_SEED=${seed}`);
    const random = randomNumbers(seed);
    const select =
      "SELECT range AS id, md5(range::VARCHAR) AS v, range / 7 AS w, [range] AS l FROM range(300)";
    const whole = await Promise.all([
      lake.parquet(select, ", ROW_GROUP_SIZE 2048"),
      lake.parquet(select, ", COMPRESSION uncompressed"),
      lake.parquet(select, ", COMPRESSION gzip, PARQUET_VERSION V2"),
    ]);
    const stream = await lake.stream({ feeder: { batch_files: 500 }, config: { primary_key: [] } });
    for (let index = 0; index < FUZZED; index += 1) {
      const file = Buffer.from(whole[index % whole.length] as Buffer);
      // Half of them in the footer, which is short.
      const from = index % 2 === 0 ? 4 : footerStart(file);
      for (let turns = 1 + Math.floor(random() * 3); turns > 0; turns -= 1)
        file[from + Math.floor(random() * (file.length - 8 - from))] = Math.floor(random() * 256);
      await stream.put(`2026-01-02/${index}.parquet`, file);
    }
    const outcomes = await stream.feed();
    const fed = outcomes.reduce((files, outcome) => files + outcome.files, 0);
    const rows = outcomes.reduce((sum, outcome) => sum + outcome.rows, 0);
    const aside = await stream.quarantine();
    expect(fed + aside.length).toBe(FUZZED);
    expect(
      aside.every(({ reason }) => /^(cannot be (read|registered): |column |new column )/.test(reason)),
    ).toBe(true);
    // Every value of every row, in both tables.
    const everything = "count(*)::INTEGER, count(hash(COLUMNS(*)))";
    const [[landed]] = (await stream.landed(everything)) as [unknown[]];
    const [[processed]] = (await stream.rows(everything)) as [unknown[]];
    expect([landed, processed]).toEqual([rows, rows]);
    await stream.put("2026-01-03/good.parquet", values("id, v", "(1000, 'good')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 1, quarantined: 0 }]);
    expect(await stream.rows("id, v")).toContainEqual(["1000", "good"]);
  });

  for (const title of ["connections", "http_500", "forbidden"]) {
    test(`whatever the stream is called: ${title}`, async () => {
      const stream = await lake.stream({ source: `x_${title}`, stream: title });
      await between(stream, "2026-01-02/connection timed out.parquet", Buffer.from("no Parquet"));
      expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 1 }]);
    });
  }

  test("in an overwrite stream, whose rows are read only when they are published", async () => {
    const stream = await lake.stream({ config: { destination_sync_mode: "overwrite" } });
    await between(stream, "2026-01-02/b.parquet", withoutPages(await bigFile()));
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 1 }]);
    await stream.publish();
    expect(await stream.rows("id")).toEqual([["1"], ["3"]]);
  });

  test("that would need a conversion", async () => {
    const stream = await lake.stream({ fields: { id: "integer", v: "string" } });
    const file = await lake.parquet("SELECT range::DOUBLE AS id, md5(range::VARCHAR) AS v FROM range(9000)");
    await between(stream, "2026-01-02/b.parquet", withoutPages(file));
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
  await stream.put("/year=2026/month=01/day=05/b.parquet/", new Uint8Array());
  expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 3, remaining: 0 }]);
  const quarantine = Object.fromEntries(
    (await stream.quarantine()).map((row) => [row.key.slice(stream.prefix.length), row.reason]),
  );
  const layout = expect.stringContaining("outside the layout raw/");
  expect(quarantine).toEqual({
    "loose.parquet": layout,
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
