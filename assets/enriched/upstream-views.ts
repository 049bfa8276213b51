import type { Session } from "../../lake/session.ts";
import { identifier } from "../../lake/sql.ts";
import { lakeTable, tableColumns } from "../../lake/tables.ts";
import type { Column, EnrichedModel } from "../definitions.ts";
import { TOMBSTONE_COLUMN } from "../version-columns.ts";
import { inTouched, keyTypes, keyValue } from "./touched.ts";

/**
 * Makes each upstream's bare name mean what the model may see of it, as a temporary view of this session: without
 * tombstones, and, given the model's output, only the rows of touched keys where reading less is proven to be
 * enough. Without `output` everything is shown.
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
    if (columns?.some((column) => column.name.toLowerCase() === TOMBSTONE_COLUMN)) {
      conditions.push(`${identifier(TOMBSTONE_COLUMN)} IS NULL`);
    }
    const restrict =
      model.upkeep.mode === "incremental" ? (model.upkeep.upstreams[upstream]?.restrict ?? null) : null;
    if (output !== null && restrict !== null) {
      const types = keyTypes(model, output);
      conditions.push(inTouched(restrict.map((expression, index) => keyValue(expression, types[index]))));
    }
    const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    await session.execute(
      `CREATE OR REPLACE TEMP VIEW ${identifier(upstream)} AS SELECT * FROM ${lakeTable(table)} ${where}`,
    );
  }
}

export async function dropUpstreamViews(session: Session, model: EnrichedModel): Promise<void> {
  for (const upstream of model.upstream)
    await session.execute(`DROP VIEW IF EXISTS temp.${identifier(upstream)}`);
}
