/** A type of Postgres's whose values the gateway can read and send. */
export interface ScalarType {
  oid: number;
  /** As `format_type` says it. */
  name: string;
  /** The DuckDB type that stands for it; of `numeric` without precision, a family: see delivery.ts. */
  duckdb: string;
  /** OID of the array of it; null where there is none to be sent. */
  array: number | null;
  /** In memory: bytes, -1 with a length word in front, -2 ended by a NUL. */
  length: number;
  /** In memory: where it may begin. */
  alignment: 1 | 2 | 4 | 8;
}

export const oids = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  unknown: 705,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  numeric: 1700,
  uuid: 2950,
  regtype: 2206,
  record: 2249,
  jsonb: 3802,
} as const;

const scalars: readonly ScalarType[] = [
  { oid: oids.bool, name: "boolean", duckdb: "BOOLEAN", array: 1000, length: 1, alignment: 1 },
  { oid: oids.bytea, name: "bytea", duckdb: "BLOB", array: 1001, length: -1, alignment: 4 },
  { oid: oids.char, name: '"char"', duckdb: "VARCHAR", array: 1002, length: 1, alignment: 1 },
  { oid: oids.name, name: "name", duckdb: "VARCHAR", array: 1003, length: 64, alignment: 1 },
  { oid: oids.int8, name: "bigint", duckdb: "BIGINT", array: 1016, length: 8, alignment: 8 },
  { oid: oids.int2, name: "smallint", duckdb: "SMALLINT", array: 1005, length: 2, alignment: 2 },
  { oid: oids.int4, name: "integer", duckdb: "INTEGER", array: 1007, length: 4, alignment: 4 },
  { oid: oids.text, name: "text", duckdb: "VARCHAR", array: 1009, length: -1, alignment: 4 },
  { oid: oids.oid, name: "oid", duckdb: "BIGINT", array: 1028, length: 4, alignment: 4 },
  { oid: oids.json, name: "json", duckdb: "JSON", array: 199, length: -1, alignment: 4 },
  { oid: oids.float4, name: "real", duckdb: "FLOAT", array: 1021, length: 4, alignment: 4 },
  { oid: oids.float8, name: "double precision", duckdb: "DOUBLE", array: 1022, length: 8, alignment: 8 },
  { oid: oids.unknown, name: "unknown", duckdb: "VARCHAR", array: null, length: -2, alignment: 1 },
  { oid: oids.bpchar, name: "character", duckdb: "VARCHAR", array: 1014, length: -1, alignment: 4 },
  { oid: oids.varchar, name: "character varying", duckdb: "VARCHAR", array: 1015, length: -1, alignment: 4 },
  { oid: oids.date, name: "date", duckdb: "DATE", array: 1182, length: 4, alignment: 4 },
  { oid: oids.time, name: "time without time zone", duckdb: "TIME", array: 1183, length: 8, alignment: 8 },
  {
    oid: oids.timestamp,
    name: "timestamp without time zone",
    duckdb: "TIMESTAMP",
    array: 1115,
    length: 8,
    alignment: 8,
  },
  {
    oid: oids.timestamptz,
    name: "timestamp with time zone",
    duckdb: "TIMESTAMP WITH TIME ZONE",
    array: 1185,
    length: 8,
    alignment: 8,
  },
  { oid: oids.interval, name: "interval", duckdb: "INTERVAL", array: 1187, length: 16, alignment: 8 },
  {
    oid: oids.timetz,
    name: "time with time zone",
    duckdb: "TIME WITH TIME ZONE",
    array: 1270,
    length: 12,
    alignment: 8,
  },
  { oid: oids.numeric, name: "numeric", duckdb: "DECIMAL", array: 1231, length: -1, alignment: 4 },
  { oid: oids.uuid, name: "uuid", duckdb: "UUID", array: 2951, length: 16, alignment: 1 },
  { oid: oids.regtype, name: "regtype", duckdb: "BIGINT", array: 2211, length: 4, alignment: 4 },
  { oid: oids.jsonb, name: "jsonb", duckdb: "JSON", array: 3807, length: -1, alignment: 4 },
];

const scalarByOid = new Map(scalars.map((type) => [type.oid, type]));
const elementByArrayOid = new Map(
  scalars.flatMap((type) => (type.array === null ? [] : [[type.array, type] as const])),
);

/** The type with this OID, if it is one that the gateway knows and not an array. */
export function scalarType(typeOid: number): ScalarType | null {
  return scalarByOid.get(typeOid) ?? null;
}

/** The type of the elements, if the OID is that of an array that the gateway knows. */
export function elementType(typeOid: number): ScalarType | null {
  return elementByArrayOid.get(typeOid) ?? null;
}

/** For messages: Postgres's name where the type is known, its OID otherwise. */
export function typeName(typeOid: number): string {
  const element = elementType(typeOid);
  if (element) return `${element.name}[]`;
  return scalarType(typeOid)?.name ?? `type with OID ${typeOid}`;
}

/** Precision and scale of a `numeric` type modifier; null for none. */
export function numericModifier(typmod: number): { precision: number; scale: number } | null {
  if (typmod < 4) return null;
  const packed = typmod - 4;
  // Eleven bits, signed.
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return { precision: (packed >> 16) & 0xffff, scale };
}
