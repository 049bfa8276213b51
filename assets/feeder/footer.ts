import { createHash } from "node:crypto";
import { amountOf } from "../../lake/memory.ts";
import {
  DECIMAL,
  type FileMetadata,
  parseMetadata,
  REPEATED,
  type RowGroup,
  type SchemaElement,
} from "./parquet-metadata.ts";
import { Malformed } from "./thrift.ts";

/** What a Parquet file's footer says of it, as far as feeding it asks. */
export interface Footer {
  rows: number;
  /** Equal for files whose columns are equal in every respect. */
  signature: string;
  /** Top-level columns without a single value, in lower case: they say nothing of a type. */
  valueless: ReadonlySet<string>;
}

/** The file around a footer, and what may be spent on it. Bytes. */
export interface FooterBounds {
  /** Where the footer begins: all pages lie before it. */
  start: number;
  size: number;
  /** What DuckDB may use. */
  memory: number;
}

/**
 * Reads a footer and looks whether it can be true. DuckDB 1.5.5 believes it: a list that claims to be long takes all
 * the memory there is, a decimal of 76 digits or of a negative scale ends the whole instance, a wrong number of rows
 * loses rows without an error (docs/ducklake.md).
 * @returns why the file must not be read, as a clause for the quarantine, where it must not.
 */
export function readFooter(bytes: Uint8Array, bounds: FooterBounds): Footer | { fault: string } {
  try {
    const file = parseMetadata(bytes);
    if (file.encrypted) throw new Refused(ENCRYPTED);
    checkNames(file.schema);
    const leaves = findLeaves(file.schema);
    file.schema.forEach(checkDecimal);
    checkRows(file, leaves);
    checkPlaces(file, bounds);
    checkSize(file, bounds);
    const signature = createHash("md5").update(file.schemaBytes).digest("hex");
    return { rows: file.rows as number, signature, valueless: valuelessColumns(file, leaves) };
  } catch (error) {
    if (error instanceof Malformed)
      return { fault: `its footer is damaged: ${error.message}; upload it again` };
    if (error instanceof Refused) return { fault: error.message };
    throw error;
  }
}

export const ENCRYPTED = "it is encrypted; upload it without encryption";

/** The footer can be read, and the file cannot be fed. */
class Refused extends Error {}

const text = new TextDecoder("utf-8", { fatal: true });

function nameOf(element: SchemaElement): string {
  try {
    return text.decode(element.name);
  } catch {
    throw new Malformed("the name of a column is no text");
  }
}

function checkNames(schema: readonly SchemaElement[]): void {
  for (const element of schema.slice(1)) {
    const name = nameOf(element);
    if (name.includes("\0")) throw new Malformed("the name of a column holds a NUL character");
  }
}

/** A column of the file that holds values. */
interface Leaf {
  /** The top-level column that it belongs to. */
  column: string;
  /** Whether it is that column itself. */
  top: boolean;
  untyped: boolean;
  /** Whether a row may hold several values of it. */
  repeated: boolean;
}

const DEEPEST = 100;

/** The columns that hold values, in the order of the row groups' chunks. */
function findLeaves(schema: readonly SchemaElement[]): Leaf[] {
  const leaves: Leaf[] = [];
  const columns: string[] = [];
  let next = 0;
  const visit = (column: string | null, repeated: boolean, depth: number): void => {
    const element = schema[next];
    if (!element) throw new Malformed("its columns are no tree");
    if (depth > DEEPEST) throw new Refused(`its columns are nested more than ${DEEPEST} deep; flatten them`);
    next += 1;
    const name = column ?? nameOf(element);
    if (column === null) columns.push(name);
    const several = repeated || element.repetition === REPEATED;
    const children = element.children ?? 0;
    if (children < 0 || (children === 0 && element.type === null))
      throw new Malformed("its columns are no tree");
    if (children === 0)
      leaves.push({ column: name, top: column === null, untyped: element.untyped, repeated: several });
    for (let child = 0; child < children; child += 1) visit(name, several, depth + 1);
  };
  const root = schema[0];
  if (!root) throw new Malformed("it names no columns");
  if (!root.children) throw new Refused("it has no columns; upload it again with the stream's columns");
  next = 1;
  for (let child = 0; child < root.children; child += 1) visit(null, false, 1);
  if (next !== schema.length) throw new Malformed("its columns are no tree");
  checkTwins(columns);
  return leaves;
}

