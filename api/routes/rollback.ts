import { z } from "zod";
import { heldAssets } from "../../assets/holds.ts";
import { describeRollBack, planRollBack } from "../../assets/rollback-plan.ts";
import { LotusError } from "../../common/errors.ts";
import { resolveSnapshot } from "../../lake/snapshot-point.ts";
import { readSnapshot } from "../../lake/transaction.ts";
import { wakeFeeder, wakeMaterialize } from "../../orchestration/wake.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { linkOf } from "../links.ts";
import { problems } from "../problems.ts";
import { answer, assetKey, handedOver } from "../schemas/common.ts";
import { rollBackPlanned, rollBackRequest, rollBackStarted } from "../schemas/rollback.ts";

const params = z.object({ key: assetKey });

/** Taking a table back, which holds it, and letting it go on. */
export function rollBackRoutes(app: App, { project, lake, client, temporal }: ApiContext): void {
  app.post(
    "/assets/:key/rollback",
    {
      schema: {
        tags: ["assets"],
        operationId: "rollBackAsset",
        summary: "Take a processed or enriched table back to a snapshot, and hold it until it is released",
        params,
        body: rollBackRequest,
        response: {
          200: answer("What it would do", rollBackPlanned),
          202: answer("What it does", rollBackStarted),
          ...problems(404, 409),
        },
      },
      config: { dryRuns: true },
    },
    async ({ params: { key }, body: { to, dryRun } }, reply) => {
      const planned = await lake.withSession((session) =>
        readSnapshot(session, async () =>
          planRollBack(session, project, key, await resolveSnapshot(session, String(to))),
        ),
      );
      const plan = { ...planned, means: describeRollBack(planned, project) };
      if (dryRun) return reply.code(200).send({ plan });
      const { snapshot } = plan;
      const run = await wakeWriter(key, { kind: "rollback", trigger: "manual", snapshot });
      const message = `${key} will be as it was at snapshot ${snapshot}, and held`;
      return reply.code(202).send({ run: linkOf(temporal, run), message, plan });
    },
  );

  app.post(
    "/assets/:key/release",
    {
      schema: {
        tags: ["assets"],
        operationId: "releaseAsset",
        summary: "Rebuild a table that is held from what lies upstream, and let it go on",
        params,
        response: { 202: handedOver, ...problems(404) },
      },
    },
    async ({ params: { key } }, reply) => {
      const held = await lake.withSession(heldAssets);
      if (!held.has(key)) {
        const names = [...held.keys()].sort().join(", ");
        throw new LotusError("NOT_FOUND", `${key} is not held. Held are: ${names || "none"}.`);
      }
      const run = await wakeWriter(key, { kind: "release", trigger: "manual" });
      const message = `${key} will be rebuilt and go on`;
      return reply.code(202).send({ run: linkOf(temporal, run), message });
    },
  );

  /** Of a table that is known to be one. */
  function wakeWriter(
    asset: string,
    work: { kind: "rollback"; trigger: "manual"; snapshot: number } | { kind: "release"; trigger: "manual" },
  ): Promise<string> {
    const stream = project.streams.find(({ processed }) => processed.asset === asset);
    return stream ? wakeFeeder(client, stream, work) : wakeMaterialize(client, asset, work);
  }
}
