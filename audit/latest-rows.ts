import type { Column } from "../assets/definitions.ts";
import { identifier, identifiers } from "../lake/sql.ts";
import type { Look } from "./look.ts";

/**
 * A SELECT of those rows of `source` (a SELECT) whose version no other row of their key exceeds, version column by
 * version column, NULL oldest: several to a key where versions tie. Found by GROUP BY and join, one version column
 * after the other: on purpose not by the QUALIFY of the product, which DuckDB 1.5.5 gets wrong over a file that is
 * registered twice. Leaves the temporary table `audit_latest`.
 */
export async function latestRowsSql(
  look: Look,
  source: string,
  rows: { key: readonly string[]; versions: readonly Column[] },
): Promise<string> {
  const { versions } = rows;
  const places = (letter: string, count: number, alias: string) =>
    Array.from({ length: count }, (_, index) => `${alias}.${letter}${index}`);
  const keys = rows.key.map((name, index) => `${identifier(name)} AS k${index}`);
  const marks = versions.map(({ name }, index) => `${identifier(name)} AS v${index}`);
  await look.run(
    `CREATE OR REPLACE TEMP TABLE audit_versions AS SELECT ${[...keys, ...marks].join(", ")} FROM (${source})`,
  );
  await look.run(
    `CREATE OR REPLACE TEMP TABLE audit_latest AS SELECT DISTINCT ${places("k", keys.length, "r").join(", ")} FROM audit_versions AS r`,
  );
  for (const [index] of versions.entries()) {
    // Of the rows that tie so far, the highest next version: max() ignores NULL, which is the oldest.
    const group = [...places("k", keys.length, "r"), ...places("v", index, "r")];
    await look.run(
      `CREATE OR REPLACE TEMP TABLE audit_latest AS
       SELECT ${group.join(", ")}, max(r.v${index}) AS v${index}
       FROM audit_versions AS r JOIN audit_latest AS l
         ON ${alike([...places("k", keys.length, "r"), ...places("v", index, "r")], [...places("k", keys.length, "l"), ...places("v", index, "l")])}
       GROUP BY ${group.join(", ")}`,
    );
  }
  const own = [...rows.key, ...versions.map((version) => version.name)].map((name) =>
    identifiers([name], "s"),
  );
  const latest = [...places("k", keys.length, "l"), ...places("v", versions.length, "l")];
  return `SELECT s.* FROM (${source}) AS s JOIN audit_latest AS l ON ${alike(own, latest)}`;
}

function alike(left: readonly string[], right: readonly string[]): string {
  return left.map((expression, index) => `${expression} IS NOT DISTINCT FROM ${right[index]}`).join(" AND ");
}
