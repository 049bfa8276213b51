import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { identifier, qualified } from "../lake/sql.ts";
import { findColumn, repeatedNames, unlandableColumns, unstorableColumns } from "./columns.ts";
import type { Column } from "./definitions.ts";
import { type Fault, sqlFault } from "./findings.ts";
import { withOwnColumns } from "./json-schema.ts";
import { isFileNameColumn, PATH_COLUMNS } from "./names.ts";

export interface LandingColumns {
  /** Empty when there are faults. */
  columns: Column[];
  faults: Fault[];
}

const CODE = "landing-ddl-invalid";

/** The DDL of a landing table, as a landing file holds it: Airbyte's and the path's columns included. */
export function landingDdl(table: string, columns: readonly Column[]): string {
  const lines = withOwnColumns(columns).map((column) => `  ${identifier(column.name)} ${column.type}`);
  return `CREATE TABLE IF NOT EXISTS ${qualified("staging", table)} (\n${lines.join(",\n")}\n);\n`;
}

const described = z.object({
  column_name: z.string(),
  column_type: z.string(),
  null: z.string(),
  default: z.string().nullable(),
});

/**
 * The columns of a landing DDL file: a `CREATE TABLE` of that table in schema `staging`, and nothing else. DuckDB
 * runs it, in a transaction that is rolled back, so that its types mean what they mean in DuckDB. The columns of
 * Airbyte and of the path that it leaves out are added. The scratch lake is left in schema `staging`.
 */
export async function readLandingDdl(scratch: Session, table: string, ddl: string): Promise<LandingColumns> {
  await scratch.execute("USE lakehouse.staging; BEGIN");
  const answer = await tryDdl(scratch, table, ddl);
  const rolledBack = await scratch.execute("ROLLBACK").then(
    () => true,
    () => false,
  );
  await scratch.execute("USE lakehouse.staging");
  if (rolledBack) return answer;
  // The file ended the transaction itself.
  await scratch.execute(`DROP TABLE IF EXISTS ${qualified("lakehouse", "staging", table)}`);
  return answer.faults.length > 0 ? answer : notTheTable(table);
}

async function tryDdl(scratch: Session, table: string, ddl: string): Promise<LandingColumns> {
  try {
    const before = await objectCount(scratch);
    await scratch.execute(ddl);
    const name = qualified("lakehouse", "staging", table);
    const rows = await scratch.query(described, `DESCRIBE ${name}`).catch(() => null);
    if (rows === null || (await objectCount(scratch)) !== before + 1) return notTheTable(table);
    const columns = rows.map((row) => ({ name: row.column_name, type: row.column_type }));
    const faults = [
      ...(await constraintFaults(scratch, rows)),
      ...typeFaults(columns),
      ...pathColumnFaults(columns),
      ...reservedFaults(
        columns.map((column) => column.name),
        () => null,
      ),
    ];
    return faults.length > 0 ? { columns: [], faults } : { columns: withOwnColumns(columns), faults };
  } catch (error) {
    return { columns: [], faults: [sqlFault(CODE, error, "Correct the DDL there.")] };
  }
}

/** What is wrong with columns derived from a config's fields. */
export function fieldColumnFaults(
  names: readonly string[],
  lineOf: (name: string) => number | null,
): Fault[] {
  const fromPath = names
    .filter((name) => PATH_COLUMNS.some((path) => path === name.toLowerCase()))
    .map((name) => ({
      code: "column-reserved",
      line: lineOf(name),
      message: `field ${name} has the name of a column that comes from the file's path`,
      remedy: "Rename the field at its source; year, month and day are taken.",
    }));
  const reserved = [...fromPath, ...reservedFaults(names, lineOf)];
  const repeated = repeatedNames(names).map((name) => ({
    code: "duplicate-name",
    line: lineOf(name),
    message: `two fields are called ${name} (case does not count)`,
    remedy: "Keep one of them.",
  }));
  return [...reserved, ...repeated];
}

function reservedFaults(names: readonly string[], lineOf: (name: string) => number | null): Fault[] {
  return names.filter(isFileNameColumn).map((name) => ({
    code: "column-reserved",
    line: lineOf(name),
    message: `${name} is DuckLake's own name for the file that a row came from`,
    remedy: 'Rename the column at its source; or leave it out here, with "on_new_column": "ignore".',
  }));
}

/** Tables, doubled where views stand in for them, so that neither a view nor a second table goes unnoticed. */
async function objectCount(scratch: Session): Promise<number> {
  const { count } = await scratch.queryOne(
    z.object({ count: z.coerce.number() }),
    "SELECT (SELECT count(*) FROM duckdb_tables()) + 2 * (SELECT count(*) FROM duckdb_views() WHERE NOT internal) AS count",
  );
  return count;
}

async function constraintFaults(scratch: Session, rows: z.infer<typeof described>[]): Promise<Fault[]> {
  // No other table in the scratch lake has any.
  const constraints = await scratch.query(
    z.object({ text: z.string() }),
    "SELECT coalesce(constraint_text, constraint_type) AS text FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL'",
  );
  const notNull = rows.filter((row) => row.null === "NO" && constraints.length === 0);
  const defaults = rows.filter((row) => row.default !== null);
  const found = [
    ...constraints.map((row) => row.text),
    ...notNull.map((row) => `NOT NULL on ${row.column_name}`),
    ...defaults.map((row) => `a default or an expression on ${row.column_name}`),
  ];
  return found.map((text) => ({
    code: CODE,
    line: null,
    message: `a landing table takes what the files hold and can have no constraint: ${text}`,
    remedy: "Remove it; keys belong into the stream's primary_key.",
  }));
}

function typeFaults(columns: readonly Column[]): Fault[] {
  const unstorable = unstorableColumns(columns).map((column) => ({
    code: "type-unsupported",
    line: null,
    message: `DuckLake cannot store column ${column.name} of type ${column.type}`,
    remedy: "Use the type that the Parquet files have.",
  }));
  const unlandable = unlandableColumns(columns).map((column) => ({
    code: "type-unsupported",
    line: null,
    message: `a Parquet file cannot bring column ${column.name} of type ${column.type} without loss`,
    remedy: "Use DECIMAL(38,0) for a large whole number, TIME for a time of day, else VARCHAR.",
  }));
  return [...unstorable, ...unlandable];
}

function pathColumnFaults(columns: readonly Column[]): Fault[] {
  return PATH_COLUMNS.flatMap((name) => {
    const column = findColumn(columns, name);
    if (!column || column.type === "BIGINT") return [];
    return [
      {
        code: CODE,
        line: null,
        message: `path column ${name} is ${column.type}`,
        remedy: "Leave it out, or make it BIGINT.",
      },
    ];
  });
}

function notTheTable(table: string): LandingColumns {
  const fault = {
    code: CODE,
    line: 1,
    message: `this does not create the table staging.${table}, and nothing else`,
    remedy: `Keep one statement: CREATE TABLE staging.${table} (column TYPE, ...).`,
  };
  return { columns: [], faults: [fault] };
}
