import { z } from "zod";
import { downstreamOf, upstreamOf } from "../../assets/graph.ts";
import { refuseHeld } from "../../assets/holds.ts";
import { refusePaused } from "../../assets/pauses.ts";
import { unknownTable } from "../../assets/unknown-table.ts";
import { LotusError } from "../../common/errors.ts";
import { feederId, materializeId } from "../../orchestration/names.ts";
import { wakeFeeder, wakeMaterialize } from "../../orchestration/wake.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { linkOf } from "../links.ts";
import { pageByKey, pageOf, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import { activityOf } from "../read/activity.ts";
import { definitionOf, describeAsset, summarise } from "../read/assets.ts";
import { lastOf } from "../read/materializations.ts";
import { assetDetail, assetKinds, assetStates, assetSummary, lineage } from "../schemas/assets.ts";
import { answer, assetKey, handedOver } from "../schemas/common.ts";

const params = z.object({ key: assetKey });
const LAST = 20;

export function assetRoutes(app: App, context: ApiContext): void {
  const { project, observer, lake, client, temporal } = context;

  app.get(
    "/assets",
    {
      schema: {
        tags: ["assets"],
        operationId: "listAssets",
        summary: "Every asset and how it stands",
        querystring: pageQuery.extend({
          kind: z.enum(assetKinds).optional(),
          state: z.enum(assetStates).optional(),
          group: z.string().optional().describe("A source, or a domain"),
          tag: z.string().optional(),
          search: z.string().max(200).optional().describe("Part of a name or description"),
        }),
        response: { 200: answer("A page of assets, by key", pageOf(assetSummary)), ...problems() },
      },
    },
    async ({ query }) => {
      const all = summarise(project, await observer.current());
      const text = query.search?.toLowerCase();
      const found = all.filter(
        (asset) =>
          (query.kind === undefined || asset.kind === query.kind) &&
          (query.state === undefined || asset.state === query.state) &&
          (query.group === undefined || asset.group === query.group) &&
          (query.tag === undefined || asset.tags.includes(query.tag)) &&
          (text === undefined || `${asset.key} ${asset.description ?? ""}`.toLowerCase().includes(text)),
      );
      return pageByKey(
        found.sort((left, right) => (left.key < right.key ? -1 : 1)),
        ({ key }) => key,
        query,
      );
    },
  );

  app.get(
    "/assets/:key",
    {
      schema: {
        tags: ["assets"],
        operationId: "getAsset",
        summary: "One asset: what it is, how it stands, and why",
        params,
        response: { 200: answer("The asset", assetDetail), ...problems(404) },
      },
    },
    async ({ params: { key } }) => {
      const seen = await observer.current();
      const summary = summarise(project, seen).find((asset) => asset.key === key);
      if (!summary) throw noAsset(key);
      const { stream, model } = definitionOf(project, key);
      const workflow = stream
        ? feederId(stream.source, stream.stream)
        : model
          ? materializeId(model.asset)
          : null;
      const [activity, materializations] = await Promise.all([
        workflow === null ? null : activityOf(client, temporal, workflow),
        lake.withSession((session) => lastOf(session, temporal, key, LAST)),
      ]);
      return { ...describeAsset(project, summary, seen), activity, materializations };
    },
  );

  app.get(
    "/lineage",
    {
      schema: {
        tags: ["assets"],
        operationId: "getLineage",
        summary: "The graph of assets, from source to fact; whole, or around one asset",
        querystring: z.object({
          around: assetKey.optional(),
          direction: z.enum(["upstream", "downstream", "both"]).default("both"),
        }),
        response: { 200: answer("Assets, and which reads which", lineage), ...problems(404) },
      },
    },
    async ({ query: { around, direction } }) => {
      const nodes = summarise(project, await observer.current());
      if (around !== undefined && !nodes.some(({ key }) => key === around)) throw noAsset(around);
      const graph = new Map(project.assets.map(({ key, upstream }) => [key, upstream]));
      const kept =
        around === undefined
          ? null
          : new Set([
              around,
              ...(direction === "downstream" ? [] : upstreamOf(graph, [around])),
              ...(direction === "upstream" ? [] : downstreamOf(graph, [around])),
            ]);
      const shown = nodes.filter(({ key }) => kept === null || kept.has(key));
      const keys = new Set(shown.map(({ key }) => key));
      const edges = shown.flatMap(({ key, upstream }) =>
        upstream.filter((from) => keys.has(from)).map((from) => ({ from, to: key })),
      );
      return { nodes: shown, edges };
    },
  );

  app.post(
    "/assets/:key/materialize",
    {
      schema: {
        tags: ["assets"],
        operationId: "materializeAsset",
        summary: "Bring a processed or enriched table up to date now",
        params,
        body: z
          .object({
            full: z.boolean().default(false).describe("Rebuild it, even where increments would do"),
            keepOlder: z
              .boolean()
              .default(false)
              .describe("Of a processed table: keep the rows of files that landing no longer has"),
          })
          .prefault({}),
        response: { 202: handedOver, ...problems(404, 409) },
      },
    },
    async ({ params: { key }, body: { full, keepOlder } }, reply) => {
      const { stream, model } = definitionOf(project, key);
      const processed = stream?.processed.asset === key ? stream : null;
      if (!processed && !model) throw unknownTable(project, key);
      if (keepOlder && !(full && processed))
        throw new LotusError(
          "REQUEST_INVALID",
          "keepOlder goes with full, for an int_* table. Leave it out, or name both.",
        );
      await lake.withSession(async (session) => {
        await refuseHeld(session, key);
        if (processed && !full) await refusePaused(session, processed);
      });
      const trigger = "manual";
      const run = processed
        ? await wakeFeeder(
            client,
            processed,
            full ? { kind: "rebuild", trigger, reason: "asked for", keepOlder } : { kind: "feed", trigger },
          )
        : await wakeMaterialize(client, key, { kind: "materialize", trigger, full });
      const message = `${key} will be ${full ? "rebuilt" : "brought up to date"}`;
      return reply.code(202).send({ run: linkOf(temporal, run), message });
    },
  );

  function noAsset(key: string): LotusError {
    const near = project.assets
      .map((asset) => asset.key)
      .filter((name) => name.includes(key) || key.includes(name));
    const names = (near.length > 0 ? near : project.assets.map((asset) => asset.key)).slice(0, 20).join(", ");
    return new LotusError("NOT_FOUND", `No asset ${key} in this project. There are: ${names}.`);
  }
}
