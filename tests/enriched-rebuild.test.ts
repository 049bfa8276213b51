import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EnrichedLake } from "./support/enriched-fixture.ts";

/** When a table is rebuilt, what a rebuild writes, and what a model at fault does. */
let lake: EnrichedLake;

beforeAll(async () => {
  lake = await EnrichedLake.open();
  await lake.run(
    "CREATE TABLE int_lines (id INTEGER, item VARCHAR, amount INTEGER)",
    "CREATE TABLE int_items (item VARCHAR, name VARCHAR)",
  );
});
afterAll(() => lake.close());

beforeEach(async () => {
  await lake.write(
    "DELETE FROM int_lines",
    "DELETE FROM int_items",
    "INSERT INTO int_lines VALUES (1, 'a', 10), (2, 'b', 20), (3, 'a', 30), (4, NULL, 40)",
    "INSERT INTO int_items VALUES ('a', 'Apple'), ('b', 'Bread')",
  );
});

/** Each test has a table of its own. */
let number = 0;
function next(): string {
  number += 1;
  return `fct_${number}`;
}

const byId = (select: string, more = "") => `/* ---\nunique_key: id\n${more}--- */\n${select}`;
const LINES = byId("SELECT id, item, amount FROM int_lines");
// name decides nothing about which rows there are, and no equality leads from int_items to id.
const LOOK_UP = byId(
  "SELECT id, amount, i.name FROM int_lines AS l LEFT JOIN int_items AS i ON i.item = l.item",
);

