import type { FastifyInstance, FastifyRequest } from "fastify";

const LOOKING = new Set(["GET", "HEAD", "OPTIONS"]);

declare module "fastify" {
  interface FastifyContextConfig {
    /** Changes nothing although it is no GET: no line in the audit log. Default: no. */
    readsOnly?: boolean;
    /** Changes nothing where the body says `dryRun`: no line for these. Default: no. */
    dryRuns?: boolean;
  }
}

/** Writes a line for each change: who asked for what, when, and what became of it. */
export function keepAuditLog(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    const { url, config } = request.routeOptions;
    if (LOOKING.has(request.method) || config.readsOnly || url === undefined) return;
    if (config.dryRuns && (request.body as { dryRun?: boolean } | undefined)?.dryRun === true) return;
    request.log.info({ audit: { ...whatOf(request), status: reply.statusCode } }, "change");
  });
}

function whatOf(request: FastifyRequest) {
  return {
    who: request.caller?.name ?? "nobody",
    role: request.caller?.role ?? null,
    what: `${request.method} ${request.routeOptions.url}`,
    on: request.params,
    ...(request.body ? { asked: request.body } : {}),
    from: request.ip,
  };
}
