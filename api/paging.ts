import { z } from "zod";
import { LotusError } from "../common/errors.ts";

/** A long list, a page at a time: `cursor` names the place to go on from, and is nobody's business but this file's. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("At most so many"),
  cursor: z
    .string()
    .regex(/^[\w-]{0,4000}$/)
    .optional()
    .describe("`next` of the page before"),
});

export type PageQuery = z.infer<typeof pageQuery>;

/** The schema of a page of items. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe("The cursor of the next page; null: there is none"),
  });
}

export function encodeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** @throws LotusError REQUEST_INVALID for what no page has given. */
export function decodeCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | null {
  if (cursor === undefined) return null;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch {
    throw new LotusError(
      "REQUEST_INVALID",
      "cursor: this is none of this list's. Leave it out to begin anew.",
    );
  }
}

/** A page of a list that is in memory, ordered by `keyOf`, which is unique. */
export function pageByKey<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit, cursor }: PageQuery,
): { items: T[]; next: string | null } {
  const after = decodeCursor(z.string(), cursor);
  const rest = after === null ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page,
    next: rest.length > page.length && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}

/** A page of rows that were read in their order, one more than the page holds where there is another page. */
export function pageOfRows<T>(
  found: readonly T[],
  limit: number,
  placeOf: (item: T) => unknown,
): { items: T[]; next: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? encodeCursor(placeOf(last)) : null };
}
