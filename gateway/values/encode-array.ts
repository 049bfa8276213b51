import duckdb, { type Vector } from "@duckdb/node-bindings";
import { PgError } from "../pg-error.ts";
import type { ByteSink } from "./byte-sink.ts";
import { type ColumnEncoder, VectorEncoder } from "./column-encoder.ts";
import { isNullAt, type Validity, vectorValidity, vectorWords } from "./vector-data.ts";

/** The lists of one level: where each begins among the elements of the next, and how many it has. */
interface Level {
  words: Int32Array;
  validity: Validity;
}

/** An array of any number of dimensions, from LIST, LIST of LIST ... */
export class ArrayEncoder extends VectorEncoder {
  readonly #elements: ColumnEncoder;
  readonly #elementOid: number;
  readonly #format: 0 | 1;
  #levels: Level[] = [];
  /** How many the lists of each level have in the row at hand. */
  #lengths: number[] = [];

  constructor(elements: ColumnEncoder, elementOid: number, format: 0 | 1) {
    super();
    this.#elements = elements;
    this.#elementOid = elementOid;
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#levels = [];
    let lists = vector;
    let count = rows;
    do {
      this.#levels.push({
        words: vectorWords(lists, count, 16),
        validity: vectorValidity(lists, count),
      });
      count = duckdb.list_vector_get_size(lists);
      lists = duckdb.list_vector_get_child(lists);
    } while (duckdb.get_type_id(duckdb.vector_get_column_type(lists)) === duckdb.Type.LIST);
    this.#elements.bind(lists, count);
  }

  writeValue(row: number, sink: ByteSink): void {
    this.#lengths = this.#measure(row);
    if (this.#format === 0) this.#writeText(row, sink);
    else this.#writeBinary(row, sink);
  }

  /** One length a level; none where the array is empty. */
  #measure(row: number): number[] {
    const lengths: number[] = [];
    let list = row;
    for (const level of this.#levels) {
      const length = lengthOf(level, list);
      if (length === 0) return [];
      lengths.push(length);
      list = startOf(level, list);
    }
    return lengths;
  }

  #writeText(row: number, sink: ByteSink): void {
    if (this.#lengths.length === 0) {
      sink.writeAscii("{}");
      return;
    }
    this.#visit(0, row, {
      open: () => sink.writeByte(0x7b),
      separate: () => sink.writeByte(0x2c),
      element: (element) => this.#writeQuoted(element, sink),
      close: () => sink.writeByte(0x7d),
    });
  }

  #writeQuoted(element: number, sink: ByteSink): void {
    if (this.#elements.isNull(element)) {
      sink.writeAscii("NULL");
      return;
    }
    const start = sink.offset;
    this.#elements.writeValue(element, sink);
    quoteFrom(start, sink);
  }

  #writeBinary(row: number, sink: ByteSink): void {
    sink.writeInt32(this.#lengths.length);
    const flags = sink.offset;
    sink.writeInt32(0);
    sink.writeInt32(this.#elementOid);
    for (const length of this.#lengths) {
      sink.writeInt32(length);
      sink.writeInt32(1);
    }
    if (this.#lengths.length === 0) return;
    let hasNull = false;
    this.#visit(0, row, {
      element: (element) => {
        hasNull ||= this.#elements.isNull(element);
        this.#elements.write(element, sink);
      },
    });
    if (hasNull) sink.buffer[flags + 3] = 1;
  }

  #visit(depth: number, list: number, visitor: Visitor): void {
    const level = this.#levels[depth] as Level;
    const length = lengthOf(level, list);
    if (length !== this.#lengths[depth] || (depth > 0 && isNullAt(level.validity, list))) {
      throw new PgError(
        "2202E",
        "multidimensional arrays must have array expressions with matching dimensions",
      );
    }
    const start = startOf(level, list);
    const isLast = depth === this.#levels.length - 1;
    visitor.open?.();
    for (let index = start; index < start + length; index++) {
      if (index > start) visitor.separate?.();
      if (isLast) visitor.element(index);
      else this.#visit(depth + 1, index, visitor);
    }
    visitor.close?.();
  }
}

interface Visitor {
  open?(): void;
  separate?(): void;
  element(index: number): void;
  close?(): void;
}

/** Offsets and lengths are of 64 bits, of which 32 are in use. */
function startOf(level: Level, list: number): number {
  return level.words[list * 4] as number;
}

function lengthOf(level: Level, list: number): number {
  return isNullAt(level.validity, list) ? 0 : (level.words[list * 4 + 2] as number);
}

const quote = 0x22;
const backslash = 0x5c;
/** 1: the element needs quotes; 2: the character a backslash in front, too. */
const special = new Uint8Array(256);
for (const character of " \t\n\v\f\r{},") special[character.charCodeAt(0)] = 1;
special[quote] = 2;
special[backslash] = 2;

/** Puts the text that the sink ends with in quotes where an array's text needs that. */
function quoteFrom(start: number, sink: ByteSink): void {
  const { buffer: written, offset: end } = sink;
  let escapes = 0;
  let isSpecial = end === start || isWordNull(written, start, end);
  for (let index = start; index < end; index++) {
    const kind = special[written[index] as number] as number;
    if (kind > 0) isSpecial = true;
    if (kind === 2) escapes += 1;
  }
  if (!isSpecial) return;
  sink.ensure(escapes + 2);
  const { buffer } = sink;
  let place = end + escapes + 2;
  sink.offset = place;
  buffer[--place] = quote;
  for (let index = end - 1; index >= start; index--) {
    const byte = buffer[index] as number;
    buffer[--place] = byte;
    if (special[byte] === 2) buffer[--place] = backslash;
  }
  buffer[--place] = quote;
}

function isWordNull(buffer: Buffer, start: number, end: number): boolean {
  return end - start === 4 && buffer.toString("latin1", start, end).toLowerCase() === "null";
}
