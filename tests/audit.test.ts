import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EnrichedModel } from "../assets/definitions.ts";
import type { AuditResult } from "../audit/audit.ts";
import { confirmed, type Fault } from "../audit/check.ts";
import { findingCodes } from "../audit/finding-codes.ts";
import { AuditedStream, audit, found, projectOf, rows } from "./support/audit-fixture.ts";
import { environmentOf } from "./support/environment.ts";
import { FeederLake, type StreamSpec, values } from "./support/feeder-fixture.ts";

/**
 * Faults are planted for real, each stream with those that do not hide one another. One audit of all of them must
 * find each, name what is at fault, and find nothing else.
 */

interface Planted {
  what: string;
  spec?: StreamSpec;
  plant?(stream: AuditedStream): Promise<unknown>;
  /** Enriched models over `INT`, the processed table; planted into the first one. */
  models?: Record<string, string>;
  plantModel?(table: string, stream: AuditedStream): Promise<unknown>;
  /** Code and what it is about (`stream`, `asset`, or a model) → the end of each example. */
  finds: Record<string, string[]>;
  leftOut?: [string, RegExp][];
}

const UNKEYED: StreamSpec = { config: { primary_key: [] } };
/** The end of any name. */
const ANY = "";

const healthy: Planted[] = [
  {
    what: "copies, conversions, empty files, new columns, files set aside, files that wait",
    plant: async (stream) => {
      await stream.land("2026-01-03/key [1].parquet", rows(30, 5, "copied", 3));
      await stream.land("2026-01-03/double.parquet", "SELECT 77::DOUBLE AS id, 'converted' AS v");
      await stream.land("2026-01-03/empty.parquet", `SELECT * FROM (${rows(0, 1, "none", 3)}) WHERE FALSE`);
      await stream.land("2026-01-03/broken.parquet", Buffer.from("nothing of the kind"));
      await stream.land("/misplaced.parquet", rows(0, 1, "misplaced", 3));
      await stream.land("2026-01-03/wide.parquet", "SELECT 5 AS id, 'wide' AS v, 1.5 AS brought");
      await stream.fed.feed();
      await stream.land("2026-01-04/waits.parquet", rows(0, 1, "waits", 9));
    },
    finds: {},
  },
  {
    what: "versions that tie, whichever row won; files whose types differ",
    spec: {
      fields: {
        id: "integer",
        v: "string",
        t: { type: "string", format: "date-time", airbyte_type: "timestamp_without_timezone" },
      },
    },
    plant: async (stream) => {
      await stream.land("2026-01-03/a.parquet", values("id, v", "(101, 'a')", "(102, 'x')", "(102, 'y')"));
      await stream.land("2026-01-03/ns.parquet", "SELECT 31::SMALLINT AS id, TIMESTAMP_NS '2026-01-01' AS t");
      await stream.land("2026-01-03/far.parquet", "SELECT 32::UINTEGER AS id, TIMESTAMP '9000-01-01' AS t");
      await stream.fed.feed();
      await stream.land("2026-01-04/b.parquet", values("id, v", "(101, 'b')"));
      await stream.fed.feed();
    },
    finds: {},
  },
  {
    what: "no key, and rows that are equal",
    spec: UNKEYED,
    plant: async (stream) => {
      await stream.land("2026-01-03/again.parquet", rows(0, 20, "old", 1));
      await stream.fed.feed();
    },
    finds: {},
  },
];

