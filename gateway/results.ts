import type { ClientChannel } from "./client-channel.ts";
import type { LakeCursor } from "./cursor.ts";
import type { SessionSettings } from "./session-settings.ts";
import type { CopyOptions } from "./statements.ts";
import {
  ByteSink,
  type ColumnEncoder,
  columnEncoder,
  writeCopyHeader,
  writeCopyLines,
  writeDataRows,
} from "./values/encoder.ts";
import type { FieldDescription } from "./wire/messages.ts";

/** Encoders for these columns, each in the format that its description says. */
export function encodersOf(fields: readonly FieldDescription[], settings: SessionSettings): ColumnEncoder[] {
  return fields.map(({ typeOid, typmod, format }) =>
    columnEncoder(typeOid, typmod, format === 1 ? 1 : 0, settings),
  );
}

/**
 * Sends rows to the client, at its pace.
 * @returns how many were sent, and whether that was the last of them.
 */
export async function sendRows(
  client: ClientChannel,
  cursor: LakeCursor,
  encoders: readonly ColumnEncoder[],
  most: number,
): Promise<{ rows: number; ended: boolean }> {
  const sink = new ByteSink();
  let rows = 0;
  while (rows < most) {
    const next = await cursor.next(most - rows);
    if (!next) return { rows, ended: true };
    writeDataRows(next.chunk, next.from, next.to, encoders, sink);
    await client.writeAtItsPace(sink.take());
    rows += next.to - next.from;
  }
  return { rows, ended: false };
}

/** Reads on without sending. */
export async function skipRows(cursor: LakeCursor, most: number): Promise<number> {
  let rows = 0;
  while (rows < most) {
    const next = await cursor.next(most - rows);
    if (!next) break;
    rows += next.to - next.from;
  }
  return rows;
}

/** Sends the data of COPY ... TO STDOUT. @returns how many rows. */
export async function sendCopy(
  client: ClientChannel,
  cursor: LakeCursor,
  names: readonly string[],
  encoders: readonly ColumnEncoder[],
  options: CopyOptions,
): Promise<number> {
  const sink = new ByteSink();
  const forced = options.forceQuote;
  const layout = {
    ...options,
    forceQuote: names.map((name) => forced === "*" || forced.includes(name)),
  };
  if (options.header) writeCopyHeader(names, layout, sink);
  let rows = 0;
  for (;;) {
    const next = await cursor.next(Number.POSITIVE_INFINITY);
    if (!next) break;
    writeCopyLines(next.chunk, next.from, next.to, encoders, layout, sink);
    await client.writeAtItsPace(sink.take());
    rows += next.to - next.from;
  }
  await client.writeAtItsPace(sink.take());
  return rows;
}
