import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { identifier, identifiers } from "../lake/sql.ts";
import { lakeTable, type TableName } from "../lake/tables.ts";

const countRow = z.object({ Count: z.coerce.number() });

/**
 * Makes a table's rows equal to those of the temporary table `fresh`, inside the caller's transaction, and writes
 * only what differs: rows that vanished are deleted, rows that changed are updated, new ones inserted. In place,
 * never by swapping tables: a swap hides deletes from the change feed.
 *
 * `key` identifies a row in both; without one, everything is replaced unless nothing differs.
 * `scope`, a condition over alias `t`, limits it to a part of the table: the rest stays as it is.
 * @returns how many rows were deleted, updated or inserted.
 */
export async function replaceRows(
  session: Session,
  options: {
    table: TableName;
    fresh: string;
    columns: readonly string[];
    key: readonly string[];
    scope?: string;
  },
): Promise<number> {
  if (options.key.length === 0) return replaceAll(session, options);
  const target = lakeTable(options.table);
  const fresh = identifier(options.fresh);
  const sameKey = options.key.map(
    (name) => `t.${identifier(name)} IS NOT DISTINCT FROM n.${identifier(name)}`,
  );
  const on = sameKey.join(" AND ");
  const scope = options.scope ? `(${options.scope}) AND ` : "";
  // Rows of other code's making may be several to a key; they cannot be told apart, so that all of them go.
  const [repeated] = options.scope
    ? []
    : await session.queryRaw(
        `SELECT 1 FROM ${target} GROUP BY ${identifiers(options.key)} HAVING count(*) > 1 LIMIT 1`,
      );
  const vanished = repeated ? "TRUE" : `NOT EXISTS (SELECT 1 FROM ${fresh} AS n WHERE ${on})`;
  const deleted = await session.queryOne(countRow, `DELETE FROM ${target} AS t WHERE ${scope}${vanished}`);
  const others = options.columns.filter((name) => !options.key.includes(name));
  const update =
    others.length === 0
      ? ""
      : `WHEN MATCHED AND (${others.map((name) => `t.${identifier(name)} IS DISTINCT FROM n.${identifier(name)}`).join(" OR ")})
         THEN UPDATE SET ${others.map((name) => `${identifier(name)} = n.${identifier(name)}`).join(", ")}`;
  const merged = await session.queryOne(
    countRow,
    `MERGE INTO ${target} AS t USING ${fresh} AS n ON (${on}) ${update}
     WHEN NOT MATCHED THEN INSERT (${identifiers(options.columns)}) VALUES (${identifiers(options.columns, "n")})`,
  );
  return deleted.Count + merged.Count;
}

async function replaceAll(
  session: Session,
  options: { table: TableName; fresh: string; columns: readonly string[] },
): Promise<number> {
  const target = lakeTable(options.table);
  const fresh = identifier(options.fresh);
  const list = identifiers(options.columns);
  const [difference] = await session.queryRaw(
    `SELECT 1 FROM ((SELECT ${list} FROM ${target} EXCEPT ALL SELECT ${list} FROM ${fresh})
      UNION ALL (SELECT ${list} FROM ${fresh} EXCEPT ALL SELECT ${list} FROM ${target})) LIMIT 1`,
  );
  if (!difference) return 0;
  const deleted = await session.queryOne(countRow, `DELETE FROM ${target}`);
  const inserted = await session.queryOne(
    countRow,
    `INSERT INTO ${target} (${list}) SELECT ${list} FROM ${fresh}`,
  );
  return deleted.Count + inserted.Count;
}