const objects: Planted[] = [
  {
    what: "deleted and overwritten, also by what is set aside",
    plant: async (stream) => {
      for (const name of ["key [1]", "replaced", "spoilt"])
        await stream.land(`2026-01-03/${name}.parquet`, rows(30, 5, name, 3));
      await stream.fed.feed();
      const { store } = stream.lake;
      await store.delete(stream.fed.key("2026-01-01/old.parquet"));
      await store.delete(await stream.registeredKey("%[1]%"));
      await stream.land("2026-01-03/replaced.parquet", rows(0, 3, "other", 1));
      await stream.land("2026-01-03/spoilt.parquet", Buffer.from("nothing of the kind"));
      const { objects } = await store.page(stream.fed.key("2026-01-03/spoilt.parquet"), null, null);
      await stream.sql(
        `INSERT INTO lakehouse.meta.quarantine_log SELECT source, stream, key, '${objects[0]?.etag}', 9, 'unreadable', 'waiting', epoch, now()
         FROM lakehouse.meta.feeder_file_log WHERE ${stream.mine} AND key LIKE '%spoilt%'`,
      );
    },
    finds: {
      "object-missing stream": [ANY, "/old.parquet"],
      "object-overwritten stream": ["/replaced.parquet", "/spoilt.parquet"],
    },
    leftOut: [
      ["stream", /4 files .* gone or were overwritten/],
      ["asset", /4 files .* gone or were overwritten/],
    ],
  },
  {
    what: "fed twice, and set aside without a reason",
    plant: async (stream) => {
      await stream.land("2026-01-03/broken.parquet", Buffer.from("nothing of the kind"));
      await stream.fed.feed();
      await stream.sql(`UPDATE lakehouse.meta.quarantine_log SET reason = ' ' WHERE ${stream.mine}`);
      await stream.sql(
        `INSERT INTO lakehouse.meta.feeder_file_log
         SELECT * FROM lakehouse.meta.feeder_file_log WHERE ${stream.mine} AND key LIKE '%old%'`,
      );
    },
    finds: {
      "batch-ledger-differs stream": [ANY],
      "object-fed-twice stream": ["/old.parquet"],
      "set-aside-without-reason stream": ["/broken.parquet"],
    },
  },
];

const landing: Planted[] = [
  {
    what: "what somebody registers or inserts",
    plant: async (stream) => {
      await stream.land("2026-01-03/foreign.parquet", rows(50, 1, "foreign", 3));
      await stream.register("2026-01-03/foreign.parquet");
      await stream.register("2026-01-01/old.parquet");
      await stream.sql(`INSERT INTO ${stream.landing} (id, v) VALUES (0, 'foreign')`);
    },
    finds: {
      "landing-file-twice stream": ["/old.parquet"],
      // The inserted row lies in a file of its own, or in the catalog.
      "landing-file-unknown stream": ["/foreign.parquet", ANY],
      "row-missing asset": ['{"id":50}'],
    },
  },
  {
    what: "what somebody takes out",
    plant: async (stream) => {
      await stream.land("2026-01-03/last.parquet", rows(30, 20, "last", 3));
      await stream.fed.feed();
      await stream.sql(
        `DELETE FROM ${stream.landing} WHERE filename = '${stream.path("2026-01-03/last.parquet")}' AND id > 30`,
      );
      await stream.sql(
        `DELETE FROM ${stream.landing} WHERE filename = '${stream.path("2026-01-03/last.parquet")}'`,
      );
      await stream.sql(`DELETE FROM ${stream.landing} WHERE id = 10 AND v = 'old'`);
      await stream.sql(
        `UPDATE lakehouse.meta.feeder_file_log SET rows = 21 WHERE ${stream.mine} AND key LIKE '%new%'`,
      );
    },
    finds: {
      "batch-ledger-differs stream": [ANY],
      "landing-file-missing stream": ["/last.parquet"],
      "landing-rows-differ stream": ["/old.parquet", "/new.parquet"],
      "row-extra asset": Array.from({ length: 5 }, (_, index) => `{"id":${30 + index}}`),
    },
  },
  {
    what: "columns that are mapped to each other's names",
    spec: { fields: { id: "integer", v: "string", w: "string" }, config: { primary_key: [] } },
    plant: async (stream) => {
      await stream.land("2026-01-03/two.parquet", values("id, v, w", "(40, 'v', 'w')"));
      await stream.fed.feed();
      const catalog = "__ducklake_metadata_lakehouse.ducklake";
      await stream.sql(
        `UPDATE ${catalog}.ducklake_name_mapping
         SET source_name = CASE source_name WHEN 'v' THEN 'w' ELSE 'v' END
         WHERE source_name IN ('v', 'w') AND mapping_id = (SELECT mapping_id FROM ${catalog}.ducklake_data_file
           WHERE path = '${stream.path("2026-01-03/two.parquet")}')`,
      );
    },
    finds: {
      "landing-content-differs stream": ["/two.parquet"],
      "row-extra asset": [ANY],
      "row-missing asset": [ANY],
    },
  },
  {
    what: "a copy of the lake's own that is not what it was",
    plant: async (stream) => {
      await stream.land("2026-01-03/key [1].parquet", rows(30, 5, "copied", 3));
      await stream.fed.feed();
      const copy = await stream.registeredKey("%[1]%");
      const { length } = await stream.lake.store.get(copy);
      await stream.lake.store.put(copy, Buffer.alloc(length, "x"));
    },
    finds: { "landing-unreadable stream": [ANY], "table-unreadable asset": [ANY] },
  },
];

