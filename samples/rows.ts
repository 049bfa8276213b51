/** How an entity looks at a moment, in the columns that Airbyte's connector writes: nested values as JSON text. */
export type Row = Record<string, string | number | boolean | null>;

/** 1999 → 19.99, the nearest double. */
export function money(amount: number): number {
  return amount / 100;
}

/** 1999 → "19.99". */
export function cents(amount: number): string {
  const digits = String(Math.abs(amount)).padStart(3, "0");
  return `${amount < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function iso(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
