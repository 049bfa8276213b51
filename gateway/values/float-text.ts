/**
 * A `double precision` as Postgres writes it: the shortest digits that read back as the same number; with
 * `extraFloatDigits` below 1 rounded to 15 digits and as many more (fewer, where negative).
 */
export function floatText(value: number, extraFloatDigits: number): string {
  const special = specialText(value);
  if (special !== null) return special;
  if (extraFloatDigits < 1) return rounded(value, Math.max(15 + extraFloatDigits, 1));
  const size = Math.abs(value);
  // JavaScript writes these the same, and faster.
  return size >= 1e-4 && size < 1e15 ? String(value) : shaped(value.toExponential(), 15);
}

/** A `real` as Postgres writes it. `value` is exactly one. */
export function realText(value: number, extraFloatDigits: number): string {
  const special = specialText(value);
  if (special !== null) return special;
  if (extraFloatDigits < 1) return rounded(value, Math.max(6 + extraFloatDigits, 1));
  let decimals = 0;
  // Nine digits are always enough.
  while (decimals < 8 && Math.fround(Number(value.toExponential(decimals))) !== value) decimals++;
  return shaped(value.toExponential(decimals), 6);
}

function specialText(value: number): string | null {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (Number.isFinite(value)) return null;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** C's `%.*g`. */
function rounded(value: number, precision: number): string {
  return shaped(roundedToEven(value, precision), precision);
}

/** `toExponential` rounds exact halves up, C rounds them to even. */
function roundedToEven(value: number, precision: number): string {
  const text = value.toExponential(precision - 1);
  const longer = Math.abs(value).toExponential(60);
  const digits = longer.slice(0, longer.indexOf("e")).replace(".", "");
  const isHalf = /^50*$/.test(digits.slice(precision));
  if (!isHalf || Number(digits[precision - 1]) % 2 === 1) return text;
  const kept = digits.slice(0, precision);
  const mantissa = precision === 1 ? kept : `${kept[0]}.${kept.slice(1)}`;
  return `${value < 0 ? "-" : ""}${mantissa}${longer.slice(longer.indexOf("e"))}`;
}

/** `1.25e+2` in plain digits, or with an exponent of two digits where it is below -4 or from `limit` on. */
function shaped(exponential: string, limit: number): string {
  const [mantissa = "", exponentText = ""] = exponential.split("e");
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace("-", "").replace(".", "").replace(/0+$/, "");
  if (exponent < -4 || exponent >= limit) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${sign}${digits.padEnd(exponent + 1, "0")}`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
