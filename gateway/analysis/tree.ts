import { PgError } from "../pg-error.ts";

/**
 * Postgres's node text (`debug_print_parse`) as a tree. Everything here throws where the text is not as expected: a
 * statement whose tree is not understood is refused, never answered by guess.
 */
export type PgValue = PgNode | PgList | PgDatum | string | null;

/** A list: of nodes, of lists, of names, or of numbers (then `kind` is i, o or b as Postgres prints it). */
export interface PgList {
  kind: "" | "i" | "o" | "x" | "b";
  items: PgValue[];
}

/** The bytes of a constant, as they stand in Postgres's memory. */
export interface PgDatum {
  bytes: Buffer;
}

/** `{TAG :field value ...}`. */
export class PgNode {
  readonly tag: string;
  readonly #fields: ReadonlyMap<string, PgValue>;

  constructor(tag: string, fields: ReadonlyMap<string, PgValue>) {
    this.tag = tag;
    this.#fields = fields;
  }

  /** Whether the node has this field at all: versions of Postgres differ. */
  has(field: string): boolean {
    return this.#fields.has(field);
  }

  value(field: string): PgValue {
    const value = this.#fields.get(field);
    if (value === undefined) throw unreadable(`${this.tag} has no ${field}`);
    return value;
  }

  node(field: string): PgNode {
    const value = this.value(field);
    if (!(value instanceof PgNode)) throw unreadable(`${this.tag}.${field} is not a node`);
    return value;
  }

  nodeOrNull(field: string): PgNode | null {
    return this.value(field) === null ? null : this.node(field);
  }

  /** The items of a list; none where Postgres printed `<>`. */
  list(field: string): PgValue[] {
    const value = this.value(field);
    if (value === null) return [];
    if (typeof value === "string" || value instanceof PgNode || "bytes" in value) {
      throw unreadable(`${this.tag}.${field} is not a list`);
    }
    return value.items;
  }

  nodes(field: string): PgNode[] {
    return this.list(field).map((item) => {
      if (item instanceof PgNode) return item;
      throw unreadable(`${this.tag}.${field} has something else than nodes`);
    });
  }

  /** A list of which items may be missing: the subscripts of `a[:2]`. */
  nodesOrNulls(field: string): (PgNode | null)[] {
    return this.list(field).map((item) => {
      if (item === null || item instanceof PgNode) return item;
      throw unreadable(`${this.tag}.${field} has something else than nodes`);
    });
  }

  /** A list of lists of nodes. */
  nodeLists(field: string): PgNode[][] {
    return this.list(field).map((item) => {
      if (item === null || typeof item === "string" || !("items" in item)) {
        throw unreadable(`${this.tag}.${field} is not a list of lists`);
      }
      return item.items.map((inner) => {
        if (inner instanceof PgNode) return inner;
        throw unreadable(`${this.tag}.${field} has something else than nodes`);
      });
    });
  }

  numbers(field: string): number[] {
    return this.list(field).map((item) => {
      if (typeof item !== "string") throw unreadable(`${this.tag}.${field} has something else than numbers`);
      return integer(item, `${this.tag}.${field}`);
    });
  }

  texts(field: string): string[] {
    return this.list(field).map((item) => {
      if (typeof item !== "string") throw unreadable(`${this.tag}.${field} has something else than text`);
      return item;
    });
  }

  text(field: string): string {
    const value = this.value(field);
    if (typeof value !== "string") throw unreadable(`${this.tag}.${field} is not text`);
    return value;
  }

  textOrNull(field: string): string | null {
    return this.value(field) === null ? null : this.text(field);
  }

  number(field: string): number {
    return integer(this.text(field), `${this.tag}.${field}`);
  }

  boolean(field: string): boolean {
    const text = this.text(field);
    if (text !== "true" && text !== "false") throw unreadable(`${this.tag}.${field} is not true or false`);
    return text === "true";
  }

  /** The bytes of a constant; null where it is NULL. */
  datum(field: string): Buffer | null {
    const value = this.value(field);
    if (value === null) return null;
    if (typeof value === "string" || value instanceof PgNode || !("bytes" in value)) {
      throw unreadable(`${this.tag}.${field} is not a datum`);
    }
    return value.bytes;
  }
}

/** Reads the text of one node. Throws a PgError (XX000) where it is not one. */
export function readTree(text: string): PgNode {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  if (!(value instanceof PgNode)) throw unreadable("not a node");
  return value;
}

