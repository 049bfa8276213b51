import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { configuredCatalog } from "../assets/catalog.ts";
import { type Field, landingColumns } from "../assets/json-schema.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { identifier, literal } from "../lake/sql.ts";
import { type SampleAnswers, sampleAnswers } from "../samples/answers.ts";
import { sampleStreams } from "../samples/calendar.ts";
import { generateSample, type SampleSummary, ticks, trickle } from "../samples/generate.ts";

/** The sample year under a temporary folder, and what was put there. */
const folder = mkdtempSync(join(tmpdir(), "lotus-samples-test-"));
const hashes = new Map<string, string>();
let summary: SampleSummary;
let session: Session;

const streams = sampleStreams.map((name) => {
  const config = JSON.parse(readFileSync(new URL(`../dag/streams/${name}.json`, import.meta.url), "utf8"));
  const table = name.replace("/", "__");
  return {
    name,
    table,
    cursor: config.cursor_field[0] as string,
    fields: config.fields as Record<string, Field>,
  };
});

const hash = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");
const model = (path: string) => readFileSync(new URL(`../${path}.sql`, import.meta.url), "utf8");
const glob = (stream: string) => literal(join(folder, "raw", stream, "**", "*.parquet"));

async function keep(key: string, body: Uint8Array): Promise<void> {
  const path = join(folder, key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
  hashes.set(key, hash(body));
}

async function number(sql: string): Promise<number> {
  const row = await session.queryOne(z.object({ n: z.coerce.number() }), `SELECT (${sql}) AS n`);
  return row.n;
}

/** The project in plain DuckDB: the latest version of each key, then each model over these. */
async function buildProject(): Promise<void> {
  for (const { name, table, cursor } of streams) {
    await session.execute(`
      CREATE OR REPLACE VIEW raw_${table} AS SELECT * FROM read_parquet(${glob(name)}, hive_partitioning = true, filename = true);
      CREATE OR REPLACE TABLE stg_${table} AS SELECT * EXCLUDE (filename) FROM raw_${table}
        QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${identifier(cursor)} DESC NULLS LAST,
          _airbyte_extracted_at DESC NULLS LAST, _airbyte_raw_id DESC NULLS LAST) = 1;
      CREATE OR REPLACE TABLE int_${table} AS SELECT * EXCLUDE (year, month, day) FROM stg_${table}`);
  }
  for (const path of [
    "processed/shopify/int_shopify__orders",
    "processed/shopify/int_shopify__customers",
    "processed/shopify/int_shopify__order_refunds",
    "enriched/sales/fct_sales",
    "enriched/sales/fct_sales_daily",
    "enriched/customers/dim_shopify_customers",
    "enriched/customers/dim_customers",
  ]) {
    await session.execute(`CREATE OR REPLACE TABLE ${path.split("/")[2]} AS ${model(path)}`);
  }
}

async function answersOfProject(): Promise<SampleAnswers> {
  const text = z.coerce.string();
  const money = (table: string) =>
    `SELECT count(*)::INTEGER AS rows, ${[
      "gross_sales",
      "discounts",
      "returns",
      "net_sales",
      "shipping",
      "taxes",
      "total_sales",
    ]
      .map((column) => `sum(${column}) AS ${column}`)
      .join(", ")} FROM ${table}`;
  const [fctSales] = await session.queryRaw(money("fct_sales"));
  const [fctSalesDaily] = await session.queryRaw(
    `SELECT *, (SELECT sum(orders) FROM fct_sales_daily)::INTEGER AS "orders",
       (SELECT sum(cancelled_orders) FROM fct_sales_daily)::INTEGER AS "cancelledOrders" FROM (${money("fct_sales_daily")})`,
  );
  const [dimCustomers] = await session.queryRaw(
    `SELECT count(*)::INTEGER AS rows, sum(orders)::INTEGER AS orders, sum(lifetime_value) AS "lifetimeValue",
       count(klaviyo_profile_id)::INTEGER AS "withKlaviyoProfile" FROM dim_customers`,
  );
  const counted = z.object({ files: z.coerce.number(), rows: z.coerce.number(), keys: z.coerce.number() });
  const entries = streams.map(async ({ name, table }) => {
    const sql = `SELECT count(DISTINCT filename) AS files, count(*) AS rows, count(DISTINCT id) AS keys FROM raw_${table}`;
    return [name, await session.queryOne(counted, sql)];
  });
  expect(text.parse(fctSales?.gross_sales)).toMatch(/^\d+\.\d\d$/);
  return {
    streams: Object.fromEntries(await Promise.all(entries)),
    fctSales,
    fctSalesDaily,
    dimCustomers,
  } as unknown as SampleAnswers;
}

beforeAll(async () => {
  session = await openScratch();
  summary = await generateSample({ seed: 7, size: "small", put: keep });
  await buildProject();
}, 120_000);

afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the answers", () => {
  test("are what the models give over the raw files in plain DuckDB", async () => {
    const answers = sampleAnswers({ seed: 7, size: "small" });
    expect(await answersOfProject()).toEqual(answers);
    expect(summary.files).toBe(hashes.size);
    expect(summary.rows).toBe(Object.values(answers.streams).reduce((sum, stream) => sum + stream.rows, 0));
  });

  test("do not depend on the session's time zone", async () => {
    const total = "SELECT sum(hash(order_id, order_date, total_sales)) FROM ";
    const before = await number(`${total} fct_sales`);
    await session.execute("SET TimeZone = 'Pacific/Auckland'");
    const elsewhere = await number(`${total} (${model("enriched/sales/fct_sales")})`);
    await session.execute("RESET TimeZone");
    expect(elsewhere).toBe(before);
  });

  test("net and total sales add up in every row", async () => {
    for (const table of ["fct_sales", "fct_sales_daily"]) {
      expect(
        await number(`SELECT count(*) FROM ${table} WHERE net_sales <> gross_sales - discounts - returns
          OR total_sales <> net_sales + shipping + taxes OR total_sales IS NULL`),
      ).toBe(0);
    }
    // The other way to the same figure: what the buyer was asked to pay, less what went back.
    expect(
      await number(`SELECT count(*) FROM fct_sales JOIN int_shopify__orders USING (order_id)
        WHERE total_sales <> total_amount - returns`),
    ).toBe(0);
  });
});

