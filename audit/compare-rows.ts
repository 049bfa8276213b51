import { z } from "zod";
import { findColumn } from "../assets/columns.ts";
import type { Column } from "../assets/definitions.ts";
import { isLater } from "../assets/version-columns.ts";
import { identifier, literal } from "../lake/sql.ts";
import { type Fault, onlyFound } from "./check.ts";
import type { Look } from "./look.ts";

/** A table's rows, and those that it should have. */
export interface Comparison {
  /** The stored rows: a FROM item. */
  stored: string;
  /** What the table's columns are, by the catalog. */
  present: readonly Column[];
  /** The rows that should be there: a FROM item. With ties, several to a key: any of them will do. */
  expected: string;
  /** Their columns: what is compared. */
  columns: readonly Column[];
  /** What identifies a row; empty: rows are counted, equal ones together. */
  key: readonly string[];
  /** Whether DOUBLE and FLOAT may differ in their last digits. */
  tolerant: boolean;
  /**
   * Set where rows are no longer known that the table was made of: it may have more rows, and later ones by these
   * version columns.
   */
  contained: { versions: readonly Column[] } | null;
}

/** DOUBLE sums differ in the last digits with the order of their rows. Relative to the larger, and to 1 near zero. */
const TOLERANCE: Record<string, number> = { DOUBLE: 1e-9, FLOAT: 1e-5 };

const rowsRow = z.object({ rows: z.coerce.number() });

/**
 * Compares each row of a table with what it should be: keys by value, the other columns by one hash, DOUBLE and FLOAT
 * within a tolerance. Works on narrow temporary tables, `audit_stored` and `audit_expected`, which DuckDB spills.
 * @returns the faults, and how many rows were stored.
 */
export async function compareRows(
  look: Look,
  comparison: Comparison,
): Promise<{ rows: number; faults: Fault[] }> {
  const shape = shapeOf(comparison);
  await look.run(
    `CREATE OR REPLACE TEMP TABLE audit_stored AS ${narrowSql(shape, storedSql(comparison))}`,
    `CREATE OR REPLACE TEMP TABLE audit_expected AS ${narrowSql(shape, expectedSql(comparison))}`,
  );
  const faults = [
    await look.fault("row-repeated", shape.keyed ? repeatedSql(shape) : NONE),
    await look.fault("row-missing", unmatchedSql(shape, "audit_expected", "audit_stored")),
    await look.fault(
      "row-extra",
      comparison.contained ? NONE : unmatchedSql(shape, "audit_stored", "audit_expected"),
    ),
    await look.fault("row-differs", differingSql(shape, comparison)),
  ];
  for (const fault of faults) await describe(look, comparison, shape, fault);
  const { rows } = await look.one(rowsRow, "SELECT count(*) AS rows FROM audit_stored");
  return { rows, faults: onlyFound(faults) };
}

/** How rows are narrowed: key columns k0.., one hash of what must be the same, floats f0.., versions v0... */
interface Shape {
  keyed: boolean;
  keys: readonly string[];
  exact: readonly string[];
  floats: readonly { name: string; tolerance: number }[];
  versions: readonly Column[];
}

function shapeOf({ columns, present, key, tolerant, contained }: Comparison): Shape {
  const others = columns.filter((column) => !key.some((name) => findColumn([column], name)));
  const floats = others.flatMap((column) => {
    const tolerance = tolerant ? TOLERANCE[findColumn(present, column.name)?.type ?? column.type] : undefined;
    return tolerance === undefined ? [] : [{ name: column.name, tolerance }];
  });
  return {
    keyed: key.length > 0,
    keys: key,
    exact: others.map((column) => column.name).filter((name) => !floats.some((float) => float.name === name)),
    floats,
    versions: contained?.versions ?? [],
  };
}

/** The stored rows in the columns that are compared; one that the table lacks is NULL. */
function storedSql({ stored, present, columns }: Comparison): string {
  const list = columns.map(({ name, type }) => {
    const value = findColumn(present, name) ? identifier(name) : `NULL::${type}`;
    return `${value} AS ${identifier(name)}`;
  });
  return `SELECT ${list.join(", ")} FROM ${stored}`;
}

/** The expected rows in the table's types: equal values of two types need not have the same hash. */
function expectedSql({ expected, present, columns }: Comparison): string {
  const list = columns.map(({ name, type }) => {
    const wanted = findColumn(present, name)?.type ?? type;
    const value = wanted === type ? identifier(name) : `TRY_CAST(${identifier(name)} AS ${wanted})`;
    return `${value} AS ${identifier(name)}`;
  });
  return `SELECT ${list.join(", ")} FROM ${expected}`;
}

function narrowSql(shape: Shape, rows: string): string {
  const exact = exactSql(shape);
  const floats = shape.floats.map(({ name }, index) => `${identifier(name)}::DOUBLE AS f${index}`);
  const versions = shape.versions.map(({ name }, index) => `${identifier(name)} AS v${index}`);
  const rest = [`${exact} AS exact`, ...floats, ...versions];
  if (shape.keyed) {
    const keys = shape.keys.map((name, index) => `${identifier(name)} AS k${index}`);
    return `SELECT ${[...keys, ...rest].join(", ")} FROM (${rows})`;
  }
  // Equal rows are told apart by their number, in the order of their floats.
  const order = shape.floats.map((_, index) => `f${index}`).join(", ");
  return `SELECT exact AS k0, row_number() OVER (PARTITION BY exact ${order ? `ORDER BY ${order}` : ""}) AS k1, *
    FROM (SELECT ${rest.join(", ")} FROM (${rows}))`;
}