const processed: Planted[] = [
  {
    what: "rows that are there twice, gone, foreign, other, older",
    plant: async (stream) => {
      const table = stream.processed;
      await stream.sql(`INSERT INTO ${table} SELECT * FROM ${table} WHERE id = 3`);
      await stream.sql(`DELETE FROM ${table} WHERE id = 4`);
      await stream.sql(`INSERT INTO ${table} (id) VALUES (1000)`);
      await stream.sql(`UPDATE ${table} SET v = 'other' WHERE id = 5`);
      await stream.sql(
        `UPDATE ${table} AS t SET v = s.v, _airbyte_raw_id = s._airbyte_raw_id,
           _airbyte_extracted_at = s._airbyte_extracted_at
         FROM ${stream.landing} AS s WHERE t.id = 12 AND s.id = 12 AND s.v = 'old'`,
      );
    },
    finds: {
      "row-differs asset": ['{"id":12}', '{"id":5}'],
      "row-extra asset": ['{"id":1000}'],
      "row-missing asset": ['{"id":4}'],
      "row-repeated asset": ['{"id":3}'],
    },
  },
  {
    what: "without a key, rows that are there twice, or gone",
    spec: UNKEYED,
    plant: async (stream) => {
      await stream.sql(`INSERT INTO ${stream.processed} SELECT * FROM ${stream.processed} WHERE id = 3`);
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 4`);
    },
    finds: { "row-extra asset": [ANY], "row-missing asset": [ANY] },
  },
  {
    what: "a model that cannot digest what landed",
    spec: { model: "SELECT id, CASE WHEN v = 'bad' THEN v::INTEGER ELSE 0 END AS v FROM TABLE_NAME" },
    plant: async (stream) => {
      await stream.land("2026-01-03/bad.parquet", rows(50, 20, "bad", 3));
      await stream.register("2026-01-03/bad.parquet");
    },
    finds: { "landing-file-unknown stream": ["/bad.parquet"], "model-fails asset": [".sql"] },
  },
];

/** After retention took a file out of landing. */
const gap: Planted[] = [
  {
    what: "the processed table keeps its rows, and may have later ones; none gone, older, or other at the same version",
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      const table = stream.processed;
      await stream.sql(`UPDATE ${table} SET v = 'later', _airbyte_extracted_at = now() WHERE id = 15`);
      await stream.sql(`DELETE FROM ${table} WHERE id = 16`);
      await stream.sql(`UPDATE ${table} SET _airbyte_extracted_at = NULL WHERE id = 17`);
      await stream.sql(`UPDATE ${table} SET v = 'other' WHERE id = 18`);
    },
    finds: { "row-differs asset": ['{"id":17}', '{"id":18}'], "row-missing asset": ['{"id":16}'] },
  },
  {
    what: "without a key, the rest may stay, and every landed row must be there as often",
    spec: UNKEYED,
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 25`);
    },
    finds: { "row-missing asset": [ANY] },
  },
];

