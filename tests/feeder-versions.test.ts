import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LotusError } from "../common/errors.ts";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

const CURSOR = {
  fields: { id: "integer", v: "string", updated: "integer" },
  config: { primary_key: [["id"]], cursor_field: ["updated"] },
};
/** Columns of a row with everything that decides between versions; extraction is a second of 2026-01-01. */
const AIRBYTE = "id, v, updated, _airbyte_raw_id, second";

function airbyte(...tuples: string[]): string {
  return `SELECT * EXCLUDE (second), TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(second::INTEGER) AS _airbyte_extracted_at
    FROM (${values(AIRBYTE, ...tuples)})`;
}

async function fed(stream: FedStream, ...files: string[]): Promise<void> {
  for (const [index, file] of files.entries()) await stream.put(`2026-01-01/${index}.parquet`, file);
  expect(await stream.feed()).toMatchObject([{ files: files.length, quarantined: 0 }]);
}

describe("the latest version of a row wins", () => {
  test("within a file, across files of a batch, and in either order of arrival", async () => {
    const stream = await lake.stream(CURSOR);
    await fed(
      stream,
      values("id, v, updated", "(1, 'first', 1)", "(1, 'last', 9)", "(1, 'middle', 5)", "(2, 'new', 7)"),
      values("id, v, updated", "(1, 'older', 8)", "(2, 'old', 6)", "(3, 'only', 1)"),
    );
    expect(await stream.rows("id, v")).toEqual([
      ["1", "last"],
      ["2", "new"],
      ["3", "only"],
    ]);
    expect(await stream.landed("count(*)::INTEGER")).toEqual([[7]]);
    // Later batches: an older version changes nothing, a newer one does, also from a file that sorts before.
    await stream.put("2026-01-02/a.parquet", values("id, v, updated", "(1, 'older', 8)", "(2, 'newer', 8)"));
    await stream.feed();
    await stream.put("2025-12-01/late.parquet", values("id, v, updated", "(3, 'newest', 2)", "(2, 'x', 7)"));
    await stream.feed();
    expect(await stream.rows("id, v")).toEqual([
      ["1", "last"],
      ["2", "newer"],
      ["3", "newest"],
    ]);
  });

  test("by cursor, then extraction, then raw id; NULL is the oldest of each", async () => {
    const stream = await lake.stream(CURSOR);
    await fed(
      stream,
      airbyte(
        "(1, 'earlier', 5, 'z', 10)",
        "(1, 'later', 5, 'a', 20)",
        "(2, 'small id', 5, 'a', 10)",
        "(2, 'great id', 5, 'b', 10)",
        "(3, 'no cursor', NULL, 'z', 99)",
        "(3, 'cursor', -5, 'a', 1)",
        "(4, 'no extraction', 5, 'z', NULL)",
        "(4, 'extraction', 5, 'a', 1)",
        "(5, 'no raw id', 5, NULL, 1)",
        "(5, 'raw id', 5, '', 1)",
        "(6, 'nothing', NULL, NULL, NULL)",
      ),
    );
    const winners = ["later", "great id", "cursor", "extraction", "raw id", "nothing"];
    expect(await stream.rows("id::INTEGER, v")).toEqual(winners.map((v, index) => [index + 1, v]));
    // The losers again, in a later batch: nothing changes. A real version over nothing: it does.
    await stream.put(
      "2026-01-02/b.parquet",
      airbyte(
        "(1, 'earlier', 5, 'z', 10)",
        "(2, 'small id', 5, 'a', 10)",
        "(3, 'no cursor', NULL, 'z', 99)",
        "(4, 'no extraction', 5, 'z', NULL)",
        "(5, 'no raw id', 5, NULL, 1)",
        "(6, 'something', NULL, NULL, 1)",
      ),
    );
    await stream.feed();
    expect(await stream.rows("id::INTEGER, v")).toEqual(
      [...winners.slice(0, 5), "something"].map((v, index) => [index + 1, v]),
    );
  });

  test("without a cursor field, by Airbyte's columns; the same version twice stays as it was", async () => {
    const stream = await lake.stream();
    await fed(stream, airbyte("(1, 'a', 0, 'x', 1)", "(1, 'b', 0, 'x', 2)"));
    await stream.put("2026-01-02/b.parquet", airbyte("(1, 'other', 0, 'x', 2)"));
    await stream.feed();
    expect(await stream.rows("id, v")).toEqual([["1", "b"]]);
  });
});

