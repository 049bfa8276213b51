import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { typeFit } from "../assets/feeder/type-fit.ts";
import { type FedStream, FeederLake } from "./support/feeder-fixture.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

/** Fails unless landing and the processed table both hold exactly these rows, in any order. */
async function expectRows(stream: FedStream, columns: string, rows: unknown[][]): Promise<void> {
  const sorted = (list: unknown[][]) => list.map((row) => JSON.stringify(row)).sort();
  expect(sorted(await stream.landed(columns))).toEqual(sorted(rows));
  expect(sorted(await stream.rows(columns))).toEqual(sorted(rows));
}

/** One value of one type in a file, for one column of the landing table. */
interface Case {
  column: string;
  type: string;
  /** SQL for the value. */
  value: string;
  /** The same as the column shows it, as text that its type reads; null: the file has to be set aside. */
  shown: string | null;
}

/** A stream whose landing table has a column for each type. */
async function streamOf(types: Record<string, string>): Promise<FedStream> {
  const columns = Object.entries(types).map(([name, type]) => `"${name}" ${type}`);
  return lake.stream({
    landing: `CREATE TABLE staging.TABLE_NAME (id INTEGER, ${columns.join(", ")})`,
    feeder: { batch_files: 1000 },
  });
}

/** Feeds a file for each case, and compares what became of every single one. */
async function feedCases(types: Record<string, string>, cases: Case[]): Promise<void> {
  const stream = await streamOf(types);
  const wanted = new Map<string, unknown[]>();
  for (const [id, { column, type, value, shown }] of cases.entries()) {
    const sql = `SELECT ${id}::INTEGER AS id, ${value}::${type} AS "${column}"`;
    const key = await stream.put(`2026-01-01/${id}.parquet`, sql);
    wanted.set(key, [id, column, type, value, shown === null ? null : await written(types[column], shown)]);
  }
  await stream.feed();
  const names = Object.keys(types);
  const text = names.map((name) => `'${name}', "${name}"::VARCHAR`).join(", ");
  const outcome = new Map<unknown, unknown>();
  for (const [id, values] of await stream.rows(`id, json_object(${text})`)) {
    outcome.set(id, values);
  }
  const aside = new Map((await stream.quarantine()).map((row) => [row.key, row.reason]));
  const found: unknown[][] = [];
  for (const [key, [id, column, type, value]] of wanted) {
    const values = outcome.get(id);
    const shown = values === undefined ? null : (JSON.parse(String(values))[String(column)] ?? "NULL");
    found.push([id, column, type, value, shown]);
    if (values !== undefined) continue;
    expect(aside.get(key)).toMatch(`column ${column} is`);
    expect(aside.get(key)).toMatch(`in the file and ${types[String(column)]} in the landing table`);
  }
  expect(found).toEqual([...wanted.values()]);
  expect(await stream.landed(`id, json_object(${text})`)).toEqual(
    await stream.rows(`id, json_object(${text})`),
  );
  await expectFound(stream, names, cases);
}

/** A value as DuckDB writes it. */
async function written(type: string | undefined, text: string): Promise<string> {
  const [row] = await lake.writer.queryRaw(
    `SELECT '${text.replaceAll("'", "''")}'::${type}::VARCHAR AS text`,
  );
  return String(row?.text);
}

/** Fails unless each value is also found by asking for it: statistics in the files must not lead past it. */
async function expectFound(stream: FedStream, names: string[], cases: Case[]): Promise<void> {
  for (const name of names) {
    const own = cases.filter(({ column, shown }) => column === name && shown !== null);
    if (own.length === 0) continue;
    const values = `SELECT DISTINCT "${name}" AS v FROM (SELECT "${name}" FROM ${stream.landingTable} OFFSET 0) WHERE "${name}" IS NOT NULL`;
    const list = await lake.query(`SELECT v::VARCHAR AS v FROM (${values})`);
    const type = (await stream.landingTypes())[name];
    const counts = await lake.query(
      list
        .map(
          ({ v }) =>
            `SELECT count(*)::INTEGER AS n FROM ${stream.landingTable} WHERE "${name}" = '${String(v).replaceAll("'", "''")}'::${type}`,
        )
        .join(" UNION ALL "),
    );
    expect(counts.reduce((sum, { n }) => sum + Number(n), 0)).toBe(own.length);
  }
}