const story: Planted[] = [
  {
    what: "a batch with other bytes, and a fence that is ahead",
    plant: async (stream) => {
      await stream.sql(`UPDATE lakehouse.meta.feeder_batches SET bytes = bytes + 1 WHERE ${stream.mine}`);
      await stream.sql(`UPDATE ${stream.fence} SET epoch = 3`);
    },
    finds: { "batch-ledger-differs stream": [ANY], "fence-differs asset": [ANY] },
  },
  {
    what: "a batch that is recorded twice, and a fence of two rows",
    plant: async (stream) => {
      await stream.sql(
        `INSERT INTO lakehouse.meta.feeder_batches SELECT * FROM lakehouse.meta.feeder_batches WHERE ${stream.mine}`,
      );
      await stream.sql(`INSERT INTO ${stream.fence} VALUES (2)`);
    },
    finds: {
      "batch-repeated stream": [ANY],
      "epoch-shared asset": ["epoch 2"],
      "fence-differs asset": [ANY],
    },
  },
  {
    what: "a file of another batch by the ledger, and a cursor that was moved back",
    plant: async (stream) => {
      await stream.sql(
        `UPDATE lakehouse.meta.feeder_file_log SET batch = 'other' WHERE ${stream.mine} AND key LIKE '%old%'`,
      );
      await stream.sql(
        `UPDATE lakehouse.meta.feeder_batches SET cursor_path = '${stream.path("2026-01-01/old.parquet")}' WHERE ${stream.mine}`,
      );
    },
    finds: {
      "batch-ledger-differs stream": [ANY],
      "cursor-differs stream": [ANY],
      "ledger-batch-unknown stream": ["/old.parquet"],
    },
  },
  {
    what: "a batch that is not recorded, a cursor by the text of part numbers, a fence that is behind",
    plant: async (stream) => {
      for (const part of [9, 10]) {
        await stream.land(`2026-01-03/part_${part}.parquet`, rows(30 + part, 1, `part ${part}`, 3));
      }
      await stream.fed.feed();
      await stream.sql(`DELETE FROM lakehouse.meta.feeder_batches WHERE ${stream.mine} AND epoch = 2`);
      await stream.sql(
        `UPDATE lakehouse.meta.feeder_batches SET cursor_path = '${stream.path("2026-01-03/part_9.parquet")}'
         WHERE ${stream.mine} AND epoch = 3`,
      );
      await stream.sql(`UPDATE ${stream.fence} SET epoch = 2`);
    },
    finds: {
      "cursor-differs stream": [ANY],
      "fence-differs asset": [ANY],
      "ledger-batch-unknown stream": ["/old.parquet", "/new.parquet"],
    },
  },
  {
    what: "no cursor, and no fence",
    plant: async (stream) => {
      await stream.sql(`UPDATE lakehouse.meta.feeder_batches SET cursor_path = NULL WHERE ${stream.mine}`);
      await stream.sql(`DROP TABLE ${stream.fence}`);
    },
    finds: { "cursor-differs stream": [ANY], "fence-differs asset": [ANY] },
  },
];

const leftOut: Planted[] = [
  {
    what: "a table that is held",
    plant: async (stream) => {
      await stream.sql(
        `INSERT INTO lakehouse.meta.asset_state_log VALUES ('${stream.asset}', 'held', 'rolled back', 'h', 'r', now())`,
      );
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 3`);
    },
    finds: {},
    leftOut: [["asset", /held: rolled back/]],
  },
  {
    what: "a table that other code made",
    plant: async (stream) => {
      await stream.fed.load(stream.lake.lake, { model: "SELECT *, 1 AS one FROM TABLE_NAME" });
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 3`);
    },
    finds: {},
    leftOut: [["asset", /made by other code/]],
  },
  {
    what: "models whose rows differ each time, and floating point inside of values",
    spec: { model: "SELECT id, v, random() AS r FROM TABLE_NAME" },
    models: {
      fct_list: "/* ---\nunique_key: v\n--- */ SELECT v, [sum(id / 3)] AS list FROM INT GROUP BY v",
      fct_order: "SELECT first(v) AS v FROM INT",
    },
    finds: {},
    leftOut: [
      ["asset", /random\(\)/],
      ["fct_list.list", /DOUBLE\[\]/],
      ["fct_order", /first\(\) without ORDER BY/],
    ],
  },
];

