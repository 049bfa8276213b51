import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { z } from "zod";
import { parseDuration } from "../common/units.ts";
import type { ModelHead } from "./definitions.ts";
import type { Fault } from "./findings.ts";
import { type DocumentPath, schemaFaults } from "./json-text.ts";

export interface ReadHead {
  head: ModelHead;
  faults: Fault[];
  /** 1-based line in the SQL file of a key of the head; null when there is no such key. */
  lineOf(path: DocumentPath): number | null;
}

const CODE = "model-head-invalid";

const names = z
  .union([z.string(), z.array(z.string())], "expected a name, or a list of names")
  .transform((value) => (typeof value === "string" ? splitList(value) : value.map((item) => item.trim())))
  .refine((list) => list.length > 0 && list.every((item) => item !== ""), "a name is empty");

const headSchema = z.strictObject({
  unique_key: names.optional(),
  redo_by: names.optional(),
  changes: z.record(z.string(), names).optional(),
  partitioned_by: names.optional(),
  sorted_by: names.optional(),
  description: z.string().optional(),
  owner: z.string().optional(),
  tags: z.array(z.string()).optional(),
  freshness: z
    .string()
    .refine((text) => parseDuration(text) !== null, "expected a duration such as 1h or 2d")
    .optional(),
  columns: z
    .record(
      z.string(),
      z.strictObject({
        description: z.string().optional(),
        checks: z.array(z.enum(["not_null", "unique"])).optional(),
      }),
    )
    .optional(),
  on_code_change: z.enum(["rebuild", "keep"]).optional(),
  serve: z.literal("postgres", "expected postgres, or no serve at all").optional(),
});

/** The YAML in the first comment of a model, at the very start of the file; without one, the head is empty. */
export function readModelHead(sql: string): ReadHead {
  const opening = /^\uFEFF?\s*\/\*[ \t]*---[ \t]*\r?(?:\n|$)/.exec(sql);
  if (!opening) return { head: {}, faults: [], lineOf: () => null };
  const firstLine = opening[0].split("\n").length;
  const rest = sql.slice(opening[0].length);
  const closing = /(?:^|\n)[ \t]*---[ \t]*\*\//.exec(rest);
  if (!closing) {
    const fault = {
      code: CODE,
      line: Math.max(firstLine - 1, 1),
      message: "the head that begins with /* --- does not end",
      remedy: "End it with a line --- */ before the SELECT.",
    };
    return { head: {}, faults: [fault], lineOf: () => null };
  }
  return parseHead(rest.slice(0, closing.index), firstLine);
}

function parseHead(yaml: string, firstLine: number): ReadHead {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line + firstLine - 1;
  const lineOf = (path: DocumentPath) => {
    const offset = keyOffset(document.contents, path);
    return offset === null ? null : lineAt(offset);
  };
  const broken = [...document.errors, ...document.warnings] as YAMLError[];
  if (broken.length > 0) {
    const faults = broken.map((error) => ({
      code: CODE,
      line: lineAt(error.pos[0]),
      message: `not YAML: ${error.message}`,
      remedy: "Correct the head of the model.",
    }));
    return { head: {}, faults: faults.slice(0, 1), lineOf };
  }
  const parsed = headSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { head: withoutUndefined(parsed.data), faults: [], lineOf };
  const faults = schemaFaults(parsed.error, CODE, (path) => lineOf(path) ?? firstLine);
  return { head: {}, faults, lineOf };
}

const pairs = z.object({
  items: z.array(
    z.object({ key: z.looseObject({ value: z.unknown(), range: z.array(z.number()) }), value: z.unknown() }),
  ),
});

/** Where the key at a path stands in the YAML text; the nearest parent that is there, null when none is. */
function keyOffset(contents: unknown, path: DocumentPath): number | null {
  let offset: number | null = null;
  let node = contents;
  for (const part of path) {
    const map = pairs.safeParse(node);
    const pair = map.success
      ? map.data.items.find((item) => String(item.key.value) === String(part))
      : undefined;
    if (!pair) return offset;
    offset = pair.key.range[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

/** Splits on commas outside of brackets and quotes: `a, b` is two names, `coalesce(a, b)` one expression. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let part = "";
  for (const character of text) {
    if (quote) {
      if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    if (character === "," && depth === 0 && !quote) {
      parts.push(part.trim());
      part = "";
    } else part += character;
  }
  return [...parts, part.trim()];
}

// exactOptionalPropertyTypes: a key that is not given is not there at all.
function withoutUndefined(head: z.infer<typeof headSchema>): ModelHead {
  return JSON.parse(JSON.stringify(head)) as ModelHead;
}
