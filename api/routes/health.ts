import { z } from "zod";
import { messageOf } from "../../common/errors.ts";
import { firstLine } from "../../lake/faults.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { problems } from "../problems.ts";
import { answer } from "../schemas/common.ts";

const part = z.object({ ok: z.boolean(), message: z.string().nullable() });
const readiness = z
  .object({ ready: z.boolean(), catalog: part, s3: part, temporal: part })
  .meta({ id: "Readiness" });

/** For probes and Prometheus. What they tell is no secret, but for the metrics. */
export function healthRoutes(app: App, context: ApiContext): void {
  const metrics = createMetrics(context);

  app.get(
    "/healthz",
    {
      config: { role: null, rateLimit: false },
      schema: {
        tags: ["health"],
        operationId: "getHealth",
        summary: "Whether this process answers",
        response: { 200: answer("It does", z.object({ ok: z.literal(true) })) },
      },
    },
    async () => ({ ok: true as const }),
  );

  app.get(
    "/readyz",
    {
      config: { role: null, rateLimit: false },
      schema: {
        tags: ["health"],
        operationId: "getReadiness",
        summary: "Whether everything that it needs answers, and which part does not",
        response: { 200: answer("All parts answer", readiness), 503: answer("A part does not", readiness) },
      },
    },
    async (_request, reply) => {
      const [catalog, s3, temporal] = await Promise.all([
        look(() =>
          context.lake.withSession((session) =>
            session.queryRaw("SELECT * FROM ducklake_current_snapshot('lakehouse')"),
          ),
        ),
        look(() => context.store.check()),
        look(() => context.client.connection.workflowService.getSystemInfo({})),
      ]);
      const ready = catalog.ok && s3.ok && temporal.ok;
      return reply.code(ready ? 200 : 503).send({ ready, catalog, s3, temporal });
    },
  );

  app.get(
    "/metrics",
    {
      config: { rateLimit: false },
      schema: {
        tags: ["health"],
        operationId: "getMetrics",
        summary: "For Prometheus",
        response: {
          200: {
            description: "Text of Prometheus's format",
            content: { "text/plain": { schema: z.string() } },
          },
          ...problems(),
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics();
      return reply.type("text/plain; version=0.0.4; charset=utf-8").serializer(String).send(text);
    },
  );
}

const PATIENCE_MS = 5000;

async function look(work: () => Promise<unknown>): Promise<z.infer<typeof part>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    await Promise.race([work(), late]);
    return { ok: true, message: null };
  } catch (error) {
    return { ok: false, message: firstLine(messageOf(error)) };
  } finally {
    clearTimeout(timer);
  }
}