describe("the files", () => {
  test("are a year in the size of a first run", () => {
    expect(summary.files).toBeGreaterThanOrEqual(600);
    expect(summary.files).toBeLessThanOrEqual(1_000);
    expect(summary.rows).toBeGreaterThanOrEqual(30_000);
    expect(summary.rows).toBeLessThanOrEqual(60_000);
    const days = new Set(
      [...hashes.keys()]
        .filter((key) => key.includes("orders/"))
        .map((key) => key.split("/").slice(3, 6).join()),
    );
    expect(days.size).toBe(365);
  });

  test("have Airbyte's names, under the day of their sync, with more than ten parts on some days", () => {
    const pattern =
      /^raw\/(shopify|klaviyo)\/[a-z_]+\/year=(\d{4})\/month=(\d\d)\/day=(\d\d)\/(\d{4})_(\d\d)_(\d\d)_(\d{13})_(0|[1-9]\d*)\.parquet$/;
    const perDay = new Map<string, number>();
    for (const key of hashes.keys()) {
      const [, , year, month, day, fileYear, fileMonth, fileDay, epoch] =
        pattern.exec(key) ?? expect.fail(key);
      expect([fileYear, fileMonth, fileDay]).toEqual([year, month, day]);
      expect(new Date(Number(epoch)).toISOString().slice(0, 10)).toBe(`${year}-${month}-${day}`);
      perDay.set(dirname(key), (perDay.get(dirname(key)) ?? 0) + 1);
    }
    expect([...hashes.keys()].some((key) => key.endsWith("_10.parquet"))).toBe(true);
    expect([...perDay.values()].filter((count) => count > 1).length).toBeGreaterThan(50);
  });

  test("have the columns and types of the landing tables", async () => {
    for (const { name, fields } of streams) {
      const rows = await session.queryRaw(
        `DESCRIBE SELECT * FROM read_parquet(${glob(name)}, hive_partitioning = false)`,
      );
      const columns = rows.map((row) => ({ name: row.column_name, type: row.column_type }));
      // The last three, year, month and day, are in the path.
      expect(columns).toEqual(landingColumns(fields).slice(0, -3));
    }
  });

  test("are the same bytes for the same seed, and others for another", async () => {
    const again = new Map<string, string>();
    await generateSample({
      seed: 7,
      size: "small",
      put: async (key, body) => void again.set(key, hash(body)),
    });
    expect(new Map([...again].sort())).toEqual(new Map([...hashes].sort()));
    const other = new Set<string>();
    await generateSample({ seed: 8, size: "small", put: async (_key, body) => void other.add(hash(body)) });
    expect([...hashes.values()].filter((body) => other.has(body))).toEqual([]);
  }, 60_000);

  test("stop coming where one put of many fails, with its error", async () => {
    let puts = 0;
    const put = async () => {
      if (++puts === 30) throw new Error("bucket is full");
    };
    await expect(generateSample({ seed: 7, size: "small", put })).rejects.toThrow("bucket is full");
    expect(puts).toBeLessThan(60);
  }, 60_000);
});

