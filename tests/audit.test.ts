import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EnrichedModel } from "../assets/definitions.ts";
import type { AuditResult } from "../audit/audit.ts";
import { confirmed, type Fault } from "../audit/check.ts";
import { findingCodes } from "../audit/finding-codes.ts";
import { AuditedStream, audit, found, projectOf, rows } from "./support/audit-fixture.ts";
import { FeederLake, type StreamSpec, values } from "./support/feeder-fixture.ts";

/**
 * Each fault is planted for real in a stream of its own; one audit of all of them must find each, and nothing else
 * with it.
 */

interface Planted {
  what: string;
  spec?: StreamSpec;
  plant?(stream: AuditedStream): Promise<unknown>;
  /** Enriched models over `INT`, the processed table; planted into the last one. */
  models?: Record<string, string>;
  plantModel?(table: string, stream: AuditedStream): Promise<unknown>;
  /** Codes with what they are about: `stream`, `asset`, or a model. */
  finds: string[];
  leftOut?: [string, RegExp];
}

const UNKEYED: StreamSpec = { config: { primary_key: [] } };

const healthy: Planted[] = [
  {
    what: "copies, conversions, empty files, new columns, files set aside and files that wait",
    plant: async (stream) => {
      await stream.land("2026-01-03/key [1].parquet", rows(30, 5, "copied", 3));
      await stream.land("2026-01-03/text.parquet", "SELECT '77' AS id, 'converted' AS v");
      await stream.land("2026-01-03/empty.parquet", `SELECT * FROM (${rows(0, 1, "none", 3)}) WHERE FALSE`);
      await stream.land("2026-01-03/broken.parquet", Buffer.from("nothing of the kind"));
      await stream.land("/misplaced.parquet", rows(0, 1, "misplaced", 3));
      await stream.land("2026-01-03/wide.parquet", "SELECT 5 AS id, 'wide' AS v, 1.5 AS brought");
      await stream.fed.feed();
      await stream.land("2026-01-04/waits.parquet", rows(0, 1, "waits", 9));
    },
    finds: [],
  },
  {
    what: "no key, and rows that are equal",
    spec: UNKEYED,
    plant: async (stream) => {
      await stream.land("2026-01-03/again.parquet", rows(0, 20, "old", 1));
      await stream.fed.feed();
    },
    finds: [],
  },
  {
    what: "versions that tie, whichever row won",
    plant: async (stream) => {
      await stream.land("2026-01-03/a.parquet", values("id, v", "(101, 'a')", "(102, 'x')", "(102, 'y')"));
      await stream.fed.feed();
      await stream.land("2026-01-04/b.parquet", values("id, v", "(101, 'b')"));
      await stream.fed.feed();
    },
    finds: [],
  },
  {
    what: "files of one stream whose types differ",
    spec: {
      fields: {
        id: "integer",
        t: { type: "string", format: "date-time", airbyte_type: "timestamp_without_timezone" },
      },
    },
    plant: async (stream) => {
      await stream.land("2026-01-03/ns.parquet", "SELECT 31::SMALLINT AS id, TIMESTAMP_NS '2026-01-01' AS t");
      await stream.land("2026-01-03/far.parquet", "SELECT 32::UINTEGER AS id, TIMESTAMP '9000-01-01' AS t");
      await stream.fed.feed();
    },
    finds: [],
  },
];