function exactSql(shape: Shape): string {
  return shape.exact.length === 0 ? "0::UBIGINT" : `hash(${shape.exact.map(identifier).join(", ")})`;
}

function keyPlaces(shape: Shape): string[] {
  return shape.keyed ? shape.keys.map((_, index) => `k${index}`) : ["k0", "k1"];
}

function sameKey(shape: Shape): string {
  return keyPlaces(shape)
    .map((place) => `s.${place} IS NOT DISTINCT FROM e.${place}`)
    .join(" AND ");
}

/** How a finding names a row: its key as JSON; without a key the hash of what must be the same. */
function nameSql(shape: Shape, alias: string): string {
  if (!shape.keyed) return `${alias}.k0::VARCHAR`;
  const fields = shape.keys.map((name, index) => `${identifier(name)} := ${alias}.k${index}`);
  return `to_json(struct_pack(${fields.join(", ")}))::VARCHAR`;
}

const NONE = "SELECT NULL AS name, NULL AS detail WHERE FALSE";

function repeatedSql(shape: Shape): string {
  const places = keyPlaces(shape).join(", ");
  return `SELECT ${nameSql(shape, "s")} AS name, s.copies || ' rows' AS detail
    FROM (SELECT ${places}, count(*) AS copies FROM audit_stored GROUP BY ${places} HAVING count(*) > 1) AS s`;
}

function unmatchedSql(shape: Shape, having: string, lacking: string): string {
  const [all, others] = having === "audit_stored" ? ["s", "e"] : ["e", "s"];
  return `SELECT DISTINCT ${nameSql(shape, all)} AS name, NULL AS detail FROM ${having} AS ${all}
    ANTI JOIN ${lacking} AS ${others} ON ${sameKey(shape)}`;
}

/**
 * Stored rows whose key is expected, and that are none of the rows expected for it. Of several rows to a key another
 * fault tells. Joined by key alone and judged then: with the tolerance among its conditions DuckDB's join would
 * compare every row with every other.
 */
function differingSql(shape: Shape, { contained }: Comparison): string {
  const near = shape.floats.map(({ tolerance }, index) => {
    const [s, e] = [`s.f${index}`, `e.f${index}`];
    return `(${s} IS NOT DISTINCT FROM ${e} OR coalesce(isfinite(${s}) AND isfinite(${e})
      AND abs(${s} - ${e}) <= ${literal(tolerance)} * greatest(abs(${s}), abs(${e}), 1), FALSE))`;
  });
  const places = keyPlaces(shape).join(", ");
  return `
    SELECT ${nameSql(shape, "d")} AS name, NULL AS detail
    FROM (
      SELECT ${keyPlaces(shape)
        .map((place) => `s.${place}`)
        .join(", ")}
      FROM audit_stored AS s JOIN audit_expected AS e ON ${sameKey(shape)}
      GROUP BY ALL
      HAVING NOT bool_or(${["s.exact = e.exact", ...near].join(" AND ")})
        AND bool_or(${contained ? isWrong(shape) : "TRUE"})) AS d
    ANTI JOIN (SELECT ${places} FROM audit_stored GROUP BY ${places} HAVING count(*) > 1) AS r
      ON ${keyPlaces(shape)
        .map((place) => `d.${place} IS NOT DISTINCT FROM r.${place}`)
        .join(" AND ")}`;
}

/**
 * A later version may have come from a file that landing no longer has. So may one of the same version, where
 * versions do not tell every delivery from every other.
 */
function isWrong({ versions }: Shape): string {
  const places = versions.map((version, index) => ({ ...version, name: `v${index}` }));
  if (findColumn(versions, "_airbyte_raw_id")) return `NOT ${isLater(places, "s", "e")}`;
  return isLater(places, "e", "s");
}

/** Says more of the first culprit: which columns differ, or, where it has no key, the row. */
async function describe(look: Look, comparison: Comparison, shape: Shape, fault: Fault): Promise<void> {
  const [first] = fault.culprits;
  if (!first || (shape.keyed && fault.code !== "row-differs")) return;
  const [stored, expected] = [
    await findRow(look, shape, storedSql(comparison), first.name),
    await findRow(look, shape, expectedSql(comparison), first.name),
  ];
  if (stored && expected) {
    const differing = comparison.columns
      .map((column) => column.name)
      .filter((name) => JSON.stringify(stored[name]) !== JSON.stringify(expected[name]));
    if (differing.length > 0) first.detail = `in ${differing.join(", ")}`;
  } else first.detail = JSON.stringify(stored ?? expected).slice(0, 300);
}

const anyRow = z.record(z.string(), z.unknown());

async function findRow(
  look: Look,
  shape: Shape,
  rows: string,
  name: string,
): Promise<Record<string, unknown> | undefined> {
  const fields = shape.keys.map((key) => `${identifier(key)} := r.${identifier(key)}`);
  const named = shape.keyed ? `to_json(struct_pack(${fields.join(", ")}))` : exactSql(shape);
  const [row] = await look.query(
    anyRow,
    `SELECT * FROM (${rows}) AS r WHERE ${named}::VARCHAR = ${literal(name)} LIMIT 1`,
  );
  return row;
}