describe("the rows have what real data has:", () => {
  const cases: Record<string, string> = {
    "orders whose status changes days later": `SELECT count(*) FROM (SELECT id FROM raw_shopify__orders GROUP BY id
      HAVING count(DISTINCT financial_status) > 1 AND max(updated_at) - min(updated_at) > INTERVAL 3 DAYS)`,
    "orders fulfilled in two steps": `SELECT count(*) FROM (SELECT id FROM raw_shopify__orders GROUP BY id
      HAVING count(DISTINCT fulfillment_status) = 2)`,
    "orders cancelled later": `SELECT count(*) FROM int_shopify__orders WHERE cancelled_at > created_at + INTERVAL 1 DAY`,
    "orders whose amounts change": `SELECT count(*) FROM (SELECT id FROM raw_shopify__orders GROUP BY id
      HAVING count(DISTINCT total_line_items_price) > 1)`,
    "test orders": "SELECT count(*) FROM int_shopify__orders WHERE is_test_order",
    guests: "SELECT count(*) FROM int_shopify__orders WHERE customer_id IS NULL",
    "customers without orders": "SELECT count(*) FROM dim_customers WHERE orders = 0",
    "refunds weeks later": `SELECT count(*) FROM int_shopify__order_refunds refunds JOIN int_shopify__orders USING (order_id)
      WHERE refunds.created_at > int_shopify__orders.created_at + INTERVAL 30 DAYS`,
    "orders with two refunds": `SELECT count(*) FROM (SELECT order_id FROM int_shopify__order_refunds GROUP BY ALL HAVING count(*) > 1)`,
    "failed refund payments": `SELECT count(*) FROM stg_shopify__order_refunds WHERE transactions LIKE '%"failure"%'`,
    "refunds without a payment": `SELECT count(*) FROM int_shopify__order_refunds WHERE paid_back_amount IS NULL AND refund_amount > 0`,
    "refunds settled later, under the same cursor value": `SELECT count(*) FROM (SELECT id FROM raw_shopify__order_refunds
      GROUP BY id HAVING count(DISTINCT transactions) > 1 AND count(DISTINCT created_at) = 1)`,
    "prices that contain tax": "SELECT count(*) FROM int_shopify__orders WHERE taxes_included",
    "a row twice in a file": `SELECT count(*) FROM (SELECT id FROM raw_shopify__orders GROUP BY id, updated_at, filename HAVING count(*) > 1)`,
    "an older version in a later file": `SELECT count(*) FROM raw_shopify__orders one JOIN raw_shopify__orders other USING (id)
      WHERE one.updated_at < other.updated_at AND one._airbyte_extracted_at > other._airbyte_extracted_at`,
    "an older version in a later file that only the extraction tells": `SELECT count(*) FROM raw_shopify__order_refunds one
      JOIN raw_shopify__order_refunds other USING (id, created_at) WHERE one.transactions <> other.transactions
      AND one.filename > other.filename AND one._airbyte_extracted_at < other._airbyte_extracted_at`,
    "nulls in text": "SELECT count(*) FROM stg_shopify__orders WHERE note IS NULL AND email IS NULL",
    "nulls in nested values":
      "SELECT count(*) FROM stg_shopify__orders WHERE total_shipping_price_set IS NULL AND customer IS NULL",
    emoji: "SELECT count(*) FROM stg_shopify__orders WHERE note LIKE '%🎁%'",
    "names in many scripts": `SELECT count(*) FROM int_shopify__customers WHERE first_name IN ('さくら', 'محمد', 'Łukasz')`,
    "quotes, backslashes and line breaks": `SELECT count(*) FROM stg_shopify__orders WHERE contains(note, '"') OR contains(note, chr(92)) OR contains(note, chr(10))`,
    "customers who change their email": `SELECT count(*) FROM (SELECT id FROM raw_shopify__customers GROUP BY id HAVING count(DISTINCT email) > 1)`,
    "several profiles with one email": `SELECT count(*) FROM (SELECT lower(attributes ->> '$.email') AS email FROM int_klaviyo__profiles
      GROUP BY ALL HAVING count(*) > 1)`,
    "emails in other letters":
      "SELECT count(*) FROM int_klaviyo__profiles WHERE attributes ->> '$.email' <> lower(attributes ->> '$.email')",
  };
  test.each(Object.entries(cases))("%s", async (_name, sql) => {
    expect(await number(sql)).toBeGreaterThan(0);
  });

  test("every version of an order has its own updated_at", async () => {
    expect(
      await number(`SELECT count(*) FROM (SELECT id, updated_at FROM raw_shopify__orders GROUP BY ALL
        HAVING count(DISTINCT hash(financial_status, fulfillment_status, total_price, note, cancelled_at)) > 1)`),
    ).toBe(0);
  });

  test("raw ids are never used twice", async () => {
    for (const { table } of streams) {
      expect(await number(`SELECT count(*) - count(DISTINCT _airbyte_raw_id) FROM raw_${table}`)).toBe(0);
    }
  });
});