const objects: Planted[] = [
  {
    what: "a fed object is deleted",
    plant: (stream) => stream.lake.store.delete(stream.fed.key("2026-01-01/old.parquet")),
    finds: ["object-missing stream"],
  },
  {
    what: "a copy of the lake's own is deleted",
    plant: async (stream) => {
      await stream.land("2026-01-03/key [1].parquet", rows(30, 5, "copied", 3));
      await stream.fed.feed();
      await stream.lake.store.delete(await stream.registeredKey("%[1]%"));
    },
    finds: ["object-missing stream"],
  },
  {
    what: "a fed object is overwritten",
    plant: (stream) => stream.land("2026-01-01/old.parquet", rows(0, 3, "other", 1)),
    finds: ["object-overwritten stream"],
  },
  {
    what: "a fed object is overwritten by one that is set aside",
    plant: async (stream) => {
      await stream.land("2026-01-01/old.parquet", Buffer.from("nothing of the kind"));
      const [object] = (await stream.lake.store.page(stream.fed.key("2026-01-01/old.parquet"), null, null))
        .objects;
      await stream.sql(
        `INSERT INTO lakehouse.meta.quarantine_log SELECT source, stream, key, '${object?.etag}', 9, 'unreadable', 'waiting', epoch, now()
         FROM lakehouse.meta.feeder_file_log WHERE ${stream.mine} AND key LIKE '%old%'`,
      );
    },
    finds: ["object-overwritten stream"],
  },
  {
    what: "a file is fed twice by the ledger",
    plant: (stream) =>
      stream.sql(
        `INSERT INTO lakehouse.meta.feeder_file_log
         SELECT * FROM lakehouse.meta.feeder_file_log WHERE ${stream.mine} AND key LIKE '%old%'`,
      ),
    finds: ["batch-ledger-differs stream", "object-fed-twice stream"],
  },
  {
    what: "a file is set aside without a reason",
    plant: async (stream) => {
      await stream.land("2026-01-03/broken.parquet", Buffer.from("nothing of the kind"));
      await stream.fed.feed();
      await stream.sql(`UPDATE lakehouse.meta.quarantine_log SET reason = ' ' WHERE ${stream.mine}`);
    },
    finds: ["set-aside-without-reason stream"],
  },
];

const landing: Planted[] = [
  {
    what: "somebody registers a file",
    plant: async (stream) => {
      await stream.land("2026-01-03/foreign.parquet", rows(50, 20, "foreign", 3));
      await stream.register("2026-01-03/foreign.parquet");
    },
    finds: ["landing-file-unknown stream", "row-missing asset"],
  },
  {
    what: "somebody inserts a row",
    plant: (stream) => stream.sql(`INSERT INTO ${stream.landing} (id, v) VALUES (0, 'foreign')`),
    finds: ["landing-file-unknown stream"],
  },
  {
    what: "a fed file is registered again",
    plant: (stream) => stream.register("2026-01-01/old.parquet"),
    finds: ["landing-file-twice stream"],
  },
  {
    what: "a fed file is taken out",
    plant: (stream) =>
      stream.sql(`DELETE FROM ${stream.landing} WHERE filename = '${stream.path("2026-01-01/old.parquet")}'`),
    finds: ["landing-file-missing stream", "row-extra asset"],
  },
  {
    what: "a superseded row is deleted",
    plant: (stream) => stream.sql(`DELETE FROM ${stream.landing} WHERE id = 10 AND v = 'old'`),
    finds: ["landing-rows-differ stream"],
  },
  {
    what: "the ledger has another number of rows",
    plant: (stream) =>
      stream.sql(
        `UPDATE lakehouse.meta.feeder_file_log SET rows = 21 WHERE ${stream.mine} AND key LIKE '%old%'`,
      ),
    finds: ["batch-ledger-differs stream", "landing-rows-differ stream"],
  },
  {
    what: "a file's columns are mapped to each other's names",
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
    finds: ["landing-content-differs stream", "row-extra asset", "row-missing asset"],
  },
  {
    what: "a copy of the lake's own is not what it was",
    plant: async (stream) => {
      await stream.land("2026-01-03/key [1].parquet", rows(30, 5, "copied", 3));
      await stream.fed.feed();
      const copy = await stream.registeredKey("%[1]%");
      const { length } = await stream.lake.store.get(copy);
      await stream.lake.store.put(copy, Buffer.alloc(length, "x"));
    },
    finds: ["landing-unreadable stream", "table-unreadable asset"],
  },
];

