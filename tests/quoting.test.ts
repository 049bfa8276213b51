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
  // Names that hold what comes from outside: keys, paths, names, messages.
  const OUTSIDE =
    /^(name|names|key|keys|path|paths|source|stream|etag|reason|message|asset|schema|column|url|file|batchId|runId|run|bucket|endpoint|prefix|value)$/i;
  const SQL =
    /\b(SELECT|INSERT INTO|CREATE (OR|TABLE|SCHEMA|VIEW|SECRET|TEMP)|ALTER TABLE|DROP|CALL|COPY|ATTACH|UPDATE|DELETE FROM|MERGE INTO|LOAD|WHERE|VALUES)\b/;

  test.each(["lake", "sensors", "assets", "audit", "orchestration", "cli", "samples"])("%s/", (folder) => {
    const offences = sources(folder).flatMap((path) => interpolations(path));
    expect(offences).toEqual([]);
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: code to be searched
  test("and the search finds what it looks for", () => {
    const bad =
      "const f = (file: { key: string }) => session.execute(`SELECT * FROM t WHERE key = '${file.key}'`);";
    expect(offencesIn("bad.ts", bad)).toEqual(["bad.ts:1: file.key"]);
    const inner = "x(`SELECT ${names.map((name) => `WHERE ${name} + 1`).join()} FROM t`)";
    expect(offencesIn("bad.ts", inner)).toEqual(["bad.ts:1: name"]);
    const good =
      "x(`SELECT ${identifier(file.key)}, ${names.map((name) => identifier(name)).join()} FROM t`)";
    expect(offencesIn("good.ts", good)).toEqual([]);
  });

  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: code to be searched

  function sources(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath, entry.name));
  }

  function interpolations(path: string): string[] {
    return offencesIn(path, readFileSync(path, "utf8"));
  }

  function offencesIn(path: string, content: string): string[] {
    return (
      interpolationsOf(content)
        // Messages speak of SQL too; they are sentences and end with a full stop.
        .filter(({ template }) => SQL.test(template) && !/[.;,:]\s*$/.test(template))
        .filter(({ expression }) => isOutside(expression, content))
        .map(({ expression, line }) => `${path}:${line}: ${expression}`)
    );
  }

  /** A bare name, or a property of one. */
  function isOutside(expression: string, content: string): boolean {
    const name = /^(?:\w+\??\.)*(\w+)$/.exec(expression)?.[1] ?? "";
    // As a bare name, `source` is a FROM item.
    if (name === expression && (name === "source" || madeByHelper(name, content))) return false;
    return OUTSIDE.test(name);
  }

  /** A constant nearby that was made with one of the functions. */
  function madeByHelper(name: string, content: string): boolean {
    return new RegExp(
      `const (\\[[^\\]]*\\b${name}\\b[^\\]]*\\]|${name}) =[^;]*\\b(literal|identifiers?|qualified|lakeTable|store\\.url|url)\\(`,
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
