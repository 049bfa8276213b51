/** Sizes and durations as configs write them: `500MB`, `10s`, `2d`. */

const BYTES: Record<string, number> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

/** Whole bytes; null when the text is no size or less than one byte. */
export function parseSize(text: string): number | null {
  return parseQuantity(text, BYTES);
}

/** Whole milliseconds; null when the text is no duration or less than one millisecond. */
export function parseDuration(text: string): number | null {
  return parseQuantity(text, MILLISECONDS);
}

/** Whole days, at least one; null when the text is no duration or not of whole days. */
export function parseDays(text: string): number | null {
  const milliseconds = parseDuration(text);
  const days = (milliseconds ?? 0) / (MILLISECONDS.d as number);
  return days >= 1 && Number.isInteger(days) ? days : null;
}

/** A duration as configs write it, in the largest unit of which it is a whole number: `30d`, `90s`. */
export function formatDuration(milliseconds: number): string {
  const [unit = "ms", size = 1] =
    Object.entries(MILLISECONDS).findLast(([, size]) => milliseconds % size === 0) ?? [];
  return `${milliseconds / size}${unit}`;
}

function parseQuantity(text: string, units: Record<string, number>): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const factor = match && units[(match[2] as string).toLowerCase()];
  if (!match || !factor) return null;
  const amount = Math.round(Number(match[1]) * factor);
  return amount >= 1 && Number.isSafeInteger(amount) ? amount : null;
}
