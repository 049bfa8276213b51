import { z } from "zod";
import { compareSnapshots } from "../../lake/compare.ts";
import { listSnapshots } from "../../lake/history.ts";
import { resolveSnapshot } from "../../lake/snapshot-point.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { recordedLink } from "../links.ts";
import { decodeCursor, pageOf, pageOfRows, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import { answer } from "../schemas/common.ts";
import { comparison, snapshot } from "../schemas/snapshots.ts";

export function snapshotRoutes(app: App, { lake, temporal }: ApiContext): void {
  app.get(
    "/snapshots",
    {
      schema: {
        tags: ["snapshots"],
        operationId: "listSnapshots",
        summary: "Snapshots, newest first: what each changed, and which run made it",
        querystring: pageQuery.extend({
          table: z.string().optional().describe("Only those that changed this table"),
        }),
        response: { 200: answer("A page of snapshots", pageOf(snapshot)), ...problems() },
      },
    },
    async ({ query: { table, limit, cursor } }) => {
      const before = decodeCursor(z.int(), cursor);
      const found = await lake.withSession((session) =>
        listSnapshots(session, { tables: table === undefined ? null : [table], limit: limit + 1, before }),
      );
      const { items, next } = pageOfRows(found, limit, ({ id }) => id);
      return {
        items: items.map(({ run, ...entry }) => ({
          ...entry,
          run: recordedLink(temporal, run),
        })),
        next,
      };
    },
  );

  app.get(
    "/snapshots/compare",
    {
      schema: {
        tags: ["snapshots"],
        operationId: "compareSnapshots",
        summary: "Two snapshots, table by table: rows added, changed, deleted",
        querystring: z.object({
          from: z.string().min(1).max(100).describe("A number, or a time"),
          to: z.string().min(1).max(100),
          table: z.string().optional(),
        }),
        response: { 200: answer("What changed from the older to the newer", comparison), ...problems(404) },
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
