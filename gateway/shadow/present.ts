import type pg from "pg";
import { z } from "zod";

export interface PresentColumn {
  /** Attribute number. */
  number: number;
  name: string;
  /** As `format_type` writes it. */
  declaration: string;
  typeOid: number;
  typmod: number;
  notNull: boolean;
  comment: string | null;
}

/** A table as it stands in the shadow database. */
export interface PresentTable {
  relid: number;
  schema: "main" | "staging";
  name: string;
  comment: string | null;
  columns: PresentColumn[];
  /** Attribute numbers in use, those of dropped columns too. */
  attributes: number;
  key: { name: string; columns: string[] } | null;
  /** Whether nobody but its owner can read it. */
  guarded: boolean;
}

/** Reads the tables of the shadow database from its catalog. */
export async function readPresentTables(client: pg.ClientBase): Promise<PresentTable[]> {
  const { rows } = await client.query(TABLES);
  return z.array(tableRow).parse(rows);
}

const tableRow = z.object({
  relid: z.number().int(),
  schema: z.enum(["main", "staging"]),
  name: z.string(),
  comment: z.string().nullable(),
  attributes: z.number().int(),
  columns: z.array(
    z.object({
      number: z.number().int(),
      name: z.string(),
      declaration: z.string(),
      typeOid: z.number().int(),
      typmod: z.number().int(),
      notNull: z.boolean(),
      comment: z.string().nullable(),
    }),
  ),
  key: z.object({ name: z.string(), columns: z.array(z.string()) }).nullable(),
  guarded: z.boolean(),
});

const TABLES = `
  SELECT c.oid AS relid, n.nspname AS schema, c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
    c.relnatts AS attributes,
    c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS guarded,
    (SELECT coalesce(json_agg(json_build_object('number', a.attnum, 'name', a.attname,
        'declaration', format_type(a.atttypid, a.atttypmod), 'typeOid', a.atttypid::bigint, 'typmod', a.atttypmod,
        'notNull', a.attnotnull, 'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT json_build_object('name', k.conname, 'columns', (
        SELECT json_agg(a.attname ORDER BY p.position)
        FROM unnest(k.conkey) WITH ORDINALITY AS p (number, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.number))
      FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS key
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('main', 'staging') AND c.relkind = 'r'`;