/** DuckDB renames one of two columns whose names differ only in case; which is which depends on who reads. */
function checkTwins(columns: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const column of columns) {
    const twin = seen.get(column.toLowerCase());
    if (twin !== undefined) {
      throw new Refused(
        `it has two columns with one name, ${twin} and ${column} (case does not count); rename one at the source`,
      );
    }
    if (column === "") throw new Refused("it has a column without a name; name it at the source");
    seen.set(column.toLowerCase(), column);
  }
}

function checkDecimal(element: SchemaElement): void {
  const decimal = element.decimal ?? (element.converted === DECIMAL ? element : null);
  if (!decimal || (element.children ?? 0) > 0) return;
  const { precision, scale } = { precision: decimal.precision ?? 0, scale: decimal.scale ?? 0 };
  if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision) return;
  throw new Refused(
    `column ${nameOf(element)} is DECIMAL(${precision},${scale}), and a number has at most 38 digits here; write it as text, ` +
      "or with fewer digits",
  );
}

function checkRows(file: FileMetadata, leaves: readonly Leaf[]): void {
  const rows = file.rowGroups.map((group) => group.rows ?? -1);
  const sum = rows.reduce((total, count) => total + count, 0);
  if (file.rows === null || file.rows !== sum || rows.some((count) => count < 0)) {
    throw new Malformed(`it says ${file.rows} rows, and its row groups ${sum}`);
  }
  for (const group of file.rowGroups) {
    if (group.chunks.length !== leaves.length) throw new Malformed("a row group lacks columns, or has more");
    group.chunks.forEach((chunk, index) => {
      const { column, repeated } = leaves[index] as Leaf;
      const [values, wanted] = [chunk.values ?? -1, group.rows ?? -1];
      // An empty list counts as one value, so that there never are fewer values than rows.
      if (repeated ? values >= wanted : values === wanted) return;
      throw new Malformed(`a row group says ${wanted} rows, and its column ${column} ${values} values`);
    });
  }
}

/** The first bytes of a Parquet file are its mark. */
const FIRST_PAGE = 4;

function checkPlaces(file: FileMetadata, { start }: FooterBounds): void {
  for (const chunk of chunksOf(file)) {
    if (chunk.values === 0) continue;
    if (chunk.elsewhere) throw new Refused("its pages lie in another file; write it as one file");
    const [packed, data, dictionary] = [
      chunk.packed ?? -1,
      chunk.dataOffset ?? -1,
      chunk.dictionaryOffset ?? 0,
    ];
    const first = dictionary > 0 ? Math.min(data, dictionary) : data;
    if (packed < 0 || first < FIRST_PAGE || first + packed > start || data >= start) {
      throw new Malformed("it points to pages that the file does not have");
    }
  }
}

/** From here on, how much the bytes hold of it is looked at. */
const MANY_ROWS = 50_000_000;
const ROWS_PER_BYTE = 100;
/** Text that repeats itself packs 1 to 100, at most. */
const LIKELY_RATIO = 200;
/** The share of the memory that one column of a row group may take where it unpacks beyond LIKELY_RATIO. */
const MEMORY_SHARE = 8;

/** A few bytes that unpack to more than there is memory, time and disk for. */
function checkSize(file: FileMetadata, { size, memory }: FooterBounds): void {
  const rows = file.rows ?? 0;
  if (rows > MANY_ROWS && rows > size * ROWS_PER_BYTE) {
    throw new Refused(
      `its ${amountOf(size)} say that they hold ${rows} rows; write it in files of fewer rows`,
    );
  }
  for (const chunk of chunksOf(file)) {
    const [packed, unpacked] = [chunk.packed ?? 0, chunk.unpacked ?? 0];
    if (unpacked * MEMORY_SHARE <= memory || unpacked <= packed * LIKELY_RATIO) continue;
    throw new Refused(
      `${amountOf(packed)} of it unpack to ${amountOf(unpacked)}, too much for a memory limit of ${amountOf(memory)}; ` +
        "write smaller row groups, or raise LOTUS_MEMORY_LIMIT and retry it",
    );
  }
}

function chunksOf(file: FileMetadata): RowGroup["chunks"] {
  return file.rowGroups.flatMap((group) => group.chunks);
}

function valuelessColumns(file: FileMetadata, leaves: readonly Leaf[]): ReadonlySet<string> {
  const empty = leaves.flatMap(({ column, top, untyped }, index) => {
    const chunks = file.rowGroups.map((group) => group.chunks[index]);
    const none = untyped || chunks.every((chunk) => chunk?.nulls === chunk?.values);
    return top && none ? [column.toLowerCase()] : [];
  });
  return new Set(empty);
}
