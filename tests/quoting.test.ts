import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openScratch, type Session } from "../lake/session.ts";
import { identifier, identifiers, literal, qualified } from "../lake/sql.ts";

let scratch: Session;

beforeAll(async () => {
  scratch = await openScratch();
});

afterAll(() => scratch.close());

/** Text that breaks out of quotes where it can, beside any text. */
const nasty = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc
    .array(
      fc.constantFrom(
        "'",
        '"',
        "\\",
        ";",
        "--",
        "/*",
        "*/",
        "\n",
        "$$",
        "$1",
        "{",
        "%",
        "🦆",
        "\u00a0",
        "E'",
        "a",
      ),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.join("")),
);
const text = nasty.filter((value) => !value.includes("\0") && Buffer.from(value).toString() === value);

describe("what goes into SQL comes out of it as it was", () => {
  test("strings", async () => {
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await scratch.queryRaw(`SELECT ${literal(value)} AS x, 1 AS y`)).toEqual([{ x: value, y: 1 }]);
      }),
      { numRuns: 300 },
    );
  });

  test("lists of strings", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (list) => {
        expect(await scratch.queryRaw(`SELECT ${literal(list)}::VARCHAR[] AS x`)).toEqual([{ x: list }]);
      }),
    );
  });

  test("numbers, booleans and NULL", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.maxSafeInteger(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        async (number, big) => {
          const [row] = await scratch.queryRaw(
            `SELECT (${literal(number)})::VARCHAR AS n, (${literal(big)})::VARCHAR AS b, ${literal(null)} AS z, ${literal(true)} AS t`,
          );
          expect(row).toEqual({ n: String(number), b: String(big), z: null, t: true });
        },
      ),
    );
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => literal(value)).toThrow(TypeError);
    expect(() => literal("a\0b")).toThrow(TypeError);
  });

  test("identifiers, of columns, tables and schemas", async () => {
    const name = text.filter((value) => value.length > 0);
    await fc.assert(
      fc.asyncProperty(name, name, name, async (schema, table, column) => {
        await scratch.execute("BEGIN TRANSACTION");
        try {
          const [path, other] = [qualified("memory", `s${schema}`, table), `other ${column}`];
          await scratch.execute(`CREATE SCHEMA ${qualified("memory", `s${schema}`)}`);
          await scratch.execute(
            `CREATE TABLE ${path} (${identifier(column)} INTEGER, ${identifier(other)} INTEGER)`,
          );
          await scratch.execute(`INSERT INTO ${path} (${identifiers([column, other])}) VALUES (1, 2)`);
          const rows = await scratch.queryRaw(
            `SELECT ${identifiers([other, column], "t")} FROM ${path} AS t`,
          );
          expect(rows).toEqual([{ [other]: 2, [column]: 1 }]);
        } finally {
          await scratch.execute("ROLLBACK");
        }
      }),
    );
  });
});

