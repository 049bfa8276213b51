import { LotusError } from "../../common/errors.ts";
import type { Session } from "../../lake/session.ts";
import { identifier, identifiers } from "../../lake/sql.ts";
import { lakeTable, tableColumns } from "../../lake/tables.ts";
import { findColumn } from "../columns.ts";
import type { Column, EnrichedModel } from "../definitions.ts";
import { TOMBSTONE_COLUMN } from "../version-columns.ts";
import { inTouched, keyTypes, keyValue } from "./touched.ts";

/**
 * Makes each upstream's bare name mean what the model may see of it, as a temporary view of this session: the columns
 * that it was checked with, in their order (a column that is added to a table stands last there, and `SELECT *` goes
 * by position in a UNION), without tombstones, and, given the model's output, only the rows of touched keys where
 * reading less is proven to be enough. Without `output` every row is shown.
 * @throws LotusError NOT_FOUND when an upstream has no table.
 */
export async function showUpstreams(
  session: Session,
  model: EnrichedModel,
  output: readonly Column[] | null,
): Promise<void> {
  for (const upstream of model.upstream) {
    const conditions: string[] = [];
    const table = { schema: "main", name: upstream } as const;
    const columns = await tableColumns(session, table);
    if (columns === null) {
      throw new LotusError(
        "NOT_FOUND",
        `${model.asset} reads ${upstream}, which has no table yet. Feed or materialize ${upstream} first.`,
      );
    }
    if (findColumn(columns, TOMBSTONE_COLUMN)) conditions.push(`${identifier(TOMBSTONE_COLUMN)} IS NULL`);
    const restrict =
      model.upkeep.mode === "incremental" ? (model.upkeep.upstreams[upstream]?.restrict ?? null) : null;
    if (output !== null && restrict !== null) {
      const types = keyTypes(model, output);
      conditions.push(inTouched(restrict.map((expression, index) => keyValue(expression, types[index]))));
    }
    const seen = (model.upstreamColumns[upstream] ?? columns)
      .map(({ name }) => name)
      .filter((name) => findColumn(columns, name));
    const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    await session.execute(
      `CREATE OR REPLACE TEMP VIEW ${identifier(upstream)} AS SELECT ${identifiers(seen)} FROM ${lakeTable(table)} ${where}`,
    );
  }
}

export async function dropUpstreamViews(session: Session, model: EnrichedModel): Promise<void> {
  for (const upstream of model.upstream)
    await session.execute(`DROP VIEW IF EXISTS temp.${identifier(upstream)}`);
}