const processed: Planted[] = [
  {
    what: "a row is there twice",
    plant: (stream) =>
      stream.sql(`INSERT INTO ${stream.processed} SELECT * FROM ${stream.processed} WHERE id = 3`),
    finds: ["row-repeated asset"],
  },
  {
    what: "a row is gone",
    plant: (stream) => stream.sql(`DELETE FROM ${stream.processed} WHERE id = 3`),
    finds: ["row-missing asset"],
  },
  {
    what: "a row was never landed",
    plant: (stream) => stream.sql(`INSERT INTO ${stream.processed} (id) VALUES (1000)`),
    finds: ["row-extra asset"],
  },
  {
    what: "a row has another value",
    plant: (stream) => stream.sql(`UPDATE ${stream.processed} SET v = 'other' WHERE id = 3`),
    finds: ["row-differs asset"],
  },
  {
    what: "a row is an older version",
    plant: (stream) =>
      stream.sql(
        `UPDATE ${stream.processed} AS t SET v = s.v, _airbyte_raw_id = s._airbyte_raw_id,
           _airbyte_extracted_at = s._airbyte_extracted_at
         FROM ${stream.landing} AS s WHERE t.id = 12 AND s.id = 12 AND s.v = 'old'`,
      ),
    finds: ["row-differs asset"],
  },
  {
    what: "without a key, a row is there twice",
    spec: UNKEYED,
    plant: (stream) =>
      stream.sql(`INSERT INTO ${stream.processed} SELECT * FROM ${stream.processed} WHERE id = 3`),
    finds: ["row-extra asset"],
  },
  {
    what: "without a key, a row is gone",
    spec: UNKEYED,
    plant: (stream) => stream.sql(`DELETE FROM ${stream.processed} WHERE id = 3`),
    finds: ["row-missing asset"],
  },
  {
    what: "the model cannot digest what landed",
    spec: { model: "SELECT id, CASE WHEN v = 'bad' THEN v::INTEGER ELSE 0 END AS v FROM TABLE_NAME" },
    plant: async (stream) => {
      await stream.land("2026-01-03/bad.parquet", rows(50, 20, "bad", 3));
      await stream.register("2026-01-03/bad.parquet");
    },
    finds: ["landing-file-unknown stream", "model-fails asset"],
  },
];

/** Files that retention took out of landing. */
const gap: Planted[] = [
  {
    what: "the processed table keeps what they brought",
    plant: (stream) => stream.remove("2026-01-01/old.parquet"),
    finds: [],
  },
  {
    what: "a row may be a later version than landing has",
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      await stream.sql(
        `UPDATE ${stream.processed} SET v = 'later', _airbyte_extracted_at = now() WHERE id = 15`,
      );
    },
    finds: [],
  },
  {
    what: "no row that landing has may be gone",
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 15`);
    },
    finds: ["row-missing asset"],
  },
  {
    what: "no row may be an older version than landing has",
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      await stream.sql(`UPDATE ${stream.processed} SET _airbyte_extracted_at = NULL WHERE id = 15`);
    },
    finds: ["row-differs asset"],
  },
  {
    what: "no row may have other values at the same version",
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      await stream.sql(`UPDATE ${stream.processed} SET v = 'other' WHERE id = 15`);
    },
    finds: ["row-differs asset"],
  },
  {
    what: "without a key, the rest may stay",
    spec: UNKEYED,
    plant: (stream) => stream.remove("2026-01-01/old.parquet"),
    finds: [],
  },
  {
    what: "without a key, every landed row must be there as often",
    spec: UNKEYED,
    plant: async (stream) => {
      await stream.remove("2026-01-01/old.parquet");
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 25`);
    },
    finds: ["row-missing asset"],
  },
];

