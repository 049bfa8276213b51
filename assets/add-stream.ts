import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import { readDiscovered } from "./catalog.ts";
import { findColumn } from "./columns.ts";
import type { Column } from "./definitions.ts";
import { AIRBYTE_COLUMNS, type Field, fieldOfType, fieldSchema } from "./json-schema.ts";
import { landingDdl } from "./landing-table.ts";
import { isSafeName, landingTableName, PATH_COLUMNS, SAFE_NAME_RULE, sameName } from "./names.ts";

export type NewStream = {
  /** The project's folder; `dag/streams` is made in it where it is missing. */
  dir: string;
  source: string;
  stream: string;
} & (
  | {
      /** The columns of a raw file, as DuckDB describes it. Its path's columns may be among them. */
      columns: readonly Column[];
    }
  | {
      /** Take what `dag/sources` says that the source offers. */
      fromSource: true;
    }
);

/**
 * Writes the config of a new stream, and answers the paths of the files written, relative to the project. From a raw
 * file whose columns JSON schema cannot say (DECIMAL, lists, ...), a landing DDL is written beside it, so that the
 * landing table takes the files as they are; `fields` alone would set every one of them aside. A raw file does not say
 * what its key is: without `primary_key` every row is kept until someone adds it. From `dag/sources`, key, cursor and
 * sync mode are the source's own.
 * @throws LotusError PROJECT_INVALID when a file is already there, or a name or a field cannot be used; NOT_FOUND when
 * `dag/sources` has no such stream.
 */
export async function addStream(request: NewStream): Promise<string[]> {
  const { dir, source, stream } = request;
  for (const name of [source, stream]) {
    if (isSafeName(name)) continue;
    throw new LotusError(
      "PROJECT_INVALID",
      `${JSON.stringify(name)} cannot name a source or a stream. Use ${SAFE_NAME_RULE}.`,
    );
  }
  const written =
    "columns" in request ? filesFromColumns(request) : await filesFromSource(dir, source, stream);
  await writeNewFiles(dir, written);
  return written.map((file) => file.path);
}

interface NewFile {
  path: string;
  text: string;
}

function filesFromColumns(request: NewStream & { columns: readonly Column[] }): NewFile[] {
  const { source, stream } = request;
  const table = landingTableName(source, stream);
  const landed = request.columns.filter(
    (column) => !PATH_COLUMNS.some((name) => sameName(name, column.name)),
  );
  const own = landed.filter((column) => !findColumn(AIRBYTE_COLUMNS, column.name));
  const fields = Object.fromEntries(
    own.map((column): [string, Field] => [
      column.name,
      fieldOfType(column.type) ?? nearestField(column.type),
    ]),
  );
  const config = configFile(source, stream, {
    sync_mode: "incremental",
    destination_sync_mode: "append",
    fields,
  });
  const fits = landed.every((column) => {
    const airbyte = findColumn(AIRBYTE_COLUMNS, column.name);
    return airbyte ? airbyte.type === column.type : fieldOfType(column.type) !== null;
  });
  if (fits) return [config];
  return [config, { path: `landing/${source}/${table}.sql`, text: landingDdl(table, landed) }];
}

async function filesFromSource(dir: string, source: string, stream: string): Promise<NewFile[]> {
  const path = `dag/sources/${source}/${stream}.json`;
  const discovered = await readDiscovered(dir, source, stream);
  if (!discovered) {
    throw new LotusError(
      "NOT_FOUND",
      `There is no ${path}. Write there what the source offers, or use --from with a raw file.`,
    );
  }
  const parsed = z.record(z.string(), fieldSchema).safeParse(discovered.jsonSchema.properties ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new LotusError(
      "PROJECT_INVALID",
      `${path}: properties.${issue?.path.join(".")}: ${issue?.message}. Correct it there.`,
    );
  }
  const incremental = discovered.supportedSyncModes?.includes("incremental") ?? true;
  const [cursor] = discovered.defaultCursorField;
  return [
    configFile(source, stream, {
      sync_mode: incremental ? "incremental" : "full_refresh",
      destination_sync_mode: incremental ? "append" : "overwrite",
      ...(discovered.primaryKey.length > 0 ? { primary_key: discovered.primaryKey } : {}),
      ...(cursor === undefined ? {} : { cursor_field: discovered.defaultCursorField }),
      fields: parsed.data,
    }),
  ];
}

function configFile(source: string, stream: string, config: Record<string, unknown>): NewFile {
  const text = `${JSON.stringify({ stream, selected: true, ...config }, null, 2)}\n`;
  return { path: `dag/streams/${source}/${stream}.json`, text };
}

/** What JSON schema says closest to a type that it has no word for; for Airbyte's catalog, not for the landing. */
function nearestField(type: string): Field {
  if (/^DECIMAL|^U?HUGEINT$|^UBIGINT$/.test(type)) return { type: ["null", "number"] };
  if (/\[\d*\]$/.test(type)) return { type: ["null", "array"] };
  if (/^(?:STRUCT|MAP)\b/.test(type)) return { type: ["null", "object"] };
  if (/^TIMESTAMP/.test(type)) {
    return { type: ["null", "string"], format: "date-time", airbyte_type: "timestamp_without_timezone" };
  }
  return { type: ["null", "string"] };
}

/** Writes all of the files or none: each must be new. */
async function writeNewFiles(dir: string, files: readonly NewFile[]): Promise<void> {
  const made: string[] = [];
  try {
    for (const file of files) {
      const path = join(dir, file.path);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file.text, { flag: "wx" });
      made.push(path);
    }
  } catch (error) {
    for (const path of made) await rm(path, { force: true });
    const present = (error as NodeJS.ErrnoException).code === "EEXIST";
    const path = files[made.length]?.path;
    if (!present) throw error;
    throw new LotusError("PROJECT_INVALID", `${path} is already there. Change or remove it by hand.`);
  }
}