describe("a run", () => {
  test("makes the table, then writes nothing as long as nothing changes", async () => {
    const model = await lake.model(next(), LINES);
    expect(await lake.materializeRight(model)).toMatchObject({
      mode: "rebuild",
      reason: "first run",
      rows: 4,
      changedRows: 4,
    });
    const second = await lake.materializeRight(model);
    expect(second).toMatchObject({ mode: "incremental", reason: null, rows: 4, changedRows: 0 });
    expect(await lake.feedOf(model.asset, second.snapshot)).toEqual([]);
  });

  test("follows inserts, updates and deletes, several snapshots at once, row by row", async () => {
    const model = await lake.model(next(), LINES);
    await lake.materialize(model);
    await lake.write("INSERT INTO int_lines VALUES (5, 'b', 50)", "DELETE FROM int_lines WHERE id = 2");
    await lake.write("UPDATE int_lines SET amount = 11 WHERE id = 1");
    await lake.write("INSERT INTO int_lines VALUES (6, 'b', 60)");
    await lake.write("DELETE FROM int_lines WHERE id = 6");
    const outcome = await lake.materializeRight(model);
    expect(outcome).toMatchObject({ mode: "incremental", rows: 4, changedRows: 3 });
    expect(await lake.feedOf(model.asset, outcome.snapshot)).toEqual([
      "delete 2|b|20",
      "insert 5|b|50",
      "update_postimage 1|a|11",
      "update_preimage 1|a|10",
    ]);
  });

  test("redoes the key that a row leaves and the one that it enters, NULL among them", async () => {
    const model = await lake.model(
      next(),
      "/* ---\nunique_key: item\n--- */ SELECT item, sum(amount)::INTEGER AS amount FROM int_lines GROUP BY item",
    );
    await lake.materialize(model);
    await lake.write(
      "UPDATE int_lines SET item = 'b' WHERE id = 1",
      "UPDATE int_lines SET item = 'c' WHERE id = 4",
    );
    const outcome = await lake.materializeRight(model);
    expect(outcome.mode).toBe("incremental");
    expect(await lake.feedOf(model.asset, outcome.snapshot)).toEqual([
      "delete NULL|40",
      "insert c|40",
      "update_postimage a|30",
      "update_postimage b|30",
      "update_preimage a|40",
      "update_preimage b|20",
    ]);
  });

  test("moves a row whose redo_by changes while its key stays", async () => {
    const model = await lake.model(
      next(),
      `/* ---\nunique_key: id\nredo_by: item\n--- */
       SELECT id, item, amount, sum(amount) OVER (PARTITION BY item)::INTEGER AS total FROM int_lines`,
    );
    expect(model.upkeep.mode).toBe("incremental");
    await lake.materialize(model);
    await lake.write("UPDATE int_lines SET item = 'b' WHERE id = 1");
    const outcome = await lake.materializeRight(model);
    expect(outcome.mode).toBe("incremental");
    expect(await lake.feedOf(model.asset, outcome.snapshot)).toEqual([
      "update_postimage 1|b|10|30",
      "update_postimage 2|b|20|30",
      "update_postimage 3|a|30|30",
      "update_preimage 1|a|10|40",
      "update_preimage 2|b|20|20",
      "update_preimage 3|a|30|40",
    ]);
  });

  test("takes a file as it runs in a shell: with a comment or a semicolon at its end", async () => {
    for (const end of [" -- all of them", ";", ";\n-- all of them\n"]) {
      const model = await lake.model(next(), LINES + end);
      await lake.materializeRight(model);
      await lake.write("UPDATE int_lines SET amount = amount + 1 WHERE id = 1");
      expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
    }
  });

  test("sees its upstreams' columns in the order that it was checked with, wherever they stand", async () => {
    await lake.run("CREATE TABLE int_more (id INTEGER, item VARCHAR, amount INTEGER)");
    await lake.write("INSERT INTO int_more VALUES (5, 'e', 50)");
    const model = await lake.model(
      next(),
      byId("SELECT * FROM (SELECT * FROM int_lines UNION ALL SELECT * FROM int_more) WHERE id > 3"),
    );
    // As when a model gets a column in its middle, or a stream a field that the config does not know.
    await lake.run(
      "ALTER TABLE int_more DROP COLUMN id",
      "ALTER TABLE int_more ADD COLUMN extra INTEGER",
      "ALTER TABLE int_more ADD COLUMN id INTEGER",
    );
    await lake.write("UPDATE int_more SET id = 5, extra = 7");
    await lake.materialize(model);
    await lake.write("UPDATE int_more SET amount = 51");
    expect(await lake.materialize(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
    expect(await lake.list(`SELECT id, item, amount FROM ${model.asset}`)).toEqual(["4|NULL|40", "5|e|51"]);
  });

  test("stores every type and finds it again: no change means no change", async () => {
    const columns = [
      "TRUE AS a, 1::TINYINT AS b, 2::SMALLINT AS c, 3::HUGEINT AS d, 4::UBIGINT AS e, 1.5::FLOAT AS f",
      "'NaN'::DOUBLE AS g, 1.25::DECIMAL(18,2) AS h, 'ü' AS i, '\\xAA'::BLOB AS j, DATE '2024-01-01' AS k",
      "TIME '12:00' AS l, TIMESTAMP '2024-01-01 12:00:00.5' AS m, TIMESTAMPTZ '2024-01-01 12:00:00+00' AS n",
      "'2024-01-01'::TIMESTAMP_S AS o, '2024-01-01'::TIMESTAMP_MS AS p, '2024-01-01'::TIMESTAMP_NS AS q",
      "INTERVAL 3 DAY AS r, uuid '00000000-0000-0000-0000-000000000001' AS s, [1, NULL] AS t",
      "{'x': 1, 'y': ['z']} AS u, map {'k': 1.5} AS v, '{\"a\": 1}'::JSON AS w, NULL AS x",
    ];
    const model = await lake.model(next(), byId(`SELECT id, ${columns.join(", ")} FROM int_lines`));
    await lake.materialize(model);
    await lake.write("UPDATE int_lines SET item = 'z' WHERE id = 1");
    expect(await lake.materialize(model)).toMatchObject({ mode: "incremental", changedRows: 0 });
    expect(await lake.materialize(model, { full: true })).toMatchObject({ mode: "rebuild", changedRows: 0 });
  });
});

test("sums of whole numbers are stored to the last digit", async () => {
  const model = await lake.model(
    next(),
    "SELECT r AS id, sum(9007199254740992 + r) AS total FROM int_lines, unnest(range(30)) AS t(r) WHERE id = 1 GROUP BY r",
  );
  expect(model.columns).toEqual([
    { name: "id", type: "BIGINT" },
    { name: "total", type: "DECIMAL(38,0)" },
  ]);
  await lake.materialize(model);
  const totals = await lake.rows(`SELECT total::VARCHAR AS total FROM ${model.asset} ORDER BY id`);
  expect(totals.map(({ total }) => total)).toEqual(
    Array.from({ length: 30 }, (_, index) => String(9007199254740992n + BigInt(index))),
  );
  expect(await lake.materialize(model, { full: true })).toMatchObject({ changedRows: 0 });
});

describe("a rebuild in place", () => {
  test("follows a changed look-up and writes only the rows that differ", async () => {
    const model = await lake.model(next(), LOOK_UP);
    expect(model.upkeep).toMatchObject({ mode: "incremental", upstreams: { int_items: { keys: null } } });
    await lake.materialize(model);
    await lake.write("UPDATE int_lines SET amount = 21 WHERE id = 2");
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
    await lake.write("UPDATE int_items SET name = 'Apricot' WHERE item = 'a'");
    const outcome = await lake.materializeRight(model);
    expect(outcome).toMatchObject({ mode: "rebuild", reason: expect.stringContaining("int_items changed") });
    expect(await lake.feedOf(model.asset, outcome.snapshot)).toEqual([
      "update_postimage 1|10|Apricot",
      "update_postimage 3|30|Apricot",
      "update_preimage 1|10|Apple",
      "update_preimage 3|30|Apple",
    ]);
  });

  test("on demand writes nothing where nothing differs, and repairs what was tampered with", async () => {
    const model = await lake.model(next(), LINES);
    await lake.materialize(model);
    const untouched = await lake.materialize(model, { full: true });
    expect(untouched).toMatchObject({ mode: "rebuild", reason: "asked for", changedRows: 0 });
    expect(await lake.feedOf(model.asset, untouched.snapshot)).toEqual([]);
    await lake.write(
      `DELETE FROM ${model.asset} WHERE id = 1`,
      `UPDATE ${model.asset} SET amount = 0 WHERE id = 2`,
      `INSERT INTO ${model.asset} VALUES (9, 'x', 9)`,
    );
    const outcome = await lake.materializeRight(model, { full: true });
    expect(await lake.feedOf(model.asset, outcome.snapshot)).toEqual([
      "delete 9|x|9",
      "insert 1|a|10",
      "update_postimage 2|b|20",
      "update_preimage 2|b|0",
    ]);
  });

  test("follows other code; a comment is no other code; keep leaves what is there", async () => {
    const asset = next();
    const first = await lake.model(asset, LINES);
    await lake.materialize(first);
    expect(await lake.materialize(await lake.model(asset, `${LINES} -- said`))).toMatchObject({
      mode: "incremental",
    });
    const doubled = "SELECT id, item, amount * 2 AS amount FROM int_lines";
    const kept = await lake.model(asset, byId(doubled, "on_code_change: keep\n"));
    expect(await lake.materialize(kept)).toMatchObject({ mode: "incremental", changedRows: 0 });
    await lake.write("UPDATE int_lines SET amount = 11 WHERE id = 1");
    expect(await lake.materialize(kept)).toMatchObject({ mode: "incremental", changedRows: 1 });
    expect(await lake.list(`SELECT id, amount FROM ${asset}`)).toEqual(["1|22", "2|20", "3|30", "4|40"]);
    // The table is still mostly the old code's, so that without keep it is rebuilt.
    const outcome = await lake.materializeRight(await lake.model(asset, byId(doubled)));
    expect(outcome).toMatchObject({ mode: "rebuild", reason: "the model changed", changedRows: 3 });
  });

  test("adds, drops and retypes columns, and the rows are right at once", async () => {
    const asset = next();
    const variants = [
      "SELECT id, item, amount FROM int_lines",
      "SELECT id, item, amount, upper(item) AS loud FROM int_lines",
      "SELECT id, amount::VARCHAR AS amount, upper(item) AS loud FROM int_lines",
      "SELECT id::BIGINT AS id, amount::DECIMAL(10,2) AS amount FROM int_lines",
      "SELECT id::VARCHAR AS id, amount::INTEGER AS amount FROM int_lines",
      "SELECT id FROM int_lines",
      "SELECT id::BIGINT AS id FROM int_lines",
      "SELECT id::BIGINT AS ID, item FROM int_lines",
    ];
    for (const variant of variants) {
      const model = await lake.model(asset, byId(variant));
      const outcome = await lake.materializeRight(model);
      expect(outcome.mode).toBe("rebuild");
      const columns = await lake.list(`SELECT column_name, column_type FROM (DESCRIBE ${asset})`);
      expect(columns.map((text) => text.toLowerCase())).toEqual(
        model.columns.map(({ name, type }) => `${name}|${type}`.toLowerCase()).sort(),
      );
      expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 0 });
    }
  });

  test("over another unique_key, finer or coarser", async () => {
    const asset = next();
    const rows = "SELECT item, id, amount FROM int_lines";
    await lake.materializeRight(await lake.model(asset, `/* ---\nunique_key: [item, id]\n--- */ ${rows}`));
    const coarse =
      "/* ---\nunique_key: item\n--- */ SELECT item, max(id) AS id, max(amount) AS amount FROM int_lines GROUP BY item";
    await lake.materializeRight(await lake.model(asset, coarse));
    await lake.materializeRight(await lake.model(asset, `/* ---\nunique_key: [item, id]\n--- */ ${rows}`));
    expect(await lake.list(`SELECT count(*) FROM ${asset}`)).toEqual(["4"]);
  });

  test("of a partitioned and sorted table, by columns and by transforms, also when they go", async () => {
    const asset = next();
    const dated = "SELECT id, item, DATE '2024-01-01' + id AS \"the day\" FROM int_lines";
    const layout = 'partitioned_by: [year("the day"), item]\nsorted_by: [\'"the day" DESC\', id]\n';
    await lake.materializeRight(await lake.model(asset, byId(dated, layout)));
    const partitions = `SELECT transform FROM __ducklake_metadata_lakehouse.ducklake.ducklake_partition_column c
      JOIN __ducklake_metadata_lakehouse.ducklake.ducklake_table t USING (table_id) WHERE t.table_name = '${asset}'`;
    expect(await lake.list(partitions)).toEqual(["identity", "year"]);
    await lake.materializeRight(await lake.model(asset, LINES));
    await lake.write("UPDATE int_lines SET amount = 0 WHERE id = 1");
    expect(await lake.materializeRight(await lake.model(asset, LINES))).toMatchObject({ changedRows: 1 });
  });

  test("of a table without unique_key: all rows or, where nothing differs, none", async () => {
    const model = await lake.model(next(), "SELECT item, amount FROM int_lines");
    expect(model.upkeep).toMatchObject({ mode: "rebuild" });
    await lake.materializeRight(model);
    await lake.write("INSERT INTO int_lines VALUES (5, 'a', 10)", "DELETE FROM int_lines WHERE id = 4");
    const changed = await lake.materializeRight(model);
    expect(changed).toMatchObject({ mode: "rebuild", rows: 4 });
    expect(await lake.list(`SELECT * FROM ${model.asset}`)).toEqual(["a|10", "a|10", "a|30", "b|20"]);
    await lake.write("UPDATE int_lines SET id = 7 WHERE id = 5");
    expect(await lake.materializeRight(model)).toMatchObject({ changedRows: 0 });
  });

  test("follows a mapping to keys that no increment knew before", async () => {
    const asset = next();
    await lake.materialize(await lake.model(asset, LINES));
    const joined = await lake.model(
      asset,
      byId("SELECT l.* FROM int_lines AS l SEMI JOIN int_items USING (item)"),
    );
    expect(await lake.materializeRight(joined)).toMatchObject({
      mode: "rebuild",
      reason: "the model changed",
    });
  });
});