const enriched: Planted[] = [
  {
    what: "with a key",
    models: {
      fct_keyed:
        "/* ---\nunique_key: id\n--- */ SELECT id, count(*) AS n, sum(id / 3) AS total FROM INT GROUP BY id -- end",
      dim_above: "SELECT id, total FROM fct_keyed;",
    },
    plantModel: async (table, stream) => {
      await stream.sql(`UPDATE ${table} SET total = total * (1 + 1e-12)`);
      await stream.sql(`UPDATE ${table} SET total = total * (1 + 1e-6) WHERE id = 1`);
      await stream.sql(`UPDATE ${table} SET n = n + 1 WHERE id = 2`);
      await stream.sql(`UPDATE ${table} SET total = NULL WHERE id = 3`);
      await stream.sql(`UPDATE ${table} SET total = 'inf' WHERE id = 4`);
      await stream.sql(`DELETE FROM ${table} WHERE id = 5`);
      await stream.sql(`INSERT INTO ${table} SELECT * FROM ${table} WHERE id = 6`);
      await stream.sql(`INSERT INTO ${table} VALUES (100, 1, 1)`);
      // What it read may have changed since: nothing is wrong with that.
      await stream.land("2026-01-03/more.parquet", rows(0, 5, "more", 5));
      await stream.fed.feed();
    },
    finds: {
      "row-differs fct_keyed": [1, 2, 3, 4].map((id) => `{"id":${id}}`),
      "row-extra fct_keyed": ['{"id":100}'],
      "row-missing fct_keyed": ['{"id":5}'],
      "row-repeated fct_keyed": ['{"id":6}'],
    },
  },
  {
    what: "without a key; an epoch that is used twice",
    models: { fct_plain: "SELECT v, id, sum(id / 3) AS total FROM INT GROUP BY ALL;" },
    plantModel: async (table, stream) => {
      await stream.sql(`UPDATE ${table} SET total = total * (1 + 1e-12)`);
      await stream.sql(`UPDATE ${table} SET total = total + 0.001 WHERE id = 3`);
      await stream.sql(`DELETE FROM ${table} WHERE id = 4`);
      await stream.sql(`INSERT INTO ${table} SELECT * FROM ${table} WHERE id = 5`);
      await stream.sql(
        `INSERT INTO lakehouse.meta.materializations SELECT * FROM lakehouse.meta.materializations
         WHERE asset = 'fct_plain_${stream.stream.source}'`,
      );
    },
    finds: {
      "epoch-shared fct_plain": ["epoch 1"],
      "row-differs fct_plain": [ANY],
      "row-extra fct_plain": [ANY],
      "row-missing fct_plain": [ANY],
    },
  },
  {
    what: "over tombstones, which it does not see",
    spec: { fields: { id: "integer", v: "string", _ab_cdc_deleted_at: "string" } },
    plant: async (stream) => {
      await stream.land("2026-01-03/gone.parquet", values("id, _ab_cdc_deleted_at", "(50, 'x')"));
      await stream.fed.feed();
    },
    models: { fct_alive: "/* ---\nunique_key: v\n--- */ SELECT v, count(*) AS n FROM INT GROUP BY v" },
    finds: {},
  },
];

const groups = { healthy, objects, landing, processed, gap, story, leftOut, enriched };