const story: Planted[] = [
  {
    what: "a batch is recorded twice",
    plant: (stream) =>
      stream.sql(
        `INSERT INTO lakehouse.meta.feeder_batches SELECT * FROM lakehouse.meta.feeder_batches WHERE ${stream.mine}`,
      ),
    finds: ["batch-repeated stream", "epoch-shared asset"],
  },
  {
    what: "a batch's record is gone",
    plant: async (stream) => {
      await stream.land("2026-01-03/last.parquet", rows(30, 5, "last", 3));
      await stream.fed.feed();
      await stream.sql(`DELETE FROM lakehouse.meta.feeder_batches WHERE ${stream.mine} AND epoch = 2`);
    },
    finds: ["ledger-batch-unknown stream"],
  },
  {
    what: "a batch's record says other bytes",
    plant: (stream) =>
      stream.sql(`UPDATE lakehouse.meta.feeder_batches SET bytes = bytes + 1 WHERE ${stream.mine}`),
    finds: ["batch-ledger-differs stream"],
  },
  {
    what: "a file is in another batch by the ledger",
    plant: (stream) =>
      stream.sql(
        `UPDATE lakehouse.meta.feeder_file_log SET batch = 'other' WHERE ${stream.mine} AND key LIKE '%old%'`,
      ),
    finds: ["batch-ledger-differs stream", "ledger-batch-unknown stream"],
  },
  {
    what: "the cursor is moved back",
    plant: (stream) =>
      stream.sql(
        `UPDATE lakehouse.meta.feeder_batches SET cursor_path = '${stream.path("2026-01-01/old.parquet")}' WHERE ${stream.mine}`,
      ),
    finds: ["cursor-differs stream"],
  },
  {
    what: "the cursor goes by the text of part numbers",
    plant: async (stream) => {
      for (const part of [9, 10]) {
        await stream.land(`2026-01-03/part_${part}.parquet`, rows(30 + part, 1, `part ${part}`, 3));
      }
      await stream.fed.feed();
      await stream.sql(
        `UPDATE lakehouse.meta.feeder_batches SET cursor_path = '${stream.path("2026-01-03/part_9.parquet")}'
         WHERE ${stream.mine} AND epoch = 3`,
      );
    },
    finds: ["cursor-differs stream"],
  },
  {
    what: "the cursor is gone",
    plant: (stream) =>
      stream.sql(`UPDATE lakehouse.meta.feeder_batches SET cursor_path = NULL WHERE ${stream.mine}`),
    finds: ["cursor-differs stream"],
  },
  {
    what: "the fence is behind",
    plant: (stream) => stream.sql(`UPDATE ${stream.fence} SET epoch = 1`),
    finds: ["fence-differs asset"],
  },
  {
    what: "the fence is ahead",
    plant: (stream) => stream.sql(`UPDATE ${stream.fence} SET epoch = 3`),
    finds: ["fence-differs asset"],
  },
  {
    what: "the fence has two rows",
    plant: (stream) => stream.sql(`INSERT INTO ${stream.fence} VALUES (2)`),
    finds: ["fence-differs asset"],
  },
  {
    what: "the fence is gone",
    plant: (stream) => stream.sql(`DROP TABLE ${stream.fence}`),
    finds: ["fence-differs asset"],
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
    finds: [],
    leftOut: ["asset", /held: rolled back/],
  },
  {
    what: "a table that other code made",
    plant: async (stream) => {
      await stream.fed.load(stream.lake.lake, { model: "SELECT *, 1 AS one FROM TABLE_NAME" });
      await stream.sql(`DELETE FROM ${stream.processed} WHERE id = 3`);
    },
    finds: [],
    leftOut: ["asset", /made by other code/],
  },
  {
    what: "a model whose rows differ each time",
    spec: { model: "SELECT id, v, random() AS r FROM TABLE_NAME" },
    finds: [],
    leftOut: ["asset", /random\(\)/],
  },
  {
    what: "an enriched model that depends on the order of rows",
    models: { fct_order: "SELECT first(v) AS v FROM INT" },
    finds: [],
    leftOut: ["fct_order", /first\(\) without ORDER BY/],
  },
  {
    what: "floating point inside of values",
    models: { fct_list: "/* ---\nunique_key: v\n--- */ SELECT v, [sum(id / 3)] AS list FROM INT GROUP BY v" },
    finds: [],
    leftOut: ["fct_list.list", /DOUBLE\[\]/],
  },
];

const KEYED =
  "/* ---\nunique_key: v\n--- */ SELECT v, count(*) AS n, sum(id / 3) AS total FROM INT GROUP BY v -- end";
const PLAIN = "SELECT v, id % 2 AS odd, sum(id / 3) AS total FROM INT GROUP BY ALL;";

