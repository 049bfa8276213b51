import type { Project } from "../../assets/definitions.ts";

/** What a project says of a table beside its columns. */
export interface TableDescription {
  comment: string | null;
  /** Column → comment. */
  columns: Readonly<Record<string, string>>;
  /** Columns that identify a row; empty: none do. */
  key: readonly string[];
  /** Whether its rows are kept in Postgres, too; default: no. */
  served?: boolean;
}

/** What a project says of its tables, by `schema.name`. */
export type TableDescriptions = ReadonlyMap<string, TableDescription>;

/** Comments and keys from the heads of a project's models; nothing where there is no project. */
export function describeTables(project: Project | null): TableDescriptions {
  const models = [
    ...(project?.streams ?? []).map(({ processed }) => processed),
    ...(project?.models ?? []),
  ].map(({ asset, head, uniqueKey }): [string, TableDescription] => [
    `main.${asset}`,
    {
      comment: head.description ?? null,
      columns: Object.fromEntries(
        Object.entries(head.columns ?? {}).flatMap(([name, { description }]) =>
          description === undefined ? [] : [[name, description]],
        ),
      ),
      key: uniqueKey,
      served: head.serve === "postgres",
    },
  ]);
  const landing = (project?.streams ?? []).map(({ source, stream, landing }): [string, TableDescription] => [
    `staging.${landing.table}`,
    { comment: `Landing table of ${source}/${stream}: every row as it came.`, columns: {}, key: [] },
  ]);
  return new Map([...models, ...landing]);
}
