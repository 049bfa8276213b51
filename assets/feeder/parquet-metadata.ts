import { BINARY, type Fields, I32, I64, LIST, STRUCT, ThriftReader } from "./thrift.ts";

/** A Parquet footer, as far as it is looked at; see parquet.thrift. What is missing is null. */
export interface FileMetadata {
  rows: number | null;
  /** The schema's tree, parents before their children. */
  schema: SchemaElement[];
  /** The bytes that `schema` was read from. */
  schemaBytes: Uint8Array;
  rowGroups: RowGroup[];
  /** Whether pages are encrypted behind a footer that is not. */
  encrypted: boolean;
}

export interface SchemaElement {
  /** UTF-8, if it is as it should be. */
  name: Uint8Array;
  type: number | null;
  repetition: number | null;
  children: number | null;
  converted: number | null;
  scale: number | null;
  precision: number | null;
  /** The logical type, where it is a decimal. */
  decimal: { scale: number | null; precision: number | null } | null;
  /** Whether it is of the logical type that has no value but NULL. */
  untyped: boolean;
}

export interface RowGroup {
  rows: number | null;
  chunks: ColumnChunk[];
}

/** The pages of one column in one row group. */
export interface ColumnChunk {
  values: number | null;
  /** How many of the values are NULL, where the statistics say so. */
  nulls: number | null;
  /** Bytes in the file, and once they are unpacked. */
  packed: number | null;
  unpacked: number | null;
  dataOffset: number | null;
  dictionaryOffset: number | null;
  /** Whether the pages are said to lie in another file. */
  elsewhere: boolean;
}

export const REPEATED = 2;
export const DECIMAL = 5;
const UNKNOWN = 11;

/** @throws Malformed */
export function parseMetadata(bytes: Uint8Array): FileMetadata {
  const reader = new ThriftReader(bytes);
  const file: FileMetadata = { rows: null, schema: [], schemaBytes: bytes, rowGroups: [], encrypted: false };
  const readSchema = () => {
    const start = reader.position;
    reader.list(STRUCT, () => file.schema.push(readElement(reader)));
    file.schemaBytes = bytes.subarray(start, reader.position);
  };
  const readEncryption = () => {
    file.encrypted = true;
    reader.struct({});
  };
  reader.struct({
    2: [LIST, readSchema],
    ...integers(reader, I64, file, { 3: "rows" }),
    4: [LIST, () => reader.list(STRUCT, () => file.rowGroups.push(readRowGroup(reader)))],
    8: [STRUCT, readEncryption],
  });
  return file;
}

function readElement(reader: ThriftReader): SchemaElement {
  const element: SchemaElement = {
    name: new Uint8Array(),
    type: null,
    repetition: null,
    children: null,
    converted: null,
    scale: null,
    precision: null,
    decimal: null,
    untyped: false,
  };
  const readName = () => {
    element.name = reader.binary();
  };
  const readDecimal = () => {
    element.decimal = { scale: null, precision: null };
    reader.struct(integers(reader, I32, element.decimal, { 1: "scale", 2: "precision" }));
  };
  const readUnknown = () => {
    element.untyped = true;
    reader.struct({});
  };
  const logical = { [DECIMAL]: [STRUCT, readDecimal], [UNKNOWN]: [STRUCT, readUnknown] } satisfies Fields;
  reader.struct({
    ...integers(reader, I32, element, {
      1: "type",
      3: "repetition",
      5: "children",
      6: "converted",
      7: "scale",
      8: "precision",
    }),
    4: [BINARY, readName],
    10: [STRUCT, () => reader.struct(logical)],
  });
  return element;
}

function readRowGroup(reader: ThriftReader): RowGroup {
  const group: RowGroup = { rows: null, chunks: [] };
  reader.struct({
    1: [LIST, () => reader.list(STRUCT, () => group.chunks.push(readChunk(reader)))],
    ...integers(reader, I64, group, { 3: "rows" }),
  });
  return group;
}

function readChunk(reader: ThriftReader): ColumnChunk {
  const chunk: ColumnChunk = {
    values: null,
    nulls: null,
    packed: null,
    unpacked: null,
    dataOffset: null,
    dictionaryOffset: null,
    elsewhere: false,
  };
  const readPath = () => {
    chunk.elsewhere = reader.binary().length > 0;
  };
  const metadata = {
    ...integers(reader, I64, chunk, {
      5: "values",
      6: "unpacked",
      7: "packed",
      9: "dataOffset",
      11: "dictionaryOffset",
    }),
    12: [STRUCT, () => reader.struct(integers(reader, I64, chunk, { 3: "nulls" }))],
  } satisfies Fields;
  reader.struct({ 1: [BINARY, readPath], 3: [STRUCT, () => reader.struct(metadata)] });
  return chunk;
}

/** Fields that are integers, put into `target` under the names given. */
function integers<Name extends string>(
  reader: ThriftReader,
  type: number,
  target: Record<Name, unknown>,
  names: Record<number, Name>,
): Fields {
  const entries = Object.entries<Name>(names).map(([id, name]) => {
    const read = () => {
      target[name] = reader.integer();
    };
    return [id, [type, read]] as const;
  });
  return Object.fromEntries(entries);
}
