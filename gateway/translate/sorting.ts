import type { PgNode } from "../analysis/tree.ts";
import type { PgCatalog } from "../catalog.ts";
import { unsupported } from "../pg-error.ts";
import { elementType, oid } from "./types.ts";

const sortable: ReadonlySet<number> = new Set([
  oid.bool,
  oid.bytea,
  oid.int2,
  oid.int4,
  oid.int8,
  oid.oid,
  oid.name,
  oid.text,
  oid.varchar,
  oid.bpchar,
  oid.float4,
  oid.float8,
  oid.numeric,
  oid.date,
  oid.time,
  oid.timestamp,
  oid.timestamptz,
  oid.interval,
  oid.uuid,
]);

/** Refuses types of which DuckDB's order, or equality, is not Postgres's. */
export function requireSortable(type: number, catalog: PgCatalog): void {
  if (!sortable.has(elementType(type) ?? type)) {
    throw unsupported(`comparing values of the type ${catalog.typeName(type)}`);
  }
}

/** `ASC NULLS LAST` and the like, of a SORTGROUPCLAUSE. */
export function direction(clause: PgNode, catalog: PgCatalog): string {
  const operator = catalog.operator(clause.number("sortop"));
  if (operator.schema !== "pg_catalog" || (operator.name !== "<" && operator.name !== ">")) {
    throw unsupported(`ORDER BY ... USING ${operator.name}`);
  }
  const nulls = clause.boolean("nulls_first") ? "NULLS FIRST" : "NULLS LAST";
  return `${operator.name === "<" ? "ASC" : "DESC"} ${nulls}`;
}
