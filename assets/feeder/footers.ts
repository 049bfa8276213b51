import pLimit from "p-limit";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";
import { ENCRYPTED, type Footer, readFooter } from "./footer.ts";
import type { RejectedFile } from "./raw-files.ts";

/** A file whose footer can be true. */
export interface SoundFile extends WaitingFile {
  footer: Footer;
}

/** What the first look at a set of files has found. */
export interface FirstLook {
  sound: SoundFile[];
  rejected: RejectedFile[];
  /** No longer in S3 as they were listed: deleted or overwritten since. */
  vanished: WaitingFile[];
}

/** A first look costs a millisecond; with a distant S3 most of the time is waiting. */
const AT_ONCE = 48;

/**
 * Looks at each file's ends before DuckDB does: whether they are Parquet's, and whether the footer can be true.
 * `memory` is what DuckDB may use, bytes.
 */
export async function lookAtFooters(
  store: ObjectStore,
  files: readonly WaitingFile[],
  memory: number,
): Promise<FirstLook> {
  const limit = pLimit(AT_ONCE);
  const looks = await Promise.all(files.map((file) => limit(() => lookAt(store, file, memory))));
  const found: FirstLook = { sound: [], rejected: [], vanished: [] };
  files.forEach((file, index) => {
    const look = looks[index] ?? null;
    if (look === null) found.vanished.push(file);
    else if ("fault" in look) found.rejected.push({ ...file, reason: look.fault });
    else found.sound.push({ ...file, footer: look });
  });
  return found;
}

const MARK = "PAR1";
const ENCRYPTED_MARK = "PARE";
/** Marks at both ends and the footer's length. */
const SMALLEST = 12;
/** The footer's length and the mark. */
const TRAILER = 8;
/** Holds most footers. */
const TAIL = 16 * 1024;
/** Files up to this size are read whole: a second request, for their beginning, would cost more. */
const WHOLE = 128 * 1024;
/** A footer takes some 100 bytes for each column of each row group. */
const LARGEST_FOOTER = 64 * 1024 * 1024;

async function lookAt(
  store: ObjectStore,
  file: WaitingFile,
  memory: number,
): Promise<Footer | { fault: string } | null> {
  if (file.size === 0) return { fault: "empty: 0 bytes; upload it again" };
  const look = await readEnds(store, file, memory);
  return look && "fault" in look ? { fault: `cannot be read: ${look.fault}` } : look;
}

async function readEnds(
  store: ObjectStore,
  file: WaitingFile,
  memory: number,
): Promise<Footer | { fault: string } | null> {
  const { size } = file;
  if (size < SMALLEST) return { fault: `it has ${size} bytes, too few for a Parquet file; upload it again` };
  const tail = await store.range(file, size <= WHOLE ? 0 : size - TAIL, size);
  if (tail === null) return null;
  const head = size <= WHOLE ? tail : await store.range(file, 0, SMALLEST);
  if (head === null) return null;
  const [begins, ends] = [ascii(head.subarray(0, 4)), ascii(tail.subarray(-4))];
  if (begins !== MARK || ends !== MARK) return { fault: noParquet(head, begins, ends) };
  const length = new DataView(tail.buffer, tail.byteOffset + tail.length - TRAILER).getUint32(0, true);
  const start = size - TRAILER - length;
  if (start < MARK.length)
    return { fault: "it is damaged: its footer is said to be longer than the file; upload it again" };
  if (length > LARGEST_FOOTER)
    return { fault: `its footer has ${length} bytes; write it with larger row groups` };
  const rest = size - tail.length;
  const footer =
    start >= rest ? tail.subarray(start - rest, -TRAILER) : await store.range(file, start, size - TRAILER);
  return footer && readFooter(footer, { start, size, memory });
}

/** What files of other kinds begin with. */
const KINDS: readonly [kind: string, mark: string][] = [
  ["ORC", "ORC"],
  ["Avro", "Obj\x01"],
  ["Arrow", "ARROW1"],
  ["gzip", "\x1f\x8b"],
  ["zstd", "\x28\xb5\x2f\xfd"],
  ["zip", "PK"],
];
/** Twelve characters of ASCII, lines included. */
const TEXT = /^[\t\n\r -~]{12}$/;

function noParquet(head: Uint8Array, begins: string, ends: string): string {
  if (begins === ENCRYPTED_MARK || ends === ENCRYPTED_MARK) return ENCRYPTED;
  if (begins === MARK)
    return "it is cut off: it begins as a Parquet file and does not end as one; upload it again";
  if (ends === MARK)
    return "it is damaged: it ends as a Parquet file and does not begin as one; upload it again";
  const text = ascii(head.subarray(0, SMALLEST));
  const kind = KINDS.find(([, mark]) => text.startsWith(mark))?.[0] ?? (TEXT.test(text) ? "text" : null);
  return `it is no Parquet file${kind === null ? "" : ` but ${kind}`}; upload it as Parquet`;
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
