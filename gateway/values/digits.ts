/** Whole numbers as decimal digits, straight into a buffer. Each function gives the offset behind what it wrote. */

const pairs = new Uint8Array(200);
for (let value = 0; value < 100; value++) {
  pairs[value * 2] = 48 + Math.floor(value / 10);
  pairs[value * 2 + 1] = 48 + (value % 10);
}

const minus = 45;
const billion = 1_000_000_000;

/** `value`: from 0 up to, not including, 2^31. */
export function putSmall(buffer: Buffer, offset: number, value: number): number {
  return putPadded(buffer, offset, value, digitCount(value));
}

/** `value`: whole, not negative, safe. */
export function putWhole(buffer: Buffer, offset: number, value: number): number {
  if (value < billion) return putSmall(buffer, offset, value);
  const high = Math.floor(value / billion);
  const end = putSmall(buffer, offset, high);
  return putPadded(buffer, end, value - high * billion, 9);
}

/** `value`: whole, safe. */
export function putInteger(buffer: Buffer, offset: number, value: number): number {
  if (value >= 0) return putWhole(buffer, offset, value);
  buffer[offset] = minus;
  return putWhole(buffer, offset + 1, -value);
}

export function putBigInt(buffer: Buffer, offset: number, value: bigint): number {
  return offset + buffer.write(value.toString(), offset, "latin1");
}

/** Exactly `count` digits of a value from 0 up to, not including, 2^31. */
export function putPadded(buffer: Buffer, offset: number, value: number, count: number): number {
  let rest = value | 0;
  let place = offset + count;
  while (place > offset + 1) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) * 2;
    buffer[--place] = pairs[pair + 1] as number;
    buffer[--place] = pairs[pair] as number;
    rest = quotient;
  }
  if (place > offset) buffer[offset] = 48 + (rest % 10);
  return offset + count;
}

export function putTwo(buffer: Buffer, offset: number, value: number): number {
  buffer[offset] = pairs[value * 2] as number;
  buffer[offset + 1] = pairs[value * 2 + 1] as number;
  return offset + 2;
}

function digitCount(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    if (value < 1_000) return 3;
    return value < 10_000 ? 4 : 5;
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  if (value < billion) return value < 100_000_000 ? 8 : 9;
  return 10;
}
