import { PgError } from "../pg-error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws PgError 22021 for what is not UTF-8, or has a NUL. */
export function utf8(bytes: Buffer): string {
  try {
    const text = decoder.decode(bytes);
    if (!text.includes("\0")) return text;
  } catch (cause) {
    throw new PgError("22021", 'invalid byte sequence for encoding "UTF8"', { cause });
  }
  throw new PgError("22021", 'invalid byte sequence for encoding "UTF8": 0x00');
}
