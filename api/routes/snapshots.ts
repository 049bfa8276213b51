import { z } from "zod";
import { compareSnapshots } from "../../lake/compare.ts";
import { listSnapshots } from "../../lake/history.ts";
import { resolveSnapshot } from "../../lake/snapshot-point.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { decodeCursor, encodeCursor, pageOf, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import { comparison, snapshot } from "../schemas/snapshots.ts";

export function snapshotRoutes(app: App, { lake }: ApiContext): void {
  app.get(
    "/snapshots",
    {
      schema: {
        tags: ["snapshots"],
        summary: "Snapshots, newest first: what each changed, and which run made it",
        querystring: pageQuery.extend({
          table: z.string().optional().describe("Only those that changed this table"),
        }),
        response: { 200: pageOf(snapshot), ...problems() },
      },
    },
    async ({ query: { table, limit, cursor } }) => {
      const before = decodeCursor(z.int(), cursor);
      const found = await lake.withSession((session) =>
        listSnapshots(session, { tables: table === undefined ? null : [table], limit: limit + 1, before }),
      );
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items, next: found.length > limit && last ? encodeCursor(last.id) : null };
    },
  );

  app.get(
    "/snapshots/compare",
    {
      schema: {
        tags: ["snapshots"],
        summary: "Two snapshots, table by table: rows added, changed, deleted",
        querystring: z.object({
          from: z.string().min(1).max(100).describe("A number, or a time"),
          to: z.string().min(1).max(100),
          table: z.string().optional(),
        }),
        response: { 200: comparison, ...problems(404) },
      },
    },
    ({ query: { from, to, table } }) =>
      lake.withSession(async (session) => {
        const [first, second] = [await resolveSnapshot(session, from), await resolveSnapshot(session, to)];
        const [older, newer] = first <= second ? [first, second] : [second, first];
        const tables = await compareSnapshots(session, { from: older, to: newer, table: table ?? null });
        return { from: older, to: newer, tables };
      }),
  );
}