describe("keys", () => {
  test("composite, with NULL in any part", async () => {
    const stream = await lake.stream({
      fields: { a: "integer", b: "string", v: "string", updated: "integer" },
      config: { primary_key: [["a"], ["b"]], cursor_field: ["updated"] },
    });
    const columns = "a, b, v, updated";
    await fed(
      stream,
      values(
        columns,
        "(1, 'x', 'old', 1)",
        "(1, NULL, 'old', 1)",
        "(NULL, 'x', 'old', 1)",
        "(NULL, NULL, 'old', 1)",
      ),
    );
    await stream.put(
      "2026-01-02/b.parquet",
      values(
        columns,
        "(1, NULL, 'new', 2)",
        "(NULL, NULL, 'new', 2)",
        "(NULL, NULL, 'old', 0)",
        "(1, 'y', 'new', 1)",
      ),
    );
    await stream.feed();
    expect(await stream.rows("a, b, v")).toEqual([
      ["1", "x", "old"],
      ["1", "y", "new"],
      ["1", null, "new"],
      [null, "x", "old"],
      [null, null, "new"],
    ]);
  });

  test("none: every row is kept, the same ones too", async () => {
    const stream = await lake.stream({ config: { primary_key: [] } });
    const file = values("id, v", "(1, 'a')", "(1, 'a')", "(NULL, NULL)");
    await fed(stream, file, file);
    await stream.put("2026-01-02/b.parquet", file);
    await stream.feed();
    expect(await stream.rows("count(*)::INTEGER, count(id)::INTEGER")).toEqual([[9, 6]]);
  });

  test("renamed by the model's unique_key; versions are kept though the SELECT drops them", async () => {
    const stream = await lake.stream({
      ...CURSOR,
      model: "/* ---\nunique_key: item\n--- */\nSELECT id + 100 AS item, upper(v) AS name FROM TABLE_NAME",
    });
    await fed(stream, values("id, v, updated", "(1, 'a', 5)", "(1, 'b', 6)"));
    await stream.put("2026-01-02/b.parquet", values("id, v, updated", "(1, 'old', 4)", "(2, 'c', 1)"));
    await stream.feed();
    expect(await stream.rows("item, name, updated")).toEqual([
      ["101", "B", "6"],
      ["102", "C", "1"],
    ]);
    expect(Object.keys(await stream.processedTypes())).toEqual([
      "item",
      "name",
      "updated",
      "_airbyte_extracted_at",
      "_airbyte_raw_id",
    ]);
  });

  test("a unique_key that is not unique is the model's fault: nothing moves, nothing is set aside", async () => {
    const stream = await lake.stream({
      ...CURSOR,
      model: "/* ---\nunique_key: half\n--- */\nSELECT id // 2 AS half, v FROM TABLE_NAME",
    });
    await stream.put("2026-01-01/a.parquet", values("id, v, updated", "(2, 'a', 1)", "(3, 'b', 1)"));
    const before = await state(stream);
    const error = await stream.feed().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(LotusError);
    expect(error.code).toBe("MODEL_FAILED");
    expect(error.message).toContain(
      `${stream.context.stream.processed.asset}: unique_key (half) is not unique`,
    );
    expect(await state(stream)).toEqual(before);
  });
});

test("a row that the source deleted stays as a tombstone, though the SELECT does not pass the mark on", async () => {
  const deleted = { type: "string", format: "date-time" };
  const stream = await lake.stream({
    fields: { id: "integer", v: "string", updated: "integer", _ab_cdc_deleted_at: deleted },
    config: CURSOR.config,
    model: "SELECT id, v FROM TABLE_NAME",
  });
  const columns = "id, v, updated, _ab_cdc_deleted_at";
  await fed(stream, values(columns, "(1, 'a', 1, NULL::TIMESTAMPTZ)", "(2, 'b', 1, NULL)"));
  await stream.put(
    "2026-01-02/b.parquet",
    values(columns, "(1, NULL, 2, TIMESTAMPTZ '2026-01-02 00:00:00+00')"),
  );
  await stream.feed();
  // Its past comes again: it stays deleted.
  await stream.put("2026-01-03/c.parquet", values(columns, "(1, 'a', 1, NULL::TIMESTAMPTZ)"));
  await stream.feed();
  expect(await stream.rows("id, v, _ab_cdc_deleted_at IS NOT NULL")).toEqual([
    ["1", null, true],
    ["2", "b", false],
  ]);
});