describe("a model at fault", () => {
  test("whose unique_key is not unique fails by name and writes nothing", async () => {
    const asset = next();
    const fault = await lake.model(
      asset,
      "/* ---\nunique_key: item\n--- */ SELECT item, amount FROM int_lines",
    );
    const failure = {
      code: "MODEL_FAILED",
      message: expect.stringMatching(`^${asset} .*${asset}\\.sql.*item.*"a"`),
    };
    await expect(lake.materialize(fault)).rejects.toMatchObject(failure);
    await lake.write("DELETE FROM int_lines WHERE id = 3");
    await lake.materializeRight(fault);
    const before = await lake.currentSnapshot();
    await lake.write("INSERT INTO int_lines VALUES (8, 'a', 80), (9, 'c', 90)");
    await expect(lake.materialize(fault)).rejects.toMatchObject(failure);
    expect(await lake.list(`SELECT * FROM ${asset}`)).toEqual(["NULL|40", "a|10", "b|20"]);
    expect(await lake.currentSnapshot()).toBe(before + 1);
    await lake.write("DELETE FROM int_lines WHERE id = 8");
    expect(await lake.materializeRight(fault)).toMatchObject({ mode: "incremental", changedRows: 1 });
  });

  test("whose key is twice, once in what is redone and once in what stays, fails as a rebuild would", async () => {
    const model = await lake.model(
      next(),
      `/* ---\nunique_key: amount\nredo_by: item\n--- */ SELECT item, amount, id FROM int_lines`,
    );
    expect(model.upkeep.mode).toBe("incremental");
    await lake.materialize(model);
    await lake.write("INSERT INTO int_lines VALUES (5, 'c', 10)");
    const failure = { code: "MODEL_FAILED", message: expect.stringContaining("not unique") };
    await expect(lake.materialize(model, { full: true })).rejects.toMatchObject(failure);
    await expect(lake.materialize(model)).rejects.toMatchObject(failure);
    expect(await lake.list(`SELECT id FROM ${model.asset}`)).toEqual(["1", "2", "3", "4"]);
    await lake.write("UPDATE int_lines SET item = 'c' WHERE id = 1", "DELETE FROM int_lines WHERE id = 5");
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
  });

  test("whose SQL fails on the data names itself and its file, and the old rows stay", async () => {
    const model = await lake.model(next(), byId("SELECT id, item::INTEGER AS item FROM int_lines"));
    await lake.write("UPDATE int_lines SET item = id");
    await lake.materializeRight(model);
    await lake.write("UPDATE int_lines SET item = 'x' WHERE id = 1");
    await expect(lake.materialize(model)).rejects.toMatchObject({
      code: "MODEL_FAILED",
      message: expect.stringMatching(
        `^${model.asset} \\(enriched/test/${model.asset}\\.sql\\): .*'x'.*nothing was written\\.$`,
      ),
    });
    expect(await lake.list(`SELECT * FROM ${model.asset}`)).toEqual(["1|1", "2|2", "3|3", "4|4"]);
    await lake.write("UPDATE int_lines SET item = '7' WHERE id = 1");
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
  });

  test("whose upstream is not there yet says so", async () => {
    await lake.run("CREATE TABLE int_gone (id INTEGER)");
    const model = await lake.model(next(), byId("SELECT id FROM int_gone"));
    await lake.run("DROP TABLE int_gone");
    await expect(lake.materialize(model)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(`^${model.asset} reads int_gone, which has no table yet`),
    });
  });

  test("whose upstream lost a column names itself and its file", async () => {
    const model = await lake.model(next(), LOOK_UP);
    await lake.materialize(model);
    await lake.run("ALTER TABLE int_items RENAME COLUMN name TO title");
    await expect(lake.materialize(model)).rejects.toMatchObject({
      code: "MODEL_FAILED",
      message: expect.stringContaining(`${model.asset}.sql`),
    });
    await lake.run("ALTER TABLE int_items RENAME COLUMN title TO name");
    await lake.materializeRight(model);
  });

  test("whose declared changes cannot be a key, or fail", async () => {
    const select =
      "SELECT id, amount FROM int_lines AS l WHERE EXISTS (FROM int_items AS i WHERE i.item = l.item)";
    const odd = await lake.model(next(), byId(select, "changes: { int_items: item }\n"));
    await lake.materialize(odd);
    await lake.write("UPDATE int_items SET name = 'B' WHERE item = 'b'");
    expect(await lake.materializeRight(odd)).toMatchObject({ mode: "incremental", changedRows: 0 });
    const failing = await lake.model(
      next(),
      byId(select, 'changes: { int_items: "error(name)::INTEGER" }\n'),
    );
    await lake.materialize(failing);
    await lake.write("UPDATE int_items SET name = 'Bun' WHERE item = 'b'");
    await expect(lake.materialize(failing)).rejects.toMatchObject({
      code: "MODEL_FAILED",
      message: expect.stringContaining(`${failing.asset}.sql`),
    });
  });
});
