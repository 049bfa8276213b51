const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** 12,345 */
export function exact(value: number): string {
  return whole.format(value);
}

/** 12.3K; up to four digits as they are. */
export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : short.format(value);
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** 14.2 MB, in powers of a thousand, as the CLI prints them. */
export function bytes(value: number): string {
  let amount = value;
  let unit = 0;
  while (Math.abs(amount) >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 99.95 ? 0 : 1;
  return `${amount.toFixed(digits)} ${UNITS[unit]}`;
}

/** "1 file", "3,000 files" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${exact(value)} ${value === 1 ? one : many}`;
}
