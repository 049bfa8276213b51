import { z } from "zod";
import { waitingEntries } from "../../assets/feeder/quarantine.ts";
import { refuseHeld } from "../../assets/holds.ts";
import { wakeFeeder } from "../../orchestration/wake.ts";
import { findStream } from "../../orchestration/worker-context.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { linkOf } from "../links.ts";
import { decodeCursor, pageOf, pageOfRows, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import { countQuarantined, listQuarantined, type QuarantinePlace } from "../read/quarantine.ts";
import { answer, handedOver, streamParams } from "../schemas/common.ts";
import { quarantinedFile } from "../schemas/quarantine.ts";

/** Files that were set aside: which, why, and what shall become of them. */
export function quarantineRoutes(app: App, { project, lake, client, temporal }: ApiContext): void {
  app.get(
    "/quarantine",
    {
      schema: {
        tags: ["quarantine"],
        operationId: "listQuarantine",
        summary: "Files that were set aside, with their reasons",
        querystring: pageQuery.extend({
          source: z.string().optional(),
          stream: z.string().optional(),
          search: z.string().max(200).optional().describe("Part of a key or of a reason"),
        }),
        response: {
          200: answer(
            "A page of files, by stream and key",
            pageOf(quarantinedFile).extend({ total: z.int().describe("On all pages") }),
          ),
          ...problems(),
        },
      },
    },
    async ({ query: { limit, cursor, source, stream, search } }) => {
      const after = decodeCursor(quarantinePlace, cursor);
      const filter = { source, stream, search };
      return lake.withSession(async (session) => {
        const found = await listQuarantined(session, filter, { after, limit: limit + 1 });
        const placeOf = (file: QuarantinePlace) => quarantinePlace.parse(file);
        return {
          ...pageOfRows(found, limit, placeOf),
          total: await countQuarantined(session, filter),
        };
      });
    },
  );

  for (const action of ["retry", "drop"] as const) {
    app.post(
      `/streams/:source/:stream/quarantine/${action}`,
      {
        schema: {
          tags: ["quarantine"],
          operationId: `${action}Quarantine`,
          summary: action === "retry" ? "Let files wait once more" : "Never feed these files as they are",
          params: streamParams,
          body: z.object({
            key: z.string().min(1).max(1024).nullable().describe("null: all of the stream's"),
          }),
          response: { 202: handedOver, ...problems(404, 409) },
        },
      },
      async ({ params, body: { key } }, reply) => {
        const stream = findStream(project, params.source, params.stream);
        await lake.withSession(async (session) => {
          await refuseHeld(session, stream.processed.asset);
          await waitingEntries(session, stream, key);
        });
        const run = await wakeFeeder(client, params, { kind: "quarantine", trigger: "manual", action, key });
        const what = key === null ? "All files that were set aside" : key;
        const message = action === "retry" ? `${what}: will be fed once more` : `${what}: will be dropped`;
        return reply.code(202).send({ run: linkOf(temporal, run), message });
      },
    );
  }
}

const quarantinePlace: z.ZodType<QuarantinePlace> = z.object({
  source: z.string(),
  stream: z.string(),
  key: z.string(),
});
