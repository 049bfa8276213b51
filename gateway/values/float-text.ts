/**
 * A `double precision` as Postgres writes it: the shortest digits that are nearer to it than to any other; with
 * `extraFloatDigits` below 1 rounded to 15 digits and as many more (fewer, where negative).
 */
export function floatText(value: number, extraFloatDigits: number): string {
  const special = specialText(value);
  if (special !== null) return special;
  if (extraFloatDigits < 1) return rounded(value, Math.max(15 + extraFloatDigits, 1));
  const size = Math.abs(value);
  // JavaScript writes these the same, and faster.
  if (size >= 1e-4 && size < 1e15) return String(value);
  let text = value.toExponential();
  // JavaScript may take the number half way to the next, Postgres does not. There is none below 2^53 or above 1e41.
  if (size > 2 ** 53 && size < 1e41 && isHalfWay(size, text)) {
    let digits = text.indexOf("e") - (value < 0 ? 1 : 0);
    do {
      text = roundedToEven(value, digits++);
    } while (Number(text) !== value || isHalfWay(size, text));
  }
  return shaped(text, 15);
}

/** Whether a text of digits stands in the middle between a whole number above 2^53 and a neighbour of it. */
function isHalfWay(size: number, exponential: string): boolean {
  const [mantissa = "", exponent = ""] = exponential.replace("-", "").split("e");
  const digits = mantissa.replace(".", "");
  const power = Number(exponent) - digits.length + 1;
  if (power < 0) return false;
  const distance = BigInt(digits) * 10n ** BigInt(power) - BigInt(size);
  const toNext = BigInt(neighbour(size, 1)) - BigInt(size);
  const toPrevious = BigInt(size) - BigInt(neighbour(size, -1));
  return distance * 2n === toNext || distance * -2n === toPrevious;
}

const bits = new BigInt64Array(1);
const bitsAsDouble = new Float64Array(bits.buffer);

function neighbour(size: number, step: 1 | -1): number {
  bitsAsDouble[0] = size;
  bits[0] = (bits[0] as bigint) + BigInt(step);
  return bitsAsDouble[0] as number;
}

/** A `real` as Postgres writes it. `value` is exactly one. */
export function realText(value: number, extraFloatDigits: number): string {
  const special = specialText(value);
  if (special !== null) return special;
  if (extraFloatDigits < 1) return rounded(value, Math.max(6 + extraFloatDigits, 1));
  const size = Math.abs(value);
  const [previous, next] = realNeighbours(size);
  const isNearest = (read: number) => read > (previous + size) / 2 && read < (size + next) / 2;
  if (size >= 1e-4 && size < 1e6)
    return String(value < 0 ? -plainReal(size, isNearest) : plainReal(size, isNearest));
  const isNormal = size >= 2 ** -126;
  // Whatever has six digits or fewer is what six of its digits say.
  const six = Number(size.toPrecision(6));
  if (isNormal && isNearest(six)) return shaped((value < 0 ? -six : six).toExponential(), 6);
  // Nine digits are always enough.
  for (let digits = isNormal ? 7 : 1; digits < 9; digits++) {
    if (isNearest(Number(size.toExponential(digits - 1)))) return shaped(roundedToEven(value, digits), 6);
    // Below a power of two reals are closer together than above: the text above may be nearest where that below is not.
    const above = oneMore(size.toExponential(digits - 1));
    if (isNearest(above)) return shaped((value < 0 ? -above : above).toExponential(digits - 1), 6);
  }
  return shaped(roundedToEven(value, 9), 6);
}

/** The double whose text is that of a real from 0.0001 up to a million: its products with powers of ten are exact. */
function plainReal(size: number, isNearest: (read: number) => boolean): number {
  let power = 1e9;
  // Six digits.
  while (size * power >= 1e6) power /= 10;
  for (let digits = 6; digits < 9; digits++) {
    const whole = halfToEven(size * power);
    if (isNearest(whole / power)) return whole / power;
    if (isNearest((whole + 1) / power)) return (whole + 1) / power;
    power *= 10;
  }
  return halfToEven(size * power) / power;
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** `1.25e+2` with one more in its last digit. */
function oneMore(exponential: string): number {
  const [mantissa = "", exponent] = exponential.split("e");
  const decimals = Math.max(mantissa.length - 2, 0);
  return Number(`${Number(mantissa.replace(".", "")) + 1}e${Number(exponent) - decimals}`);
}

const realBits = new Int32Array(1);
const bitsAsReal = new Float32Array(realBits.buffer);

/** The reals before and after a positive one. */
function realNeighbours(size: number): [number, number] {
  bitsAsReal[0] = size;
  const own = realBits[0] as number;
  realBits[0] = own - 1;
  const previous = bitsAsReal[0] as number;
  realBits[0] = own + 1;
  const next = bitsAsReal[0] as number;
  return [previous, Number.isFinite(next) ? next : 2 ** 128];
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

/** `toExponential` rounds exact halves up, C and Postgres round them to even. */
function roundedToEven(value: number, digits: number): string {
  const text = value.toExponential(digits - 1);
  if (!/[\d.]5e/.test(value.toExponential(digits))) return text;
  // What is left of a double behind these digits is zero, or is seen in the next sixty.
  const [mantissa = "", exponent] = value.toExponential(60).split("e");
  const kept = mantissa.slice(0, mantissa.indexOf(".") + digits).replace(/\.$/, "");
  const isHalf = /^\.?50*$/.test(mantissa.slice(kept.length));
  return isHalf && /[02468]$/.test(kept) ? `${kept}e${exponent}` : text;
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
