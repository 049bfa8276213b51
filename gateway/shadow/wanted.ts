import type { TableDescriptions } from "./descriptions.ts";
import type { LakeSchema, LakeTable } from "./lake-schema.ts";
import { postgresNames } from "./names.ts";
import { type ShadowType, shadowType } from "./types.ts";

export interface WantedColumn {
  /** In Postgres. */
  name: string;
  lakeName: string;
  duckdbType: string;
  type: ShadowType;
  comment: string | null;
}

/** A table as it should stand in the shadow database. */
export interface WantedTable {
  schema: LakeTable["schema"];
  /** In Postgres. */
  name: string;
  lakeName: string;
  comment: string | null;
  columns: WantedColumn[];
  key: WantedKey | null;
  /** Whether it holds the lake's rows; else it holds none that may be read. */
  served: boolean;
}

/** A primary key, in Postgres's names. */
export interface WantedKey {
  name: string;
  columns: string[];
}

export interface Wanted {
  tables: WantedTable[];
  /** Tables that cannot be shown: `schema.name` → why. */
  leftOut: Map<string, string>;
}

/** The most columns that a table of Postgres can have. */
export const MOST_COLUMNS = 1600;
const MOST_KEY_COLUMNS = 32;

/** How a lake's schema should stand in the shadow database. */
export function wantedTables(lake: LakeSchema, descriptions: TableDescriptions): Wanted {
  const leftOut = new Map<string, string>();
  const tables = (["main", "staging"] as const).flatMap((schema) => {
    const inSchema = lake.tables.filter((table) => table.schema === schema);
    const names = postgresNames(inSchema.map(({ name }) => name));
    const taken = new Set(names);
    return inSchema.flatMap((table, index) => {
      const count = table.columns.length;
      if (count <= MOST_COLUMNS) return [wantedTable(table, names[index] as string, taken, descriptions)];
      leftOut.set(
        `${schema}.${table.name}`,
        `it has ${count} columns, and a table of Postgres at most ${MOST_COLUMNS}`,
      );
      return [];
    });
  });
  return { tables, leftOut };
}

function wantedTable(
  table: LakeTable,
  name: string,
  taken: ReadonlySet<string>,
  descriptions: TableDescriptions,
): WantedTable {
  const description = descriptions.get(`${table.schema}.${table.name}`);
  const comments = Object.entries(description?.columns ?? {});
  const names = postgresNames(table.columns.map((column) => column.name));
  const columns = table.columns.map((column, index) => ({
    name: names[index] as string,
    lakeName: column.name,
    duckdbType: column.type,
    type: shadowType(column.type),
    comment: commentText(comments.find(([name]) => isSame(name, column.name))?.[1] ?? column.comment),
  }));
  return {
    schema: table.schema,
    name,
    lakeName: table.name,
    comment: commentText(description?.comment ?? table.comment),
    columns,
    key: wantedKey(description?.key ?? [], name, columns, taken),
    served: description?.served ?? false,
  };
}

/** None, unless all its columns are there and of types that an index can hold. */
function wantedKey(
  key: readonly string[],
  table: string,
  columns: readonly WantedColumn[],
  taken: ReadonlySet<string>,
): WantedKey | null {
  const usable = key.flatMap((name) =>
    columns
      .filter(({ lakeName, type }) => isSame(lakeName, name) && !type.declaration.startsWith("json"))
      .map((column) => column.name),
  );
  if (key.length === 0 || usable.length < key.length || key.length > MOST_KEY_COLUMNS) return null;
  return { name: keyName(table, taken), columns: [...new Set(usable)] };
}

/** An index and a table of the same schema cannot have the same name. */
function keyName(table: string, taken: ReadonlySet<string>): string {
  for (let wish = `${table}_pkey`; ; wish = `${wish}_`) {
    const [name = wish] = postgresNames([wish]);
    if (!taken.has(name)) return name;
  }
}

/** As DuckDB compares names. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** For Postgres an empty comment is none, and text has no NUL. A text of several lines in YAML ends with one more. */
function commentText(comment: string | null): string | null {
  const text = comment?.replaceAll("\0", "").trimEnd() ?? "";
  return text === "" ? null : text;
}
