import { unsupported } from "../pg-error.ts";

/** A `numeric` as Postgres keeps and sends it: base-10000 digits, the first worth 10000^weight. */
export interface PgNumeric {
  negative: boolean;
  weight: number;
  digits: number[];
  /** Decimals shown. */
  scale: number;
}

/** Its text, as `numeric_out` gives it. */
export function numericText(value: PgNumeric): string {
  const { digits, weight, scale } = value;
  const group = (place: number) => String((place < 0 ? 0 : digits[place]) ?? 0).padStart(4, "0");
  let whole = "";
  for (let place = 0; place <= weight; place++) whole += group(place);
  let decimals = "";
  for (let place = weight + 1; decimals.length < scale; place++) decimals += group(place);
  const sign = value.negative && digits.length > 0 ? "-" : "";
  const text = sign + (whole.replace(/^0+/, "") || "0");
  return scale > 0 ? `${text}.${decimals.slice(0, scale)}` : text;
}

/** `text`: without an exponent. */
export function numericFromText(text: string): PgNumeric {
  const [, sign, whole = "", decimals = ""] = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  const front = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
  const behind = decimals.padEnd(Math.ceil(decimals.length / 4) * 4, "0");
  const digits = (front + behind).match(/.{4}/g)?.map(Number) ?? [];
  let weight = front.length / 4 - 1;
  while (digits[0] === 0) {
    digits.shift();
    weight -= 1;
  }
  while (digits.at(-1) === 0) digits.pop();
  const isZero = digits.length === 0;
  return { negative: sign === "-" && !isZero, weight: isZero ? 0 : weight, digits, scale: decimals.length };
}

/** A number in text, with or without an exponent, as `numeric` shows it; null where it is no plain number. */
export function plainDecimal(text: string): string | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,6}))?$/i.exec(text);
  const [, sign = "", whole = "", fraction = "", exponentText = "0"] = match ?? [];
  if (match === null || whole + fraction === "") return null;
  const exponent = Number(exponentText);
  const scale = Math.max(0, fraction.length - exponent);
  const digits = `${whole}${fraction}${"0".repeat(Math.max(0, exponent - fraction.length))}`;
  const padded = digits.replace(/^0+/, "").padStart(scale + 1, "0");
  const isZero = /^0*$/.test(padded);
  const point = padded.length - scale;
  const unsigned = scale > 0 ? `${padded.slice(0, point)}.${padded.slice(point)}` : padded;
  return sign === "-" && !isZero ? `-${unsigned}` : unsigned;
}

/** The DECIMAL that holds a number written without an exponent. @throws PgError 0A000 beyond 38 digits. */
export function decimalType(text: string): string {
  const [, whole = "", decimals = ""] = /^-?0*(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  // With a place in front of the point, which DuckDB's text of the number would not have otherwise.
  const width = Math.max(whole.length, decimals.length < 38 ? 1 : 0) + decimals.length;
  if (width > 38) throw unsupported("a number with more than 38 digits");
  return `DECIMAL(${width},${decimals.length})`;
}
