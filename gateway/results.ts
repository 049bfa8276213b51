import type { ClientChannel } from "./client-channel.ts";
import type { RowSource, Rows } from "./cursor.ts";
import { LARGEST_KEPT } from "./kept-results.ts";
import type { SessionSettings } from "./session-settings.ts";
import type { CopyOptions } from "./statements.ts";
import {
  ByteSink,
  type ColumnEncoder,
  columnEncoder,
  writeCopyBinaryTrailer,
  writeCopyHeader,
  writeCopyLines,
  writeCopyTuples,
  writeDataRows,
} from "./values/encoder.ts";
import type { FieldDescription } from "./wire/messages.ts";

/** Encoders for these columns, each in the format that its description says. */
export function encodersOf(fields: readonly FieldDescription[], settings: SessionSettings): ColumnEncoder[] {
  return fields.map(({ typeOid, typmod, format }) =>
    columnEncoder(typeOid, typmod, format === 1 ? 1 : 0, settings),
  );
}

/** What a client was sent. */
export interface Sent {
  rows: number;
  /** Whether these were the last. */
  ended: boolean;
  /** All of it, for whoever wants to keep it, where it is small and no portion was asked for. */
  bytes: Buffer | null;
}

/** Sends rows to the client, at its pace. */
export async function sendRows(
  client: ClientChannel,
  cursor: RowSource,
  encoders: readonly ColumnEncoder[],
  most: number,
): Promise<Sent> {
  const sink = new ByteSink();
  let rows = 0;
  let bytes: Buffer | null = Number.isFinite(most) ? null : Buffer.alloc(0);
  while (rows < most) {
    const next = await cursor.next(most - rows);
    if (!next) return { rows, ended: true, bytes };
    writeDataRows(next.chunk, next.from, next.to, encoders, sink);
    const written = sink.take();
    if (bytes) bytes = bytes.length + written.length <= LARGEST_KEPT ? Buffer.concat([bytes, written]) : null;
    await client.writeAtItsPace(written);
    rows += next.to - next.from;
  }
  return { rows, ended: false, bytes };
}

/** Reads on without sending. */
export async function skipRows(cursor: RowSource, most: number): Promise<number> {
  let rows = 0;
  while (rows < most) {
    const next = await cursor.next(most - rows);
    if (!next) break;
    rows += next.to - next.from;
  }
  return rows;
}

/** Sends the data of COPY ... TO STDOUT; the encoders are of the format that it asks for. @returns how many rows. */
export async function sendCopy(
  client: ClientChannel,
  cursor: RowSource,
  names: readonly string[],
  encoders: readonly ColumnEncoder[],
  options: CopyOptions,
): Promise<number> {
  const writer =
    options.format === "binary" ? binaryCopy(encoders) : textCopy(names, encoders, options.format, options);
  const sink = new ByteSink();
  writer.begin(sink);
  let rows = 0;
  for (let next = await cursor.next(ALL); next; next = await cursor.next(ALL)) {
    writer.rows(next, sink);
    await client.writeAtItsPace(sink.take());
    rows += next.to - next.from;
  }
  writer.end(sink);
  await client.writeAtItsPace(sink.take());
  return rows;
}

const ALL = Number.POSITIVE_INFINITY;

interface CopyWriter {
  begin(sink: ByteSink): void;
  rows(rows: Rows, sink: ByteSink): void;
  end(sink: ByteSink): void;
}

function textCopy(
  names: readonly string[],
  encoders: readonly ColumnEncoder[],
  format: "text" | "csv",
  options: CopyOptions,
): CopyWriter {
  const forced = options.forceQuote;
  const forceQuote = names.map((name) => forced === "*" || forced.includes(name));
  const layout = { ...options, format, forceQuote };
  return {
    begin: (sink) => options.header && writeCopyHeader(names, layout, sink),
    rows: ({ chunk, from, to }, sink) => writeCopyLines(chunk, from, to, encoders, layout, sink),
    end: () => {},
  };
}

function binaryCopy(encoders: readonly ColumnEncoder[]): CopyWriter {
  let begins = true;
  return {
    begin: () => {},
    rows: ({ chunk, from, to }, sink) => {
      writeCopyTuples(chunk, from, to, encoders, begins, sink);
      begins = false;
    },
    end: (sink) => writeCopyBinaryTrailer(begins, sink),
  };
}