describe("the default project", () => {
  test("has the catalogs that its streams give", async () => {
    const dir = fileURLToPath(new URL("..", import.meta.url));
    for (const source of ["shopify", "klaviyo"]) {
      const written = JSON.parse(readFileSync(join(dir, `dag/streams/${source}/_catalog.json`), "utf8"));
      expect(written).toEqual(await configuredCatalog({ dir }, source));
    }
  });
});

/** Each enriched model: the key it is redone by, and the same key in what it reads. */
const redone = [
  [
    "sales/fct_sales",
    "order_id",
    { int_shopify__orders: "order_id", int_shopify__order_refunds: "order_id" },
  ],
  ["sales/fct_sales_daily", "order_date", { fct_sales: "order_date" }],
  [
    "customers/dim_shopify_customers",
    "customer_id",
    { int_shopify__customers: "customer_id", fct_sales: "customer_id" },
  ],
  [
    "customers/dim_customers",
    "email",
    {
      dim_shopify_customers: "email",
      int_klaviyo__profiles: "lower(trim(TRY_CAST(attributes AS JSON) ->> '$.email'))",
    },
  ],
] as const;

test.each(redone)("%s gives the same rows when it reads some keys only", async (path, key, upstreams) => {
  const table = path.split("/")[1];
  const some = `(SELECT ${key} FROM main.${table} WHERE hash(${key}) % 5 = 0 OR ${key} IS NULL)`;
  const wanted = (value: string) => `(${value} IN ${some} OR ${value} IS NULL)`;
  const restricted = Object.entries(upstreams).map(
    ([name, value]) => `${name} AS (SELECT * FROM main.${name} WHERE ${wanted(value)})`,
  );
  const part = `WITH ${restricted.join(", ")} SELECT * FROM (${model(`enriched/${path}`)}) WHERE ${wanted(key)}`;
  const whole = `SELECT * FROM main.${table} WHERE ${wanted(key)}`;
  expect(await number(`SELECT count(*) FROM (${whole})`)).toBeGreaterThan(50);
  expect(await session.queryRaw(`(${part}) EXCEPT ALL (${whole})`)).toEqual([]);
  expect(await session.queryRaw(`(${whole}) EXCEPT ALL (${part})`)).toEqual([]);
});