const enriched: Planted[] = [
  {
    what: "are what their SELECT gave when they read; more was fed since",
    models: { fct_keyed: KEYED, fct_plain: PLAIN, dim_above: "SELECT v, total FROM fct_keyed" },
    plantModel: async (_table, stream) => {
      await stream.land("2026-01-03/more.parquet", rows(0, 5, "more", 5));
      await stream.fed.feed();
    },
    finds: [],
  },
  {
    what: "do not see tombstones",
    spec: { fields: { id: "integer", v: "string", _ab_cdc_deleted_at: "string" } },
    plant: async (stream) => {
      await stream.land("2026-01-03/gone.parquet", values("id, _ab_cdc_deleted_at", "(50, 'x')"));
      await stream.fed.feed();
    },
    models: { fct_alive: KEYED },
    finds: [],
  },
  ...(
    [
      ["may differ in the last digits of a DOUBLE", "UPDATE TABLE SET total = total * (1 + 1e-12)", []],
      ["not in more", "UPDATE TABLE SET total = total * (1 + 1e-6) WHERE v = 'old'", ["row-differs"]],
      ["a value is another", "UPDATE TABLE SET n = n + 1 WHERE v = 'old'", ["row-differs"]],
      ["a value is NULL", "UPDATE TABLE SET total = NULL WHERE v = 'old'", ["row-differs"]],
      ["a value is infinite", "UPDATE TABLE SET total = 'inf' WHERE v = 'old'", ["row-differs"]],
      ["a row is gone", "DELETE FROM TABLE WHERE v = 'old'", ["row-missing"]],
      ["a row is new", "INSERT INTO TABLE VALUES ('x', 1, 1)", ["row-extra"]],
      ["a row is there twice", "INSERT INTO TABLE SELECT * FROM TABLE WHERE v = 'old'", ["row-repeated"]],
    ] as [string, string, string[]][]
  ).map(([what, sql, codes]) => ({
    what,
    models: { fct_keyed: KEYED },
    plantModel: (table: string, stream: AuditedStream) => stream.sql(sql.replaceAll("TABLE", table)),
    finds: codes.map((code) => `${code} fct_keyed`),
  })),
  ...(
    [
      ["may differ in the last digits, too", "UPDATE TABLE SET total = total * (1 + 1e-12)", []],
      ["nor in more", "UPDATE TABLE SET total = total + 0.001 WHERE v = 'old' AND odd = 1", ["row-differs"]],
      ["lack a row", "DELETE FROM TABLE WHERE v = 'old' AND odd = 1", ["row-missing"]],
      [
        "have a row twice",
        "INSERT INTO TABLE SELECT * FROM TABLE WHERE v = 'old' AND odd = 1",
        ["row-extra"],
      ],
    ] as [string, string, string[]][]
  ).map(([what, sql, codes]) => ({
    what: `without a key, ${what}`,
    models: { fct_plain: PLAIN },
    plantModel: (table: string, stream: AuditedStream) => stream.sql(sql.replaceAll("TABLE", table)),
    finds: codes.map((code) => `${code} fct_plain`),
  })),
  {
    what: "an epoch is used twice",
    models: { fct_keyed: KEYED },
    plantModel: (_table, stream) =>
      stream.sql(
        `INSERT INTO lakehouse.meta.materializations SELECT * FROM lakehouse.meta.materializations WHERE asset = 'fct_keyed_${stream.stream.source}'`,
      ),
    finds: ["epoch-shared fct_keyed"],
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
      if (planted.models) models.push(...(await materialized(stream, planted.models)));
      const last = models.at(-1);
      await planted.plantModel?.(`lakehouse.main.${last?.asset}`, stream);
      streams.set(planted, stream);
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
  function about(stream: AuditedStream, subject: string): string | null {
    if (subject === stream.name) return "stream";
    if (subject === stream.asset) return "asset";
    const [, model, column = ""] = new RegExp(`^(\\w+)_${stream.stream.source}(\\..*)?$`).exec(subject) ?? [];
    return model ? model + column : null;
  }

  describe.each(Object.keys(groups) as (keyof typeof groups)[])("%s", (group) => {
    test.each(groups[group].map((planted) => [planted.what, planted] as const))("%s", (_what, planted) => {
      const stream = streams.get(planted) as AuditedStream;
      const codes = result.findings.flatMap(({ code, subject }) => {
        const named = about(stream, subject ?? "");
        return named ? [`${code} ${named}`] : [];
      });
      expect(codes.sort()).toEqual(planted.finds);
      if (planted.finds.length > 0 && !planted.leftOut) return;
      const out = result.leftOut.flatMap(({ subject, reason }) => {
        const named = about(stream, subject);
        return named ? [[named, reason]] : [];
      });
      const wanted = planted.leftOut ? [[planted.leftOut[0], expect.stringMatching(planted.leftOut[1])]] : [];
      expect(out).toEqual(wanted);
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
      ["cursor", 6],
      ["epochs", 6],
    ]);
    expect(result.notes).toContainEqual({
      subject: stream.name,
      message: "1 objects wait to be fed or set aside",
    });
  });

  test("a finding says what is at fault, how many there are, what differs, and what to do", () => {
    const planted = processed.find(({ what }) => what === "a row has another value") as Planted;
    const { asset } = streams.get(planted) as AuditedStream;
    expect(result.findings.find(({ subject }) => subject === asset)).toEqual({
      code: "row-differs",
      subject: asset,
      message: `${asset}: rows differ from what the model gives for their keys: 1, for example {"id":3} (in v)`,
      remedy: `Run \`lotus materialize ${asset} --full\`.`,
      count: 1,
      examples: ['{"id":3}'],
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
