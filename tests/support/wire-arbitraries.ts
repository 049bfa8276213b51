import fc from "fast-check";

/** Values for Postgres: text, or in binary a Buffer. */
export type Sent = string | Buffer;

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

function int64Buffer(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function int32Buffer(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function between(least: bigint, greatest: bigint): fc.Arbitrary<bigint> {
  const small = fc.bigInt({ min: -1_000_000n, max: 1_000_000n });
  const any = fc.bigInt({ min: least, max: greatest });
  const edges = fc.constantFrom(least, greatest, 0n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, -(2n ** 53n) - 1n);
  const within = (value: bigint) => value >= least && value <= greatest;
  return fc.oneof(small, any, edges).filter(within);
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 14 }),
  fc.string({ minLength: 10, maxLength: 15 }),
  fc.string({ minLength: 500, maxLength: 3_000 }),
  fc.constantFrom("", "NULL", "null", "\\", '"', "a b", "{", ",", "\t", "\\N", "'", "\\.", "ä", "🙂"),
);

const withoutNul = text.map((value) => value.replaceAll("\0", ""));

const perDay = 86_400_000_000n;
const infinities = [-(2n ** 63n), 2n ** 63n - 1n];
// What both hold: Postgres begins in 4714 BC, DuckDB ends in 294247.
const timestamps = fc.oneof(
  fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
  fc.bigInt({ min: -2_451_545n * perDay, max: 106_741_000n * perDay }),
  fc.integer({ min: -800_000, max: 800_000 }).map((days) => BigInt(days) * perDay),
  fc.constantFrom(...infinities),
);

const days = fc.oneof(
  fc.integer({ min: -40_000, max: 40_000 }),
  fc.integer({ min: -2_451_545, max: 2_145_031_948 }),
  fc.constantFrom(-(2 ** 31), 2 ** 31 - 1),
);

const dayTime = fc.oneof(
  fc.bigInt({ min: 0n, max: perDay }),
  fc.integer({ min: 0, max: 86_399 }).map((seconds) => BigInt(seconds) * 1_000_000n),
);

const digits = fc
  .tuple(
    fc.boolean(),
    fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 38 }),
    fc.nat(38),
  )
  .map(([isNegative, all, point]) => {
    const at = Math.min(point, all.length);
    const decimals = all.slice(at);
    return `${isNegative ? "-" : ""}${all.slice(0, at) || "0"}${decimals ? `.${decimals}` : ""}`;
  });

export const numerics = fc.oneof(
  digits,
  fc.constantFrom("0", "0.00", "-0.001", "10000", "0.0001", "99999999.99", "10000000000000000"),
);

const double = fc.oneof(
  fc.double(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 100),
  fc.integer({ min: -1_074, max: 1_023 }).map((exponent) => 2 ** exponent),
  fc.integer({ min: -20, max: 25 }).map((exponent) => 10 ** exponent),
);

const real = fc.oneof(
  fc.float(),
  fc.integer({ min: -100_000, max: 100_000 }).map((value) => Math.fround(value / 100)),
  fc.integer({ min: -149, max: 127 }).map((exponent) => 2 ** exponent),
);

const json = fc.oneof(
  fc.json(),
  fc.constantFrom(
    '{"b":1,"aa":[1.50,1e2,-0,0.0,1E-3],"b":{"x":null}}',
    ' [ true , false,"\\u00e4\\n\\/" ] ',
    '"a\\u0001\\u007f"',
    "{}",
    "[]",
    "12.340",
    '{"":{"":[]},"ä":"🙂","zz":1}',
  ),
);
const noNulEscape = json.filter((value) => !value.includes("\\u0000") && !/\\ud[89a-f]/i.test(value));

export interface WireType {
  type: string;
  oid: number;
  values: fc.Arbitrary<Sent>;
  /** Values that an array can be of, where those are other ones. */
  elements?: fc.Arbitrary<Sent>;
}

/** Each type that the gateway sends, and values of it. */
export const wireTypes: readonly WireType[] = [
  { type: "boolean", oid: 16, values: fc.constantFrom("t", "f") },
  { type: "bytea", oid: 17, values: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  { type: '"char"', oid: 18, values: fc.constantFrom("a", "", "Z", "'", " ") },
  { type: "name", oid: 19, values: fc.stringMatching(/^[a-z_A-Z "']{0,63}$/) },
  { type: "bigint", oid: 20, values: between(-(2n ** 63n), 2n ** 63n - 1n).map(String) },
  { type: "smallint", oid: 21, values: between(-32_768n, 32_767n).map(String) },
  { type: "integer", oid: 23, values: between(-(2n ** 31n), 2n ** 31n - 1n).map(String) },
  { type: "text", oid: 25, values: withoutNul },
  { type: "oid", oid: 26, values: between(0n, 2n ** 32n - 1n).map(String) },
  { type: "json", oid: 114, values: noNulEscape },
  {
    type: "real",
    oid: 700,
    values: real.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatBE(value);
      return bytes;
    }),
  },
  {
    type: "double precision",
    oid: 701,
    values: double.map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value);
      return bytes;
    }),
  },
  { type: "varchar", oid: 1043, values: withoutNul },
  { type: "date", oid: 1082, values: days.map(int32Buffer) },
  { type: "time", oid: 1083, values: dayTime.map(int64Buffer) },
  { type: "timestamp", oid: 1114, values: timestamps.map(int64Buffer) },
  { type: "timestamptz", oid: 1184, values: timestamps.map(int64Buffer) },
  {
    type: "interval",
    oid: 1186,
    values: fc
      .tuple(
        fc.oneof(
          between(-(2n ** 63n) + 1n, 2n ** 63n - 1n),
          fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
        ),
        fc.oneof(int32, fc.integer({ min: -40, max: 40 })),
        fc.oneof(int32, fc.integer({ min: -40, max: 40 })),
      )
      .map(([micros, intervalDays, months]) =>
        Buffer.concat([int64Buffer(micros), int32Buffer(intervalDays), int32Buffer(months)]),
      ),
  },
  {
    type: "timetz",
    oid: 1266,
    values: fc
      .tuple(
        dayTime,
        fc.oneof(
          fc.integer({ min: -57_540, max: 57_540 }),
          fc.integer({ min: -15, max: 15 }).map((hours) => hours * 3_600),
        ),
      )
      .map(([micros, zone]) => Buffer.concat([int64Buffer(micros), int32Buffer(zone)])),
  },
  {
    type: "numeric",
    oid: 1700,
    values: numerics,
    // A DuckDB list has one scale.
    elements: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map((value) => `${value}.25`),
  },
  { type: "uuid", oid: 2950, values: fc.uuid() },
  { type: "jsonb", oid: 3802, values: noNulEscape },
];