describe("outside data goes into SQL through these functions only", () => {
  /** Names that hold what comes from outside: keys, paths, names, messages, definitions. */
  const OUTSIDE =
    /^(name|names|key|keys|path|paths|source|sources|stream|streams|etag|etags|reason|message|asset|assets|schema|column|columns|url|file|files|batchId|runId|run|run_id|bucket|endpoint|prefix|value|values|text|type|state|author|note|details|object|objects|entry|entries|title|folder|domain|line|topic|table_name|schema_name|point|moment|day|batch|lost|ids|item|items|expression|expressions|sorted_by|sql|fileType|landingType|threads|region|hostname|host|password|username|pathname|accessKeyId|secretAccessKey|action|mode|code_hash|codeHash|error|limit|size|toISOString|upstream|json|landingTable|uniqueKey|primaryKey|seen|base|extension|catalogUrl|lower|target|table|tables)$/i;
  const SQL =
    /\b(SELECT|INSERT INTO|CREATE (OR|TABLE|SCHEMA|VIEW|SECRET|TEMP)|ALTER TABLE|DROP|CALL|COPY|ATTACH|DETACH|UPDATE|DELETE FROM|MERGE INTO|LOAD|SET [a-zA-Z_]+ =|WHERE|VALUES)\b/;
  /** Calls whose result is their receiver or argument, as far as quotes go. */
  const PASSING =
    /^(String|concat|filter|flat|join|map|reverse|replace|replaceAll|slice|sort|split|substring|toISOString|toLowerCase|toReversed|toSorted|toString|toUpperCase|trim)$/;
  const HELPERS = /\b(literal|identifiers?|qualified|lakeTable|store\.url)\b/;

  /**
   * What may stand in SQL as it is, and why. `folder/file.ts: expression`.
   */
  const EXCEPTIONS: Record<string, string> = {
    ...Object.fromEntries(
      [
        "assets/enriched/materialize.ts: model.sql",
        "assets/views.ts: view.sql",
        "audit/enriched.ts: model.sql",
        "chaos/oracle.ts: model.sql",
        "chaos/oracle.ts: sql",
      ].map((place) => [
        place,
        "a whole SELECT of the project's or the lake's, parsed as one statement before",
      ]),
    ),
    ...Object.fromEntries(
      [
        "assets/enriched-model.ts: expression",
        'assets/enriched/touched.ts: expressions.join(", ")',
        'assets/shape-table.ts: head.sorted_by.join(", ")',
      ].map((place) => [
        place,
        "SQL expressions of a model's head, bound as one statement when it was loaded",
      ]),
    ),
    ...Object.fromEntries(
      ["assets/enriched/touched.ts: columns", "lake/tables.ts: column.type"].map((place) => [
        place,
        "a type as DuckDB describes it",
      ]),
    ),
    ...Object.fromEntries(
      [
        "assets/feeder/probe.ts: source",
        "assets/feeder/processed.ts: source",
        "audit/latest-rows.ts: source",
        "audit/processed.ts: table",
      ].map((place) => [place, "a FROM item that the caller made"]),
    ),
    ...Object.fromEntries(
      [
        "gateway/cursor.ts: sql",
        "gateway/cursor.ts: this.#options.translation.sql",
        "gateway/translate/expressions.ts: sql",
        "gateway/translate/query.ts: names",
        'gateway/translate/query.ts: names.join(", ")',
        "gateway/translate/query.ts: side.sql",
        'gateway/shadow/changes.ts: values.join(", ")',
      ].map((place) => [place, "SQL that this code made, of quoted names, literals and words of its own"]),
    ),
    ...Object.fromEntries(
      ["gateway/statements.ts: name"].map((place) => [
        place,
        "a message in Postgres's style, without a full stop",
      ]),
    ),
    ...Object.fromEntries(
      [
        "lake/registrations.ts: table",
        "bench/gateway.ts: table",
        "bench/run-floor.ts: columns",
        "examples/tpcds/sample.ts: table",
        "examples/tpcds/sample.ts: file",
      ].map((place) => [place, "a constant of this file"]),
    ),
  };

  const folders = readdirSync(".", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules|tests)/.test(entry.name))
    .map((entry) => entry.name)
    .filter((folder) => sources(folder).length > 0);

  test("in every folder with code", () => {
    expect(folders).toEqual(
      expect.arrayContaining(["assets", "audit", "chaos", "cli", "lake", "orchestration"]),
    );
  });

  test.each(folders)("%s/", (folder) => {
    expect(sources(folder).flatMap((path) => offencesIn(path, readFileSync(path, "utf8")))).toEqual([]);
  });

  test("every exception is needed", () => {
    const found = new Set(
      folders.flatMap((folder) =>
        sources(folder).flatMap((path) => leaksIn(path, readFileSync(path, "utf8"))),
      ),
    );
    expect(Object.keys(EXCEPTIONS).filter((exception) => !found.has(exception))).toEqual([]);
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: code to be searched
  test.each([
    ["x(`SELECT * FROM t WHERE key = '${file.key}'`)", ["file.key"]],
    ["x(`SELECT ${names.map((name) => `WHERE ${name} + 1`).join()} FROM t`)", ["name"]],
    ["x(`SELECT ${names.map((name) => name).join()} FROM t`)", ["names.map((name) => name).join()"]],
    ["x(`SELECT * FROM t WHERE key IN (${keys.join(', ')})`)", ["keys.join(', ')"]],
    ["x(`SELECT * FROM t WHERE key = ${String(key)}`)", ["String(key)"]],
    ["x(`SELECT * FROM t ${path ? `WHERE path = ${path}` : ''}`)", ["path"]],
    ["x(`SELECT * FROM t WHERE day = ${day ?? null}`)", ["day ?? null"]],
    ["x('SELECT * FROM ' + table)", ["'SELECT * FROM ' +"]],
    ["x(`SELECT ` + name)", ["`SELECT ` +"]],
  ])("finds %s", (bad, wanted) => {
    expect(leaksIn("bad.ts", bad)).toEqual(wanted.map((expression) => `bad.ts: ${expression}`));
  });

  test.each([
    "x(`SELECT ${identifier(file.key)}, ${names.map((name) => identifier(name)).join()} FROM t`)",
    "const key = literal(file.key); x(`SELECT ${key}`)",
    "const keys = files.map((file) => `(${literal(file.key)})`); x(`SELECT ${keys.join()}`)",
    "x(`SELECT ${columnsSql(stream)} FROM ${lakeTable(table)}`)",
    "fail(`Cannot SELECT from ${name}.`)",
  ])("and lets %s be", (good) => {
    expect(leaksIn("good.ts", good)).toEqual([]);
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: code to be searched

  test("a call of theirs that was forgotten would be found, wherever it is", () => {
    const missed = folders.flatMap((folder) =>
      sources(folder).flatMap((path) => {
        const content = readFileSync(path, "utf8");
        return interpolationsOf(content)
          .filter(({ template }) => isSql(template))
          .flatMap(({ expression }) => forgotten(expression))
          .filter((bare) => !leaks(bare, ""))
          .map((bare) => `${path}: ${bare}`);
      }),
    );
    expect(missed).toEqual([]);
  });

  /** What stands in the place of `literal(x)` when somebody forgets it: `x`, where that is a name or a property. */
  function forgotten(expression: string): string[] {
    const bare = /^(?:literal|identifiers?)\(([\w.?]+)\)$/.exec(expression)?.[1];
    // Numbers do no harm.
    return bare === undefined ||
      /(?:^|[a-z.])(log|[A-Z_]+|MAX_SAFE_INTEGER|orphanAgeMs|epoch|id|index|count|rows|part|parts|snapshot|version|after|until|since|Limit|bytes|days|read|next|first|number|seed)$/i.test(
        bare,
      )
      ? []
      : [bare];
  }

  function sources(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name));
  }

  /** Messages speak of SQL too; they are sentences and end with a full stop. */
  function isSql(template: string): boolean {
    return SQL.test(template) && !/[.;,:]\s*$/.test(template);
  }

  function offencesIn(path: string, content: string): string[] {
    return leaksIn(path, content).filter((leak) => !(leak in EXCEPTIONS));
  }

  function leaksIn(path: string, content: string): string[] {
    const interpolated = interpolationsOf(content)
      .filter(({ template }) => isSql(template))
      .filter(({ expression }) => leaks(expression, content))
      .map(({ expression }) => expression.replace(/\s+/g, " "));
    const glued = [...content.matchAll(/(["'`])(?:(?!\1)[^\\\n]|\\.)*\1 \+(?=\s*(\w))/g)]
      .filter(([text]) => SQL.test(text) && !/[.;,:] ?["'`] \+$/.test(text))
      .map(([text]) => text);
    return [...interpolated, ...glued].map((expression) => `${path}: ${expression}`);
  }

  /** Whether a name from outside is left when everything is taken away that quotes, or is looked at by itself. */
  function leaks(expression: string, content: string): boolean {
    // Templates inside are interpolations of their own.
    let rest = expression
      .replace(/`[^`]*`/g, "``")
      .replace(/"[^"\n]*"|'[^'\n]*'/g, "''")
      .replace(/\((\w+(?:, \w+)*)\) =>/g, "$1 =>");
    for (let before = ""; before !== rest; ) {
      before = rest;
      rest = rest.replace(
        /([\w.?\]]*?)(\w+)\(([^()]*)\)/g,
        (_, receiver: string, name: string, given: string) => {
          if (!PASSING.test(name)) return "''";
          if (name === "map" || name === "flatMap") return given.replace(/^.*=>/, "");
          return `${receiver.replace(/\??\.$/, "")} ${given.replace(/^.*=>.*/, "")}`;
        },
      );
    }
    // What decides is not what is put in.
    rest = rest.replace(/[^?:]*\?(?![.?])/, "");
    return [...rest.matchAll(/[A-Za-z_#][\w.?#]*/g)].some(([chain]) => isOutside(chain, content));
  }

  function isOutside(chain: string, content: string): boolean {
    const name = /(\w+)$/.exec(chain)?.[1] ?? "";
    if (name === chain && (/^[A-Z_]+$/.test(name) || madeHere(name, content))) return false;
    return OUTSIDE.test(name);
  }

  /** A constant nearby that was made with one of the functions. */
  function madeHere(name: string, content: string): boolean {
    return new RegExp(
      `(const|let) (\\[[^\\]]*\\b${name}\\b[^\\]]*\\]|${name})(: [^=]*)? =[^;]*${HELPERS.source}`,
    ).test(content);
  }
});

interface Interpolation {
  expression: string;
  line: number;
  /** The text of all templates around it. */
  template: string;
}

/** Every `${...}` of a TypeScript text. Knows comments, strings and nested templates. */
function interpolationsOf(content: string): Interpolation[] {
  const found: { expression: string; line: number; template: { text: string } }[] = [];
  const templates: { text: string; open: { start: number; depth: number }[] }[] = [];
  let depth = 0;
  let inTemplate = false;
  for (let at = 0; at < content.length; at += 1) {
    const rest = content.slice(at, at + 2);
    const current = templates.at(-1);
    if (inTemplate && current) {
      if (rest[0] === "\\") at += 1;
      else if (rest === "${") {
        current.open.push({ start: at + 2, depth });
        depth += 1;
        at += 1;
        inTemplate = false;
      } else if (rest[0] === "`") {
        templates.pop();
        // Lists of parts are made inside a template: they belong to its SQL.
        const around = templates.at(-1);
        if (around) around.text += ` ${current.text} `;
        inTemplate = false;
      } else current.text += rest[0];
      continue;
    }
    if (rest === "//") at = content.indexOf("\n", at);
    else if (rest === "/*") at = content.indexOf("*/", at) + 1;
    else if (rest[0] === '"' || rest[0] === "'") at = endOfString(content, at);
    else if (rest[0] === "`") {
      templates.push({ text: "", open: [] });
      inTemplate = true;
    } else if (rest[0] === "{") depth += 1;
    else if (rest[0] === "}") {
      depth -= 1;
      const open = current?.open.at(-1);
      if (current && open?.depth === depth) {
        current.open.pop();
        const line = content.slice(0, open.start).split("\n").length;
        found.push({ expression: content.slice(open.start, at).trim(), line, template: current });
        inTemplate = true;
      }
    }
    if (at < 0) break;
  }
  return found.map(({ expression, line, template }) => ({ expression, line, template: template.text }));
}

/** The closing quote; a string ends with its line, so that a quote in a regular expression does no harm. */
function endOfString(content: string, start: number): number {
  for (let at = start + 1; at < content.length; at += 1) {
    if (content[at] === "\\") at += 1;
    else if (content[at] === content[start]) return at;
    else if (content[at] === "\n") return start;
  }
  return start;
}
