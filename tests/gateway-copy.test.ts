import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ByteSink,
  type CopyOptions,
  columnEncoder,
  writeCopyBinaryTrailer,
  writeCopyHeader,
  writeCopyLines,
  writeCopyTuples,
} from "../gateway/values/encoder.ts";
import { oids } from "../gateway/values/types.ts";
import { literal } from "../lake/sql.ts";
import { Encoding, plainSettings, Reference } from "./support/wire-values.ts";

let postgres: Reference;
let duckdb: Encoding;

beforeAll(async () => {
  postgres = await Reference.connect();
  duckdb = await Encoding.open();
});

afterAll(async () => {
  duckdb.close();
  await postgres.end();
});

const text: CopyOptions = {
  format: "text",
  delimiter: "\t",
  null: "\\N",
  quote: '"',
  escape: '"',
  forceQuote: [],
};
const csv: CopyOptions = { ...text, format: "csv", delimiter: ",", null: "" };

/** Options as COPY has them, and as the gateway takes them. */
const dialects: [string, CopyOptions][] = [
  ["", text],
  ["DELIMITER '|', NULL ''", { ...text, delimiter: "|", null: "" }],
  ["DELIMITER '-', NULL 'null'", { ...text, delimiter: "-", null: "null" }],
  ["FORMAT csv", csv],
  [
    "FORMAT csv, DELIMITER ';', QUOTE '''', NULL 'NULL'",
    { ...csv, delimiter: ";", quote: "'", escape: "'", null: "NULL" },
  ],
  ["FORMAT csv, ESCAPE '\\', FORCE_QUOTE (b, c)", { ...csv, escape: "\\", forceQuote: [false, true, true] }],
];

type Row = [number | null, string | null, string | null];

const cell = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(..."\b\f\n\r\t\v\\\"',;|-.N\u0001ä🙂 "), maxLength: 8 }),
  fc.constantFrom("", "\\.", "\\N", "NULL", "null", "a,b", 'say "so"'),
);
const row: fc.Arbitrary<Row> = fc.tuple(
  fc.option(fc.integer(), { freq: 6 }),
  fc.option(
    cell.map((value) => value.replaceAll("\0", "")),
    { freq: 6 },
  ),
  fc.option(
    fc
      .integer({ min: -20_000, max: 20_000 })
      .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
    {
      freq: 6,
    },
  ),
);

function values(rows: readonly Row[], string: (value: string | null) => string): string {
  return rows
    .map(
      ([a, b, c], index) =>
        `(${index}, CAST(${a ?? "NULL"} AS INT), CAST(${string(b)} AS VARCHAR), CAST(${string(c)} AS DATE))`,
    )
    .join(", ");
}

const columns = [
  ["a", oids.int4],
  ["b", oids.text],
  ["c", oids.date],
] as const;

async function ours(
  names: readonly string[],
  rows: readonly Row[],
  format: 0 | 1,
  write: (
    chunk: Parameters<typeof writeCopyLines>[0],
    encoders: Parameters<typeof writeCopyLines>[3],
    sink: ByteSink,
  ) => void,
): Promise<Buffer[]> {
  const encoders = columns
    .filter(([name]) => names.includes(name))
    .map(([, oid]) => columnEncoder(oid, -1, format, plainSettings));
  const list = values(rows, (value) => literal(value));
  const result = await duckdb.connection.stream(
    `SELECT ${names.join(", ")} FROM (VALUES ${list}) AS t(n, a, b, c) ORDER BY n`,
  );
  const sink = new ByteSink(1);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return messages(sink.take());
    write(chunk, encoders, sink);
  }
}

/** What the CopyData messages hold. */
function messages(bytes: Buffer): Buffer[] {
  const contents: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    expect(bytes[offset]).toBe(0x64);
    const end = offset + 1 + bytes.readInt32BE(offset + 1);
    contents.push(bytes.subarray(offset + 5, end));
    offset = end;
  }
  return contents;
}

function theirs(names: readonly string[], rows: readonly Row[], options: string): Promise<Buffer[]> {
  // An escape string has no letters for \b and \v.
  const list = values(rows, (value) => (value === null ? "NULL" : `'${value.replaceAll("'", "''")}'`));
  const select = `SELECT ${names.join(", ")} FROM (VALUES ${list}) AS t(n, a, b, c) ORDER BY n`;
  return postgres.copy(`COPY (${select}) TO STDOUT${options ? ` (${options})` : ""}`);
}

test.each(dialects)("lines are Postgres's: (%s)", async (options, parsed) => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
      const names = ["a", "b", "c"];
      const lines = await ours(names, rows, 0, (chunk, encoders, sink) =>
        writeCopyLines(chunk, 0, chunk.rowCount, encoders, parsed, sink),
      );
      expect(lines.map(String)).toEqual((await theirs(names, rows, options)).map(String));
    }),
    { numRuns: 30 },
  );
});

test("a single column has an end marker to mind", async () => {
  const rows: Row[] = [
    [null, "\\.", null],
    [null, "a", null],
    [null, null, null],
    [null, "", null],
  ];
  const lines = await ours(["b"], rows, 0, (chunk, encoders, sink) =>
    writeCopyLines(chunk, 0, chunk.rowCount, encoders, csv, sink),
  );
  expect(lines.map(String)).toEqual((await theirs(["b"], rows, "FORMAT csv")).map(String));
});

test.each([text, csv])("the header is Postgres's: $format", async (options) => {
  const names = ["plain", 'quo"te', "com,ma", "back\\slash", "ta\tb"];
  const sink = new ByteSink();
  writeCopyHeader(names, options, sink);
  const list = names.map((name) => `1 AS "${name.replaceAll('"', '""')}"`).join(", ");
  const copy = `COPY (SELECT ${list}) TO STDOUT (FORMAT ${options.format}, HEADER)`;
  expect(messages(sink.take()).map(String)).toEqual([String((await postgres.copy(copy))[0])]);
});

test("binary is Postgres's", async () => {
  const rows: Row[] = [
    [1, "text", "2026-01-01"],
    [null, null, null],
    [-5, "", "1999-12-31"],
  ];
  const names = ["a", "b", "c"];
  const sink = new ByteSink();
  const tuples = await ours(names, rows, 1, (chunk, encoders, into) =>
    writeCopyTuples(chunk, 0, chunk.rowCount, encoders, true, into),
  );
  writeCopyBinaryTrailer(false, sink);
  const all = [...tuples, ...messages(sink.take())];
  expect(all.map(hex)).toEqual((await theirs(names, rows, "FORMAT binary")).map(hex));
  writeCopyBinaryTrailer(true, sink);
  const none = await postgres.copy("COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)");
  expect(messages(sink.take()).map(hex)).toEqual(none.map(hex));
});

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}