/** What a statement's tree refers to, found without reading it. */
export interface Mentioned {
  relations: Set<number>;
  /** Of calls, operators, aggregates and window functions. */
  functions: Set<number>;
}

/** Names cannot pass for fields: Postgres escapes the blanks in them. */
export function mentioned(text: string): Mentioned {
  const relations = new Set<number>();
  const functions = new Set<number>();
  for (const [, field, oid] of text.matchAll(
    /(?<=[\s}]):(relid|funcid|opfuncid|aggfnoid|winfnoid|hashfuncid|negfuncid)\s(\d+)/g,
  )) {
    if (oid !== "0") (field === "relid" ? relations : functions).add(Number(oid));
  }
  return { relations, functions };
}

function unreadable(what: string): PgError {
  return new PgError("XX000", `the analysed statement cannot be read: ${what}`);
}

function integer(text: string, where: string): number {
  if (!/^-?\d+$/.test(text)) throw unreadable(`${where} is not a number`);
  return Number(text);
}

const space = 0x20;
const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const open = 0x28;
const close = 0x29;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw unreadable("something follows the tree");
  }

  value(): PgValue {
    this.#skip();
    const code = this.#text.charCodeAt(this.#at);
    if (code === openBrace) return this.#node();
    if (code === open) return this.#list();
    const raw = this.#token();
    if (raw === "<>") return null;
    return /^\d+$/.test(raw) && this.#follows(openBracket) ? this.#datum(Number(raw)) : unescaped(raw);
  }

  #node(): PgNode {
    this.#at += 1;
    const tag = this.#token();
    const fields = new Map<string, PgValue>();
    for (;;) {
      this.#skip();
      if (this.#text.charCodeAt(this.#at) === closeBrace) break;
      const name = this.#token();
      if (!name.startsWith(":")) throw unreadable(`${tag}: ${name} where a field's name is expected`);
      fields.set(name.slice(1), this.value());
    }
    this.#at += 1;
    return new PgNode(tag, fields);
  }

  #list(): PgList {
    this.#at += 1;
    const items: PgValue[] = [];
    let kind: PgList["kind"] = "";
    this.#skip();
    const letter = this.#text[this.#at];
    if (letter === "i" || letter === "o" || letter === "x" || letter === "b") {
      kind = letter;
      this.#at += 1;
    }
    for (;;) {
      this.#skip();
      if (this.#text.charCodeAt(this.#at) === close) break;
      items.push(this.value());
    }
    this.#at += 1;
    return { kind, items };
  }

  #datum(length: number): PgDatum {
    this.#skip();
    this.#at += 1;
    const end = this.#text.indexOf("]", this.#at);
    if (end < 0) throw unreadable("a constant without an end");
    const numbers = this.#text.slice(this.#at, end).split(/\s+/).filter(Boolean).map(Number);
    this.#at = end + 1;
    // Values that are passed by value are printed whole, whatever their length.
    if (numbers.some(Number.isNaN) || numbers.length !== Math.max(length, numbers.length === 8 ? 8 : 0)) {
      throw unreadable("a constant whose length is not as said");
    }
    return { bytes: Buffer.from(numbers.map((number) => number & 0xff)) };
  }

  #skip(): void {
    while (this.#at < this.#text.length && isBlank(this.#text.charCodeAt(this.#at))) this.#at += 1;
    if (this.#at >= this.#text.length) return;
  }

  #follows(code: number): boolean {
    let at = this.#at;
    while (isBlank(this.#text.charCodeAt(at))) at += 1;
    return this.#text.charCodeAt(at) === code;
  }

  /** Up to a blank, bracket or brace that is not escaped; escapes are left in. */
  #token(): string {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === backslash) this.#at += 1;
      else if (isBlank(code) || code === open || code === close || code === openBrace || code === closeBrace)
        break;
    }
    if (this.#at === start || this.#at > this.#text.length) throw unreadable("a value is missing");
    return this.#text.slice(start, this.#at);
  }
}

function isBlank(code: number): boolean {
  return code === space || code === newline;
}

function unescaped(token: string): string {
  const quoted = token.charCodeAt(0) === quote;
  // `""` is an empty string, as a field and in a list; a name in a list stands between quotes, and only there.
  if (quoted && (token.length < 2 || !token.endsWith('"'))) throw unreadable("a name without an end");
  return (quoted ? token.slice(1, -1) : token).replace(/\\([\s\S])/g, "$1");
}
