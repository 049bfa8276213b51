import { PgError } from "../pg-error.ts";

/** An exact number: `value` divided by 10^scale. */
export interface ExactNumber {
  value: bigint;
  scale: number;
}

const leastSignificantDigits = 16;
const greatestScale = 1_000;

/**
 * The quotient as Postgres's `numeric` division has it: 16 significant digits at least, counted in groups of four, no
 * fewer decimals than either side, rounded half away from zero. @throws PgError 22012
 */
export function quotient(dividend: ExactNumber, divisor: ExactNumber): ExactNumber {
  if (divisor.value === 0n) throw new PgError("22012", "division by zero");
  const scale = quotientScale(dividend, divisor);
  const power = scale - dividend.scale + divisor.scale;
  const numerator = magnitude(dividend.value) * 10n ** BigInt(power);
  const denominator = magnitude(divisor.value);
  const rounded = (numerator * 2n + denominator) / (denominator * 2n);
  const isNegative = dividend.value < 0n !== divisor.value < 0n;
  return { value: isNegative ? -rounded : rounded, scale };
}

/** Postgres's select_div_scale. */
function quotientScale(dividend: ExactNumber, divisor: ExactNumber): number {
  const left = leadingGroup(dividend);
  const right = leadingGroup(divisor);
  const weight = left.weight - right.weight - (left.digit <= right.digit ? 1 : 0);
  const scale = Math.max(leastSignificantDigits - weight * 4, dividend.scale, divisor.scale, 0);
  return Math.min(scale, greatestScale);
}

/** The first base-10000 digit that is not zero, and the power of 10000 that it counts. */
function leadingGroup({ value, scale }: ExactNumber): { weight: number; digit: number } {
  if (value === 0n) return { weight: 0, digit: 0 };
  const digits = magnitude(value).toString();
  const exponent = digits.length - 1 - scale;
  const weight = Math.floor(exponent / 4);
  const count = exponent - weight * 4 + 1;
  return { weight, digit: Number(digits.slice(0, count).padEnd(count, "0")) };
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
