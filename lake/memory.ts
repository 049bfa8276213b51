import { z } from "zod";
import type { Session } from "./session.ts";

const limitRow = z.object({ text: z.string() });

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** How much memory DuckDB may use, bytes. */
export async function memoryLimit(session: Session): Promise<number> {
  const { text } = await session.queryOne(limitRow, "SELECT current_setting('memory_limit') AS text");
  return bytesOf(text);
}

/** Reads an amount as DuckDB writes it: `953.6 MiB`. */
export function bytesOf(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+) (\w+)$/.exec(text) ?? [];
  const power = UNITS.indexOf(unit);
  if (power < 0) throw new Error(`not an amount of memory: ${text}`);
  return Number(amount) * 1024 ** power;
}

/** An amount of bytes for people: `953.6 MiB`. */
export function amountOf(bytes: number): string {
  let power = 0;
  while (bytes >= 1024 ** (power + 1) && power < UNITS.length - 1) power += 1;
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}
