import { PgError } from "../pg-error.ts";
import { numericFromDatum } from "./datum-numeric.ts";
import { numericText, plainDecimal } from "./numeric.ts";

/**
 * JSON in the one form that `jsonb` is shown in: keys by length and bytes, the last of equal ones, one space behind
 * each colon and comma, numbers as `numeric` shows them. @throws PgError 22P02 for what is not JSON.
 */
export function jsonbText(json: string): string {
  const reader = new JsonReader(json);
  const text = reader.value();
  reader.end();
  return text;
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const string = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const word = /true|false|null/y;

class JsonReader {
  readonly #json: string;
  #at = 0;

  constructor(json: string) {
    this.#json = json;
  }

  value(): string {
    this.#take(space);
    const start = this.#json[this.#at];
    if (start === "{") return this.#object();
    if (start === "[") return `[${this.#list("[", "]", () => this.value()).join(", ")}]`;
    if (start === '"') return jsonString(this.#string());
    const plain = this.#take(word) ?? this.#number();
    if (plain === null) throw this.#invalid();
    return plain;
  }

  end(): void {
    this.#take(space);
    if (this.#at < this.#json.length) throw this.#invalid();
  }

  #object(): string {
    const members = new Map<string, string>();
    this.#list("{", "}", () => {
      this.#take(space);
      const key = this.#string();
      this.#take(space);
      this.#expect(":");
      members.set(key, this.value());
    });
    const sorted = [...members].map(([key, text]) => ({ key: Buffer.from(key), text }));
    sorted.sort((a, b) => a.key.length - b.key.length || Buffer.compare(a.key, b.key));
    return `{${sorted.map(({ key, text }) => `${jsonString(key.toString())}: ${text}`).join(", ")}}`;
  }

  #list<T>(open: string, close: string, item: () => T): T[] {
    this.#expect(open);
    this.#take(space);
    const items: T[] = [];
    if (this.#json[this.#at] !== close) {
      for (;;) {
        items.push(item());
        this.#take(space);
        if (this.#json[this.#at] !== ",") break;
        this.#at += 1;
      }
    }
    this.#expect(close);
    return items;
  }

  #string(): string {
    const quoted = this.#take(string);
    if (quoted === null) throw this.#invalid();
    const text = JSON.parse(quoted) as string;
    if (text.includes("\0")) throw new PgError("22P05", "unsupported Unicode escape sequence");
    return text;
  }

  #number(): string | null {
    const text = this.#take(number);
    return text === null ? null : plainDecimal(text);
  }

  #expect(character: string): void {
    if (this.#json[this.#at] !== character) throw this.#invalid();
    this.#at += 1;
  }

  /** What the pattern finds right here. */
  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#json) ?? [];
    if (!found) return null;
    this.#at += found.length;
    return found;
  }

  #invalid(): PgError {
    return new PgError("22P02", "invalid input syntax for type json");
  }
}

/** As `escape_json` quotes it. */
function jsonString(text: string): string {
  // JSON.stringify escapes lone surrogates too; UTF-8 has none.
  return JSON.stringify(text);
}

const countMask = 0x0fffffff;
const scalarFlag = 0x10000000;
const objectFlag = 0x20000000;

/** The text of a `jsonb` as Postgres keeps it; `bytes` begins behind its length word. */
export function jsonbFromDatum(bytes: Buffer): string {
  const header = bytes.readUInt32LE(0);
  const count = header & countMask;
  const isObject = (header & objectFlag) !== 0;
  const entries = isObject ? count * 2 : count;
  const base = 4 + entries * 4;
  let offset = 0;
  const texts: string[] = [];
  for (let index = 0; index < entries; index++) {
    const entry = bytes.readUInt32LE(4 + index * 4);
    const size = entry & countMask;
    // Now and then an entry gives where it ends instead of its length.
    const end = entry >>> 31 ? size : offset + size;
    texts.push(entryText((entry >>> 28) & 7, bytes.subarray(base, base + end), offset));
    offset = end;
  }
  if (isObject) {
    const members = texts.slice(0, count).map((key, index) => `${key}: ${texts[count + index]}`);
    return `{${members.join(", ")}}`;
  }
  return header & scalarFlag ? (texts[0] ?? "null") : `[${texts.join(", ")}]`;
}

/** `data`: up to where the entry ends; `offset`: where it begins, before it is aligned. */
function entryText(kind: number, data: Buffer, offset: number): string {
  const aligned = (offset + 3) & ~3;
  switch (kind) {
    case 0:
      return jsonString(data.toString("utf8", offset));
    case 1:
      return numericText(numericFromDatum(data.subarray(aligned + 4)));
    case 2:
      return "false";
    case 3:
      return "true";
    case 4:
      return "null";
    case 5:
      return jsonbFromDatum(data.subarray(aligned));
    default:
      throw new PgError("XX000", `unknown jsonb entry ${kind}`);
  }
}