describe("planted faults", () => {
  let lake: FeederLake;
  let result: AuditResult;
  const streams = new Map<Planted, AuditedStream>();

  beforeAll(async () => {
    lake = await FeederLake.open();
    const models: EnrichedModel[] = [];
    for (const planted of Object.values(groups).flat()) {
      const stream = await AuditedStream.fed(lake, planted.spec);
      await planted.plant?.(stream);
      const made = planted.models ? await materialized(stream, planted.models) : [];
      const first = Object.keys(planted.models ?? {})[0];
      await planted.plantModel?.(`lakehouse.main.${first}_${stream.stream.source}`, stream);
      streams.set(planted, stream);
      models.push(...made);
    }
    const project = projectOf(
      [...streams.values()].map(({ stream }) => stream),
      models,
    );
    result = await audit(lake, project);
  }, 1_200_000);

  afterAll(() => lake.close());

  /** Models of this stream alone: their names end in its source's. */
  function materialized(stream: AuditedStream, texts: Record<string, string>): Promise<EnrichedModel[]> {
    const suffix = stream.stream.source;
    const named = Object.entries(texts).map(([name, text]) => [
      `${name}_${suffix}`,
      text.replace("INT", stream.asset).replace("FROM fct_keyed", `FROM fct_keyed_${suffix}`),
    ]);
    return stream.materialized(Object.fromEntries(named));
  }

  /** What an entry of the result is about, as planted: `stream`, `asset`, or a model; null for another stream's. */
  function about(stream: AuditedStream, subject: string | null): string | null {
    if (subject === stream.name) return "stream";
    if (subject === stream.asset) return "asset";
    const pattern = new RegExp(`^(\\w+)_${stream.stream.source}(\\..*)?$`);
    const [, model, column = ""] = pattern.exec(subject ?? "") ?? [];
    return model ? model + column : null;
  }

  describe.each(Object.keys(groups) as (keyof typeof groups)[])("%s", (group) => {
    test.each(groups[group].map((planted) => [planted.what, planted] as const))("%s", (_what, planted) => {
      const stream = streams.get(planted) as AuditedStream;
      const mine = result.findings.filter(({ subject }) => about(stream, subject) !== null);
      expect(mine.map(({ code, subject }) => `${code} ${about(stream, subject)}`).sort()).toEqual(
        Object.keys(planted.finds).sort(),
      );
      for (const { code, subject, examples } of mine) {
        const ends = planted.finds[`${code} ${about(stream, subject)}`] ?? [];
        expect(examples, code).toHaveLength(ends.length);
        for (const end of ends) {
          expect(
            examples.some((example) => example.endsWith(end)),
            `${end} in ${examples.join(", ")}`,
          ).toBe(true);
        }
      }
      const out = result.leftOut.flatMap(({ subject, reason }) => {
        const named = about(stream, subject);
        return named ? [[named, reason]] : [];
      });
      expect(out).toEqual((planted.leftOut ?? []).map(([name, why]) => [name, expect.stringMatching(why)]));
    });
  });

  test("what was compared, and what waits", () => {
    const [planted] = healthy;
    const stream = streams.get(planted as Planted) as AuditedStream;
    const mine = result.checks.filter(({ subject }) => subject === stream.name || subject === stream.asset);
    expect(mine.map((check) => [check.name, check.rows])).toEqual([
      ["objects", 9],
      ["landing files", 5],
      ["landing rows", 47],
      ["processed rows", 36],
      ["batches", 2],
      ["cursor", 4],
      ["epochs", 6],
    ]);
    expect(result.notes).toContainEqual({
      subject: stream.name,
      message: "1 objects wait to be fed or set aside",
    });
  });

  test("a finding says what is at fault, how many there are, what differs, and what to do", () => {
    const { asset } = streams.get(processed[0] as Planted) as AuditedStream;
    const differs = result.findings.find(({ subject, code }) => subject === asset && code === "row-differs");
    expect(differs).toEqual({
      code: "row-differs",
      subject: asset,
      message: `${asset}: rows differ from what the model gives for their keys: 2, for example {"id":12} (in v, _airbyte_raw_id, _airbyte_extracted_at)`,
      remedy: `Run \`lotus materialize ${asset} --full\`.`,
      count: 2,
      examples: ['{"id":12}', '{"id":5}'],
    });
  });
});

