/**
 * Parquet footers taken apart and put together again, so that tests can make them lie. A footer is one struct in
 * Thrift's compact protocol.
 */

type ThriftValue = boolean | bigint | Buffer | ThriftList | ThriftStruct;

/** Field id -> value. Integers of every width are bigints; each keeps the type that it was read with. */
export class ThriftStruct {
  readonly fields = new Map<number, { type: number; value: ThriftValue }>();

  /** The struct in field `id`. */
  struct(id: number): ThriftStruct {
    return this.fields.get(id)?.value as ThriftStruct;
  }

  /** The structs of the list in field `id`. */
  structs(id: number): ThriftStruct[] {
    return this.#list(id).items as ThriftStruct[];
  }

  /** Makes the header of the list in field `id` say that it holds so many items. */
  claimItems(id: number, claimed: number): void {
    this.#list(id).claimed = claimed;
  }

  integer(id: number): number {
    return Number(this.fields.get(id)?.value);
  }

  text(id: number): string {
    return String(this.fields.get(id)?.value);
  }

  /** Sets an integer or a text, of the type that the field has or `type`. */
  set(id: number, value: number | bigint | string, type = this.fields.get(id)?.type ?? I64): void {
    this.fields.set(id, { type, value: typeof value === "string" ? Buffer.from(value) : BigInt(value) });
  }

  #list(id: number): ThriftList {
    return this.fields.get(id)?.value as ThriftList;
  }
}

interface ThriftList {
  type: number;
  items: ThriftValue[];
  /** What the header says, where that is not how many there are. */
  claimed?: number;
}

export const I32 = 5;
export const I64 = 6;
export const BINARY = 8;
const [TRUE, FALSE, DOUBLE, LIST, STRUCT] = [1, 2, 7, 9, 12];

/** Fields of Parquet's FileMetaData and what lies under it, as far as tests change them. */
export const FILE = { schema: 2, rows: 3, rowGroups: 4 } as const;
export const COLUMN = {
  type: 1,
  typeLength: 2,
  name: 4,
  children: 5,
  converted: 6,
  scale: 7,
  precision: 8,
  logical: 10,
} as const;
export const ROW_GROUP = { chunks: 1, bytes: 2, rows: 3 } as const;
export const CHUNK = { metadata: 3 } as const;
export const METADATA = {
  type: 1,
  encodings: 2,
  path: 3,
  codec: 4,
  values: 5,
  unpacked: 6,
  packed: 7,
  dataOffset: 9,
  dictionaryOffset: 11,
} as const;

/** The same file with its footer changed. */
export function withFooter(file: Buffer, change: (footer: ThriftStruct) => void): Buffer {
  const start = footerStart(file);
  const reader = new Reader(file.subarray(start));
  const footer = reader.struct();
  change(footer);
  const body = Buffer.from(writeStruct(footer));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([file.subarray(0, start), body, length, Buffer.from("PAR1")]);
}

/** Fields of a page's header. */
export const PAGE = { unpacked: 2, packed: 3, data: 5 } as const;

/** The same file, of one column without a dictionary, with the header of its first page changed. */
export function withPageHeader(file: Buffer, change: (header: ThriftStruct) => void): Buffer {
  const reader = new Reader(file.subarray(MARK));
  const header = reader.struct();
  change(header);
  const body = Buffer.from(writeStruct(header));
  const grown = body.length - reader.position;
  const changed = Buffer.concat([file.subarray(0, MARK), body, file.subarray(MARK + reader.position)]);
  return withFooter(changed, (footer) => {
    const metadata = chunkOf(footer, 0, 0);
    metadata.set(METADATA.packed, metadata.integer(METADATA.packed) + grown);
  });
}

const MARK = 4;

/** What a footer says of one column in one row group. */
export function chunkOf(footer: ThriftStruct, rowGroup: number, column: number): ThriftStruct {
  const group = footer.structs(FILE.rowGroups)[rowGroup] as ThriftStruct;
  return (group.structs(ROW_GROUP.chunks)[column] as ThriftStruct).struct(CHUNK.metadata);
}

/** What a footer says of a column of the schema; 0 is the root. */
export function columnOf(footer: ThriftStruct, column: number): ThriftStruct {
  return footer.structs(FILE.schema)[column] as ThriftStruct;
}

/** Where the footer of a whole file begins. */
export function footerStart(file: Buffer): number {
  return file.length - 8 - file.readUInt32LE(file.length - 8);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#at;
  }

  struct(): ThriftStruct {
    const struct = new ThriftStruct();
    for (let id = 0; ; ) {
      const header = this.#byte();
      if (header === 0) return struct;
      const type = header & 15;
      id = header >> 4 === 0 ? Number(this.#zigzag()) : id + (header >> 4);
      struct.fields.set(id, {
        type,
        value: type === TRUE ? true : type === FALSE ? false : this.#value(type),
      });
    }
  }

  #value(type: number): ThriftValue {
    if (type === TRUE || type === FALSE) return this.#byte() === TRUE;
    if (type < DOUBLE) return type === 3 ? BigInt(this.#byte()) : this.#zigzag();
    if (type === DOUBLE) return this.#take(8);
    if (type === BINARY) return this.#take(Number(this.#varint()));
    if (type === STRUCT) return this.struct();
    if (type !== LIST) throw new Error(`no Thrift type of a Parquet footer: ${type}`);
    const header = this.#byte();
    const size = header >> 4 === 15 ? Number(this.#varint()) : header >> 4;
    return { type: header & 15, items: Array.from({ length: size }, () => this.#value(header & 15)) };
  }

  #byte(): number {
    return this.#bytes[this.#at++] as number;
  }

  #take(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.#byte());
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  }

  #zigzag(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }
}

function writeStruct(struct: ThriftStruct): number[] {
  const bytes: number[] = [];
  let before = 0;
  for (const [id, { type, value }] of [...struct.fields].sort(([left], [right]) => left - right)) {
    if (id - before < 16) bytes.push(((id - before) << 4) | type);
    else bytes.push(type, ...zigzag(BigInt(id)));
    before = id;
    if (type !== TRUE && type !== FALSE) bytes.push(...writeValue(type, value));
  }
  return [...bytes, 0];
}

function writeValue(type: number, value: ThriftValue): number[] {
  if (value instanceof ThriftStruct) return writeStruct(value);
  if (Buffer.isBuffer(value))
    return type === DOUBLE ? [...value] : [...varint(BigInt(value.length)), ...value];
  if (typeof value === "boolean") return [value ? TRUE : FALSE];
  if (typeof value === "bigint") return type === 3 ? [Number(value)] : zigzag(value);
  const size = value.claimed ?? value.items.length;
  const header = size < 15 ? [(size << 4) | value.type] : [0xf0 | value.type, ...varint(BigInt(size))];
  return [...header, ...value.items.flatMap((item) => writeValue(value.type, item))];
}

function zigzag(value: bigint): number[] {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}