describe("an overwrite stream", () => {
  const OVERWRITE = { config: { primary_key: [["id"]], destination_sync_mode: "overwrite" } };
  const columns = "id, v, _airbyte_generation_id";

  test("shows its newest generation once it is published, and older ones never return", async () => {
    const stream = await lake.stream(OVERWRITE);
    await fed(stream, values(columns, "(1, 'a', 1)", "(2, 'b', 1)"));
    expect(await stream.rows()).toEqual([]);
    await stream.publish();
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "b"],
    ]);
    // While the next generation lands, the last one is shown.
    await stream.put("2026-01-02/a.parquet", values(columns, "(2, 'B', 2)"));
    await stream.put("2026-01-02/b.parquet", values(columns, "(3, 'C', 2)"));
    await stream.feed();
    expect(await stream.rows("id")).toEqual([["1"], ["2"]]);
    await stream.publish();
    const second = [
      ["2", "B"],
      ["3", "C"],
    ];
    expect(await stream.rows("id, v")).toEqual(second);
    await stream.put("2026-01-03/late.parquet", values(columns, "(1, 'late', 1)", "(9, 'late', 1)"));
    await stream.feed();
    await stream.publish();
    expect(await stream.rows("id, v")).toEqual(second);
    expect(await stream.landed("count(*)::INTEGER")).toEqual([[6]]);
  });

  test("without generation ids shows everything; with some, those rows", async () => {
    const stream = await lake.stream(OVERWRITE);
    await fed(stream, values("id, v", "(1, 'a')", "(2, 'b')"));
    await stream.publish();
    expect(await stream.rows("id")).toEqual([["1"], ["2"]]);
    await stream.put("2026-01-02/a.parquet", values(columns, "(3, 'c', 0)"));
    await stream.feed();
    await stream.publish();
    expect(await stream.rows("id")).toEqual([["3"]]);
  });
});

describe("a model that fails on the data", () => {
  const model = (expression: string) => `SELECT id, ${expression} AS price FROM TABLE_NAME`;

  test("stops its stream with its name; nothing moves; others go on; corrected, it takes the files", async () => {
    const stream = await lake.stream({ model: model("v::DECIMAL(9, 2)") });
    const other = await lake.stream();
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, '1.50')"));
    await stream.feed();
    const before = await state(stream);
    await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'free')"));
    await other.put("2026-01-01/a.parquet", values("id, v", "(1, 'x')"));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await stream.feed().catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "MODEL_FAILED", retryable: false });
      expect(error.message).toMatch(
        new RegExp(
          `^int_${stream.name.source}__items \\(processed/.*\\.sql\\): Conversion Error: .*free.*Correct the model`,
        ),
      );
      expect(error.message).not.toContain("\n");
    }
    expect(await state(stream)).toEqual(before);
    expect(await other.feed()).toMatchObject([{ files: 1 }]);
    await stream.load(lake.lake, { model: model("TRY_CAST(v AS DECIMAL(9, 2))") });
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 1, quarantined: 0 }]);
    expect(await stream.rows("id, price::VARCHAR")).toEqual([
      ["1", "1.50"],
      ["2", null],
    ]);
  });

  test.each(["Could not connect to server", "HTTP 503", "Transaction conflict", "connection to server at"])(
    "also when the value at fault reads like a failure of another kind: %s",
    async (value) => {
      const stream = await lake.stream({ model: model("v::INTEGER") });
      await stream.put("2026-01-01/a.parquet", values("id, v", `(1, '${value}')`));
      await expect(stream.feed()).rejects.toMatchObject({ code: "MODEL_FAILED" });
      expect(await stream.quarantine()).toEqual([]);
    },
  );

  test("in a batch with a file that cannot be read: the file is set aside once the model is right", async () => {
    const stream = await lake.stream({ model: model("v::INTEGER") });
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'no number')"));
    await stream.put("2026-01-01/b.parquet", Buffer.from("no Parquet at all"));
    await expect(stream.feed()).rejects.toMatchObject({ code: "MODEL_FAILED" });
    expect(await stream.quarantine()).toEqual([]);
    await stream.load(lake.lake, { model: model("TRY_CAST(v AS INTEGER)") });
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
  });
});

/** Everything that a batch writes. */
async function state(stream: FedStream): Promise<unknown> {
  return {
    ledger: await stream.ledger(),
    quarantine: await stream.quarantine(),
    batches: await stream.batches(),
    cursor: await stream.cursor(),
    rows: await stream.rows(),
    landed: await stream.landed("count(*)::INTEGER"),
    snapshots: await lake.query(
      `SELECT count(*)::INTEGER AS n FROM ducklake_snapshots('lakehouse')
       WHERE author = 'feeder_${stream.name.source}_${stream.name.stream}'`,
    ),
  };
}
