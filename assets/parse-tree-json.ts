import { randomUUID } from "node:crypto";

/**
 * JSON whose numbers survive: DuckDB writes BIGINT, HUGEINT and DECIMAL constants of a parse tree as bare digits,
 * which `JSON.parse` would round. A number that a double cannot hold is kept as a marked string meanwhile.
 */

// Random, so that no text constant of a model can be taken for a marked number.
const MARK = `number:${randomUUID()}:`;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED_TOKEN = new RegExp(`"${MARK}(-?[0-9.eE+-]+)"`, "g");

/** Parses JSON text and loses no digit. Throws SyntaxError on malformed text. */
export function parseExactJson(text: string): unknown {
  const safe = text.replace(TOKEN, (token) => {
    if (token.startsWith('"') || String(Number(token)) === token) return token;
    return JSON.stringify(MARK + token);
  });
  return JSON.parse(safe);
}

/** Writes what `parseExactJson` read, every number with its original digits. */
export function writeExactJson(value: unknown): string {
  return JSON.stringify(value).replace(MARKED_TOKEN, (_, digits: string) => digits);
}
