import { z } from "zod";
import type { Column } from "./definitions.ts";
import { PATH_COLUMNS, sameName } from "./names.ts";

const jsonType = z.enum(["null", "boolean", "integer", "number", "string", "object", "array"]);

/**
 * A field in JSON schema as Airbyte writes it. Keywords that say nothing about the column's type (description,
 * enum, minimum, properties ...) are let through unread.
 */
export const fieldSchema = z.looseObject({
  type: z
    .union(
      [jsonType, z.array(jsonType).min(1)],
      `expected one of ${jsonType.options.join(", ")}, or a list of them`,
    )
    .optional(),
  format: z.string().optional(),
  airbyte_type: z.string().optional(),
  get oneOf() {
    return z.array(fieldSchema).optional();
  },
  get anyOf() {
    return z.array(fieldSchema).optional();
  },
  $ref: z.never("a reference is not followed: write the type here").optional(),
});

export type Field = z.infer<typeof fieldSchema>;

/** Columns that Airbyte adds to each raw row, with the types that it writes. */
export const AIRBYTE_COLUMNS: readonly Column[] = [
  { name: "_airbyte_raw_id", type: "VARCHAR" },
  { name: "_airbyte_extracted_at", type: "TIMESTAMP WITH TIME ZONE" },
  { name: "_airbyte_meta", type: "VARCHAR" },
  { name: "_airbyte_generation_id", type: "BIGINT" },
];

const PATH: readonly Column[] = PATH_COLUMNS.map((name) => ({ name, type: "BIGINT" }));

/** One column a field, in the fields' order, then Airbyte's own and the path's. */
export function landingColumns(fields: Readonly<Record<string, Field>>): Column[] {
  return withOwnColumns(Object.entries(fields).map(([name, field]) => ({ name, type: columnType(field) })));
}

/** Adds Airbyte's and the path's columns where they are not there yet. */
export function withOwnColumns(columns: readonly Column[]): Column[] {
  const missing = [...AIRBYTE_COLUMNS, ...PATH].filter(
    (own) => !columns.some((column) => sameName(column.name, own.name)),
  );
  return [...columns, ...missing];
}

/**
 * The DuckDB type of the column in which Airbyte writes a field: objects, arrays and fields of several types as
 * JSON text. Other types (DECIMAL, lists, ...) are had by a landing DDL file.
 */
export function columnType(field: Field): string {
  const alternatives = field.oneOf ?? field.anyOf;
  if (alternatives) {
    const kinds = alternatives.filter((alternative) => !isNull(alternative));
    return kinds.length === 1 ? columnType(kinds[0] as Field) : "VARCHAR";
  }
  const types = typesOf(field);
  if (types.length !== 1) return "VARCHAR";
  switch (types[0]) {
    case "integer":
      return wholeNumberType(field.airbyte_type);
    case "number":
      return field.airbyte_type === "integer" || field.airbyte_type === "big_integer"
        ? wholeNumberType(field.airbyte_type)
        : "DOUBLE";
    case "boolean":
      return "BOOLEAN";
    case "string":
      return textType(field);
    default:
      return "VARCHAR";
  }
}

function wholeNumberType(airbyteType: string | undefined): string {
  return airbyteType === "big_integer" ? "DECIMAL(38,0)" : "BIGINT";
}

function textType(field: Field): string {
  switch (field.format) {
    case "date":
      return "DATE";
    case "date-time":
      return field.airbyte_type === "timestamp_without_timezone" ? "TIMESTAMP" : "TIMESTAMP WITH TIME ZONE";
    case "time":
      return field.airbyte_type === "time_with_timezone" ? "VARCHAR" : "TIME";
    default:
      return "VARCHAR";
  }
}

function typesOf(field: Field): string[] {
  const types = field.type === undefined ? [] : [field.type].flat();
  return [...new Set(types.filter((type) => type !== "null"))];
}

function isNull(field: Field): boolean {
  return field.type !== undefined && typesOf(field).length === 0;
}

/** The field that `columnType` turns into this type again; null where JSON schema has no word for it. */
export function fieldOfType(type: string): Field | null {
  switch (type) {
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
    case "UTINYINT":
    case "USMALLINT":
    case "UINTEGER":
    case "BIGINT":
      // A BIGINT column reads files with any of the smaller ones.
      return { type: ["null", "integer"] };
    case "FLOAT":
    case "DOUBLE":
      return { type: ["null", "number"] };
    case "DECIMAL(38,0)":
      return { type: ["null", "integer"], airbyte_type: "big_integer" };
    case "BOOLEAN":
      return { type: ["null", "boolean"] };
    case "VARCHAR":
      return { type: ["null", "string"] };
    case "DATE":
      return { type: ["null", "string"], format: "date" };
    case "TIME":
      return { type: ["null", "string"], format: "time", airbyte_type: "time_without_timezone" };
    case "TIMESTAMP":
      return { type: ["null", "string"], format: "date-time", airbyte_type: "timestamp_without_timezone" };
    case "TIMESTAMP WITH TIME ZONE":
      return { type: ["null", "string"], format: "date-time", airbyte_type: "timestamp_with_timezone" };
    default:
      return null;
  }
}