describe("numbers land wherever not one of them changes", () => {
  const INTEGERS: Record<string, [bigint, bigint]> = {
    TINYINT: [-128n, 127n],
    SMALLINT: [-32768n, 32767n],
    INTEGER: [-(2n ** 31n), 2n ** 31n - 1n],
    BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
    UTINYINT: [0n, 255n],
    USMALLINT: [0n, 65535n],
    UINTEGER: [0n, 2n ** 32n - 1n],
    UBIGINT: [0n, 2n ** 64n - 1n],
  };
  const DECIMALS: Record<string, [number, number]> = {
    "DECIMAL(4,2)": [4, 2],
    "DECIMAL(9,0)": [9, 0],
    "DECIMAL(18,4)": [18, 4],
    "DECIMAL(38,10)": [38, 10],
  };
  const FLOATING: Record<string, string[]> = {
    FLOAT: ["1.5", "0.1", "16777216", "3.4028235e38", "'NaN'", "'Infinity'"],
    DOUBLE: ["1.5", "0.1", "-7", "9007199254740993", "1e300", "'NaN'", "'-Infinity'"],
  };
  const files: [type: string, values: string[]][] = [
    ...Object.entries(INTEGERS).map(([type, [least, most]]): [string, string[]] => [
      type,
      [`${least}`, "7", `${most}`],
    ]),
    ...Object.entries(DECIMALS).map(([type, [width, scale]]): [string, string[]] => {
      const most = "9".repeat(width - scale) + (scale ? `.${"9".repeat(scale)}` : "");
      return [type, ["7", scale ? "0.5" : "-3", scale > 2 ? "0.125" : "12", most]];
    }),
    ...Object.entries(FLOATING),
  ];
  const landings = [...Object.keys(INTEGERS), ...Object.keys(DECIMALS), ...Object.keys(FLOATING)];

  /** A finite decimal text as digits and a power of ten. */
  function exact(text: string): { digits: bigint; scale: number } {
    const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
    const [whole = "", fraction = ""] = mantissa.split(".");
    let digits = BigInt(whole + fraction);
    let scale = fraction.length - Number(exponent);
    if (scale < 0) {
      digits *= 10n ** BigInt(-scale);
      scale = 0;
    }
    while (scale > 0 && digits % 10n === 0n) {
      digits /= 10n;
      scale -= 1;
    }
    return { digits, scale };
  }

  const shortestFloat = (value: number): string => {
    for (let digits = 1; digits <= 9; digits += 1) {
      const text = value.toPrecision(digits);
      if (Math.fround(Number(text)) === value) return text;
    }
    return String(value);
  };

  /** What the file holds, written as short as it can be told from its neighbours. */
  function held(type: string, value: string): string {
    if (type === "DOUBLE") return String(Number(value));
    if (type === "FLOAT") return shortestFloat(Math.fround(Number(value)));
    return value;
  }

  /** What a column of type `landing` shows of it, or null when it has no room for it. */
  function shownAs(landing: string, type: string, value: string): string | null {
    if (value.startsWith("'")) {
      return landing === type ||
        (landing === "DOUBLE" && type === "FLOAT") ||
        (landing === "FLOAT" && type === "DOUBLE")
        ? value.slice(1, -1)
        : null;
    }
    const text = held(type, value);
    if (landing === "FLOAT" || landing === "DOUBLE") {
      const number = landing === "FLOAT" ? Math.fround(Number(text)) : Number(text);
      if (landing === "DOUBLE" && type === "FLOAT") return String(Math.fround(Number(text)));
      if (landing === "FLOAT" && type === "DOUBLE") return number === Number(text) ? text : null;
      const back = landing === "FLOAT" ? shortestFloat(number) : String(number);
      const [a, b] = [exact(back), exact(text)];
      return a.digits === b.digits && a.scale === b.scale ? text : null;
    }
    const { digits, scale } = exact(text);
    const range = INTEGERS[landing];
    if (range) return scale === 0 && digits >= range[0] && digits <= range[1] ? String(digits) : null;
    const [width, places] = DECIMALS[landing] as [number, number];
    const whole = digits / 10n ** BigInt(scale);
    const size = (whole < 0n ? -whole : whole).toString().replace(/^0$/, "").length;
    return scale <= places && size <= width - places ? text : null;
  }

  test.each(landings)("into %s", async (landing) => {
    const cases = files.flatMap(([type, values]) =>
      [...new Set(values)].map((value) => ({
        column: "x",
        type,
        value: value.startsWith("'") ? value : `'${value}'`,
        shown: shownAs(landing, type, value),
      })),
    );
    await feedCases({ x: landing }, cases);
  });
});
