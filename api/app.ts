import { randomUUID } from "node:crypto";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Logger } from "pino";
import { acceptAbsentBodies } from "./absent-body.ts";
import { guardAccess } from "./access.ts";
import { keepAuditLog } from "./audit-log.ts";
import { answerBrokenRequest } from "./broken-requests.ts";
import { serveConsole } from "./console-files.ts";
import type { ApiContext } from "./context.ts";
import { describeApi } from "./document.ts";
import { refuseNul } from "./plain-text.ts";
import { answerProblems } from "./problems.ts";
import { requestLogger } from "./request-log.ts";
import { assetRoutes } from "./routes/assets.ts";
import { backfillRoutes } from "./routes/backfills.ts";
import { eventRoutes } from "./routes/events-in.ts";
import { healthRoutes } from "./routes/health.ts";
import { liveRoutes } from "./routes/live.ts";
import { maintenanceRoutes } from "./routes/maintenance.ts";
import { meRoutes } from "./routes/me.ts";
import { quarantineRoutes } from "./routes/quarantine.ts";
import { queryRoutes } from "./routes/query.ts";
import { rollBackRoutes } from "./routes/rollback.ts";
import { runRoutes } from "./routes/runs.ts";
import { snapshotRoutes } from "./routes/snapshots.ts";
import { streamRoutes } from "./routes/streams.ts";
import { tableRoutes } from "./routes/tables.ts";

/** The API's server, with zod for what comes in and goes out. */
export type App = FastifyInstance<
  import("node:http").Server,
  import("node:http").IncomingMessage,
  import("node:http").ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Bodies are requests, never data. */
const BODY_LIMIT = 1024 * 1024;
/**
 * For each caller's address. Reads are cheap, since all share one look at the lake: fifty scripts on one machine may
 * poll as fast as they can. What hands work to somebody is not.
 */
const READS_A_MINUTE = 300_000;
const OTHERS_A_MINUTE = 1200;

/** Makes the API's server; it does not listen yet. */
export async function createApp(context: ApiContext, logger: Logger): Promise<App> {
  const app: App = Fastify({
    loggerInstance: requestLogger(logger) as FastifyBaseLogger,
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    forceCloseConnections: true,
    clientErrorHandler: answerBrokenRequest,
    routerOptions: { maxParamLength: 1500 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerProblems(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  await app.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY, strictTransportSecurity: false });
  await app.register(rateLimit, {
    timeWindow: "1 minute",
    keyGenerator: (request) => `${isRead(request) ? "reads" : "others"} of ${request.ip}`,
    max: (request) => (isRead(request) ? READS_A_MINUTE : OTHERS_A_MINUTE),
  });
  guardAccess(app, context.tokens);
  keepAuditLog(app);
  acceptAbsentBodies(app);
  refuseNul(app);
  await describeApi(app, context);
  await app.register(async (scope) => healthRoutes(scope as App, context));
  await app.register(
    async (scope) => {
      const routes = [
        assetRoutes,
        rollBackRoutes,
        streamRoutes,
        quarantineRoutes,
        eventRoutes,
        backfillRoutes,
        maintenanceRoutes,
        runRoutes,
        snapshotRoutes,
        queryRoutes,
        tableRoutes,
        liveRoutes,
        meRoutes,
      ];
      for (const add of routes) add(scope as App, context);
    },
    { prefix: "/api/v1" },
  );
  // What nothing above answers is the console's, but for the API's own paths.
  app.get("/api/*", { schema: { hide: true } }, (_request, reply) => reply.callNotFound());
  await app.register(serveConsole);
  return app;
}

function isRead({ method }: FastifyRequest): boolean {
  return method === "GET" || method === "HEAD";
}

/** Pages of the console and of /docs load nothing from elsewhere, and nobody frames them. */
const CONTENT_SECURITY = {
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", "data:"],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    workerSrc: ["'self'"],
    frameAncestors: ["'none'"],
    upgradeInsecureRequests: null,
  },
};