describe("the models", () => {
  test("live through NULL and malformed JSON text", async () => {
    const broken = ["NULL", "''", "'{'", "'null'", "'[]'", "'{}'", `'[null, 1, "a", {}]'`, `'{"id": "x"}'`];
    const orders = broken.map((text, id) => `(${id}, ${text}, ${text}, ${text}, ${text})`).join(", ");
    await session.execute(`CREATE OR REPLACE TABLE saved AS FROM stg_shopify__orders;
      DELETE FROM stg_shopify__orders;
      INSERT INTO stg_shopify__orders BY NAME (FROM (VALUES ${orders}) AS broken (id, customer, total_shipping_price_set, line_items, discount_codes));
      CREATE OR REPLACE TABLE saved_refunds AS FROM stg_shopify__order_refunds;
      DELETE FROM stg_shopify__order_refunds;
      INSERT INTO stg_shopify__order_refunds BY NAME (FROM (VALUES ${orders}) AS broken (id, note, refund_line_items, transactions, order_adjustments))`);
    try {
      expect(
        await session.queryRaw(
          `SELECT DISTINCT customer_id, shipping_amount FROM (${model("processed/shopify/int_shopify__orders")})`,
        ),
      ).toEqual([{ customer_id: null, shipping_amount: null }]);
      const refunds = `(${model("processed/shopify/int_shopify__order_refunds")})`;
      expect(await session.queryRaw(`SELECT DISTINCT refund_amount FROM ${refunds}`)).toEqual([
        { refund_amount: "0.00" },
      ]);
      expect(await number(`SELECT count(*) FROM ${refunds}`)).toBe(broken.length);
    } finally {
      await session.execute(`DELETE FROM stg_shopify__orders; INSERT INTO stg_shopify__orders FROM saved;
        DELETE FROM stg_shopify__order_refunds; INSERT INTO stg_shopify__order_refunds FROM saved_refunds`);
    }
  });

  test("count what the refund says went back", async () => {
    const payment = (status: string, amount: string, kind = "refund") =>
      JSON.stringify({ kind, status, amount });
    const items = '[{"subtotal": 9.99, "total_tax": "1.01", "quantity": 2}]';
    const expected: [string, string][] = [
      [`[${payment("success", "8.00")}, ${payment("success", "2.50")}]`, "10.50"],
      [`[${payment("failure", "8.00")}, ${payment("success", "8.00")}]`, "8.00"],
      [`[${payment("pending", "8.00")}]`, "0.00"],
      [`[${payment("success", "8.00", "void")}]`, "0.00"],
      ["[]", "11.00"],
    ];
    const rows = expected
      .map(([payments], id) => `(${id}, ${literal(items)}, ${literal(payments)})`)
      .join(", ");
    const sql = `WITH stg_shopify__order_refunds AS (
        FROM (SELECT * EXCLUDE (id, refund_line_items, transactions) FROM stg_shopify__order_refunds LIMIT 1),
          (VALUES ${rows}) AS changed (id, refund_line_items, transactions))
      SELECT refund_amount FROM (${model("processed/shopify/int_shopify__order_refunds")}) ORDER BY refund_id`;
    expect((await session.queryRaw(sql)).map((row) => row.refund_amount)).toEqual(
      expected.map(([, amount]) => amount),
    );
  });
});

// Last: it adds to the folder that the others read.
describe("the trickle", () => {
  test("goes on where the year ends; its answers are known for every tick", async () => {
    const before = sampleAnswers({ seed: 7, size: "small" });
    const put: string[] = [];
    let [last, previous] = [0, before];
    for await (const { tick, keys, rows } of ticks({ seed: 7, size: "small", put: keep })) {
      expect(tick).toBe(last + 1);
      expect(rows).toBeGreaterThan(0);
      last = tick;
      put.push(...keys);
      const answers = sampleAnswers({ seed: 7, size: "small", ticks: tick });
      expect(answers.fctSales.rows).toBeGreaterThan(previous.fctSales.rows);
      previous = answers;
      if (tick === 6) break;
    }
    expect(new Set(put).size).toBe(put.length);
    await buildProject();
    expect(await answersOfProject()).toEqual(previous);
    // One file of the fifth tick finished late: it lies in the folder of the day before what is already there.
    const orders = put.filter((key) => key.includes("shopify/orders"));
    expect([...orders].sort()).not.toEqual(orders);
  }, 60_000);

  test("can be taken up again, with the same files", async () => {
    for await (const { tick, keys } of ticks({
      seed: 7,
      size: "small",
      after: 3,
      put: async (key, body) => {
        expect(hash(body)).toBe(hashes.get(key));
      },
    })) {
      expect(tick).toBe(4);
      expect(keys.length).toBeGreaterThan(0);
      break;
    }
  });

  test("ends when it is told to", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    await trickle({
      seed: 7,
      size: "small",
      put: async () => {},
      intervalMs: 20,
      signal: stop.signal,
      report: ({ tick }) => {
        seen.push(tick);
        if (tick === 2) stop.abort();
      },
    });
    expect(seen).toEqual([1, 2]);
  });
});
