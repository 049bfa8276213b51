import { z } from "zod";
import type { ModelHead, Project } from "../../assets/definitions.ts";
import type { Session } from "../../lake/session.ts";
import type { LakeView } from "../../orchestration/lake-view.ts";
import type { table } from "../schemas/tables.ts";

type Table = z.infer<typeof table>;

const columnRow = z.object({
  schema: z.enum(["main", "staging", "meta"]),
  table: z.string(),
  name: z.string(),
  type: z.string(),
});

/** What can be read, with what the models' heads say of it. */
export async function readTables(session: Session, project: Project, view: LakeView): Promise<Table[]> {
  const columns = await session.query(
    columnRow,
    `SELECT schema_name AS schema, table_name AS "table", column_name AS name, data_type AS type
     FROM duckdb_columns() WHERE database_name = 'lakehouse' AND schema_name IN ('main', 'staging', 'meta')
     ORDER BY schema_name, table_name, column_index`,
  );
  const landed = await landingRows(session);
  const heads = headsOf(project);
  const tables = new Map<string, Table>();
  for (const { schema, table: name, ...column } of columns) {
    const head = schema === "main" ? heads.get(name) : undefined;
    const rows = (schema === "main" ? view.rows : schema === "staging" ? landed : null)?.get(name) ?? null;
    const entry = tables.get(`${schema}.${name}`) ?? {
      schema,
      name,
      description: (schema === "staging" ? landingOf(project, name) : head?.description) ?? null,
      rows,
      columns: [],
    };
    const description = head?.columns?.[column.name]?.description ?? null;
    tables.set(`${schema}.${name}`, { ...entry, columns: [...entry.columns, { ...column, description }] });
  }
  return [...tables.values()];
}

function headsOf({ streams, models }: Project): Map<string, ModelHead> {
  return new Map([
    ...streams.map(({ processed }) => [processed.asset, processed.head] as const),
    ...models.map(({ asset, head }) => [asset, head] as const),
  ]);
}

function landingOf({ streams }: Project, name: string): string | undefined {
  const stream = streams.find(({ landing }) => landing.table === name);
  return stream && `Landing: the rows of ${stream.source}/${stream.stream} as they came`;
}

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";
const rowsRow = z.object({ name: z.string(), rows: z.coerce.number() });

/** By the catalog's own counts, which are whole there: nothing of landing is inlined (lake/meta.ts). */
async function landingRows(session: Session): Promise<Map<string, number>> {
  const rows = await session.query(
    rowsRow,
    `WITH present AS (
       SELECT table_id, table_name FROM ${CATALOG}.ducklake_table AS t
       JOIN ${CATALOG}.ducklake_schema AS s ON s.schema_id = t.schema_id AND s.schema_name = 'staging'
       WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL),
     counts AS (
       SELECT table_id, record_count AS rows FROM ${CATALOG}.ducklake_data_file WHERE end_snapshot IS NULL
       UNION ALL
       SELECT table_id, -delete_count FROM ${CATALOG}.ducklake_delete_file WHERE end_snapshot IS NULL)
     SELECT table_name AS name, coalesce(sum(rows), 0)::BIGINT AS rows
     FROM present LEFT JOIN counts USING (table_id) GROUP BY table_name`,
  );
  return new Map(rows.map((row) => [row.name, row.rows]));
}