describe("a lake of its own", () => {
  let lake: FeederLake;

  beforeAll(async () => {
    lake = await FeederLake.open();
  });

  afterAll(() => lake.close());

  test("a stream that shows one generation at a time, published or not", async () => {
    const fed = await lake.stream({
      config: { sync_mode: "full_refresh", destination_sync_mode: "overwrite" },
    });
    const stream = new AuditedStream(lake, fed);
    const findings = async () =>
      found(await audit(lake, projectOf([stream.stream]), { asset: stream.asset }));
    await stream.land("2026-01-01/a.parquet", rows(0, 20, "one", 1, 1));
    await fed.feed();
    await fed.publish();
    expect(await findings()).toEqual([]);
    await stream.land("2026-01-02/b.parquet", rows(5, 20, "two", 2, 2));
    await fed.feed();
    expect(await findings()).toEqual([]);
    await fed.publish();
    expect(await findings()).toEqual([]);
    await stream.sql(`UPDATE ${stream.processed} SET v = 'other' WHERE id = 5`);
    expect(await findings()).toEqual([`row-differs ${stream.asset}`]);
  });

  test("what only the first look finds is not reported", async () => {
    const stream = await AuditedStream.fed(lake);
    let listings = 0;
    const page: typeof lake.store.page = async (prefix, startAfter, token) => {
      if (prefix.startsWith("raw/")) listings += 1;
      const answer = await lake.store.page(prefix, startAfter, token);
      // As if the objects were not there for a moment.
      return listings === 1 ? { ...answer, objects: [] } : answer;
    };
    const store = Object.assign(Object.create(lake.store), {
      page,
      url: (key: string) => lake.store.url(key),
    });
    const lines: string[] = [];
    const result = await audit(lake, projectOf([stream.stream]), {
      asset: stream.asset,
      store,
      report: (line) => lines.push(line),
    });
    expect(lines.some((line) => line.includes("object-missing"))).toBe(true);
    expect(result.findings).toEqual([]);
  });

  test.each(["while the bucket is listed", "while tables are compared"])(
    "a snapshot that expires %s",
    async (when) => {
      const stream = await AuditedStream.fed(lake);
      let expired: Promise<unknown> | null = null;
      const expire = async () => {
        await stream.fed.publish();
        await lake.query("CALL ducklake_expire_snapshots('lakehouse', older_than => now())");
        await lake.query("CALL ducklake_cleanup_old_files('lakehouse', cleanup_all => true)");
      };
      const expireOnce = () => {
        expired ??= expire();
        return expired;
      };
      const page: typeof lake.store.page = async (...args) => {
        if (when.includes("listed")) await expireOnce();
        return lake.store.page(...args);
      };
      await stream.sql(`UPDATE ${stream.processed} SET v = v`);
      const result = await audit(lake, projectOf([stream.stream]), {
        asset: stream.asset,
        store: Object.assign(Object.create(lake.store), { page, url: (key: string) => lake.store.url(key) }),
        report: (line) => {
          if (line.startsWith("objects") && when.includes("compared")) void expireOnce();
        },
      });
      await expired;
      expect(expired).not.toBeNull();
      expect(result.findings).toEqual([]);
    },
  );

  test("the command tells what it does, prints what it found, and exits with 1 for a finding", async () => {
    const stream = await AuditedStream.fed(lake);
    const { connections } = lake.isolation;
    const command = (...options: string[]) =>
      spawnSync(process.execPath, ["bin/lotus.mjs", "audit", "--project", stream.fed.dir, ...options], {
        cwd: fileURLToPath(new URL("..", import.meta.url)),
        encoding: "utf8",
        env: { ...process.env, ...environmentOf(connections, lake.isolation.folder) },
      });
    const clean = command("--stream", stream.name);
    expect(clean.stderr).toContain(`processed rows ${stream.asset}: 30 in`);
    expect(clean.stdout).toMatch(/^7 checks at snapshot \d+, 0 findings\n$/);
    expect(clean.status).toBe(0);
    await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 3`);
    const faulty = command("--asset", stream.asset, "--json");
    expect(JSON.parse(faulty.stdout)).toMatchObject({
      findings: [{ code: "row-missing", examples: ['{"id":3}'] }],
    });
    expect(faulty.status).toBe(1);
  });

  test("an asset that is not there is refused", async () => {
    await expect(audit(lake, projectOf([]), { asset: "int_no" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("the lake as a whole", () => {
  let lake: FeederLake;

  beforeAll(async () => {
    lake = await FeederLake.open();
  });

  afterAll(() => lake.close());

  test("files, orphans, batches and snapshots", async () => {
    const stream = new AuditedStream(lake, await lake.stream());
    await stream.land("2026-01-01/f.parquet", rows(0, 2000, "first", 1));
    await stream.fed.feed();
    const text = `/* ---\nunique_key: v\n--- */ SELECT v, count(*) AS n FROM ${stream.asset} GROUP BY v`;
    const models = await stream.materialized({ fct_whole: text });
    const project = projectOf([stream.stream], models);
    const findings = async (options = {}) => found(await audit(lake, project, options));
    expect(await findings()).toEqual([]);

    // A data file that is gone, or of another size, and the tables that cannot be read for it.
    const [file] = await lake.query(
      `SELECT data_file FROM ducklake_list_files('lakehouse', '${stream.asset}')`,
    );
    const own = String(file?.data_file).slice(lake.store.url("").length);
    const bytes = await lake.store.get(own);
    const unreadable = ["table-unreadable fct_whole", `table-unreadable ${stream.asset}`];
    await lake.store.put(own, bytes.subarray(0, 100));
    expect(await findings()).toEqual(["lake-file-size", ...unreadable]);
    await lake.store.delete(own);
    expect(await findings()).toEqual(["lake-file-missing", ...unreadable]);
    await lake.store.put(own, bytes);

    // Files that only older snapshots name, and files that wait for deletion, are no orphans.
    await lake.query("CALL lakehouse.set_option('data_inlining_row_limit', 0, schema => 'main')");
    await stream.land("2026-01-04/f.parquet", rows(0, 200, "second", 4));
    await stream.fed.feed();
    await stream.fed.publish();
    expect(await findings()).toEqual([]);
    const catalog = "__ducklake_metadata_lakehouse.ducklake";
    const [deletes] = await lake.query(
      `SELECT count(*)::INTEGER AS files FROM ${catalog}.ducklake_delete_file`,
    );
    expect(deletes?.files).toBeGreaterThan(0);
    for (const model of models) await stream.materialize(model);
    await lake.query(`UPDATE ${stream.processed} SET v = v`);
    await lake.query("CALL ducklake_expire_snapshots('lakehouse', older_than => now())");
    const [scheduled] = await lake.query(
      `SELECT count(*)::INTEGER AS files FROM ${catalog}.ducklake_files_scheduled_for_deletion`,
    );
    expect(scheduled?.files).toBeGreaterThan(0);
    expect(await findings()).toEqual([]);

    const orphan = "lakehouse/main/left-over.parquet";
    await lake.store.put(orphan, Buffer.from("left over"));
    expect(await findings()).toEqual(["orphan"]);
    expect(await findings({ orphanAgeMs: 3_600_000 })).toEqual([]);
    await lake.store.delete(orphan);

    await stream.land("2026-01-05/f.parquet", rows(0, 200, "third", 5));
    await stream.fed.feed({ batchId: "named" });
    expect(await findings()).toEqual([]);
    await lake.query("UPDATE lakehouse.meta.feeder_batches SET id = 'renamed' WHERE id = 'named'");
    await lake.query("UPDATE lakehouse.meta.feeder_file_log SET batch = 'renamed' WHERE batch = 'named'");
    expect(await findings()).toEqual(["batch-without-snapshot", "snapshot-without-batch"]);
    await lake.query("UPDATE lakehouse.meta.feeder_batches SET id = 'named' WHERE id = 'renamed'");
    await lake.query("UPDATE lakehouse.meta.feeder_file_log SET batch = 'named' WHERE batch = 'renamed'");
    await lake.lake.withSession((session) =>
      session.execute(
        `BEGIN; INSERT INTO lakehouse.meta.asset_state_log VALUES ('x', 'ok', NULL, '', '', now());
         CALL ducklake_set_commit_message('lakehouse', 'a', 'm', extra_info => '{"batchId": "named"}'); COMMIT`,
      ),
    );
    expect(await findings()).toEqual(["batch-snapshots"]);
  }, 600_000);
});

test("both looks must have a culprit in common", () => {
  const fault = (names: string[], count = names.length): Fault => ({
    code: "orphan",
    count,
    culprits: names.map((name) => ({ name, detail: null })),
  });
  expect(confirmed([fault(["a", "b"])], [fault(["b", "c"])])).toEqual([fault(["b"])]);
  expect(confirmed([fault(["a"])], [fault(["b"])])).toEqual([]);
  expect(confirmed([], [fault(["b"])])).toEqual([]);
  // Of more than are remembered, it is enough that some are the same.
  expect(confirmed([fault(["a"], 5000)], [fault(["a"], 4000)])).toEqual([fault(["a"], 4000)]);
});

test("docs/audit.md explains every finding", () => {
  const document = readFileSync(new URL("../docs/audit.md", import.meta.url), "utf8");
  const findings = document.slice(document.indexOf("## Findings"));
  const explained = [...findings.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
  expect(explained.toSorted()).toEqual(Object.keys(findingCodes).sort());
});
