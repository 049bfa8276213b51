import type { FastifyInstance, FastifyRequest } from "fastify";

const LOOKING = new Set(["GET", "HEAD", "OPTIONS"]);

declare module "fastify" {
  interface FastifyContextConfig {
    /** Changes nothing although it is no GET: no line in the audit log. Default: no. */
    readsOnly?: boolean;
  }
}

/** Writes a line for each change: who asked for what, when, and what became of it. */
export function keepAuditLog(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    if (LOOKING.has(request.method) || request.routeOptions.config.readsOnly) return;
    if (request.routeOptions.url === undefined) return;
    request.log.info({ audit: { ...whatOf(request), status: reply.statusCode } }, "change");
  });
}

function whatOf(request: FastifyRequest) {
  return {
    who: request.caller?.name ?? "nobody",
    role: request.caller?.role ?? null,
    what: `${request.method} ${request.routeOptions.url}`,
    on: request.params,
    from: request.ip,
  };
}
