import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { z } from "zod";
import { type ErrorCode, errorCatalogue, LotusError, messageOf } from "../common/errors.ts";
import { temporalFault } from "./temporal-faults.ts";

/** What every failed request is answered with: RFC 9457, with the project's own codes. */
export const problemSchema = z
  .object({
    type: z.string().describe("urn:lotus:error: and the code"),
    title: z.string().describe("What errors of this code are about"),
    status: z.int(),
    code: z.string().describe("Stable; docs/errors.md has each"),
    detail: z.string().describe("What happened, and what to do next"),
    instance: z.string().describe("The request's id, as in the log"),
    errors: z
      .array(z.object({ at: z.string(), message: z.string() }))
      .optional()
      .describe("What is wrong with the request, and where"),
  })
  .meta({ id: "Problem", description: "Why a request failed (RFC 9457)" });

export type Problem = z.infer<typeof problemSchema>;

export const PROBLEM_TYPE = "application/problem+json";

const STATUS: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  QUERY_FAILED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  QUERY_TIMEOUT: 408,
  ASSET_HELD: 409,
  BACKFILL_REFUSED: 409,
  FENCE_LOST: 409,
  LAKE_CONFLICT: 409,
  LANDING_INCOMPLETE: 409,
  ROLLBACK_REFUSED: 409,
  STREAM_PAUSED: 409,
  REQUEST_TOO_LARGE: 413,
  MODEL_FAILED: 422,
  RATE_LIMITED: 429,
  CATALOG_UNREACHABLE: 503,
  ENGINE_FAILED: 503,
  OUT_OF_MEMORY: 503,
  S3_UNREACHABLE: 503,
  TEMPORAL_UNREACHABLE: 503,
};

/** The response schemas of the problems that a route may answer with; every route may meet some. */
export function problems(...statuses: number[]) {
  const all = new Set([...statuses, 400, 401, 403, 413, 429, 431, 500, 503]);
  return Object.fromEntries(
    [...all]
      .sort()
      .map((status) => [
        status,
        { description: ABOUT[status], content: { [PROBLEM_TYPE]: { schema: problemSchema } } },
      ]),
  );
}

const ABOUT: Record<number, string> = {
  400: "The request is not as it should be",
  401: "The request came without a token that is known",
  403: "The request is not for this caller to make",
  404: "There is nothing of that name",
  408: "It took longer than it may",
  409: "It cannot be done as things are",
  413: "The request is too large",
  429: "Too many requests",
  431: "The address and headers are too large",
  500: "Something failed that nobody foresaw",
  503: "A part that it needs does not answer",
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** Runs a caller's own statements. Default: no. */
    takesSql?: boolean;
  }
}

/** Turns everything that is thrown into a problem. What nobody foresaw is logged, and its text kept back. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = toLotusError(error, request);
    if (known && STATUS[known.error.code] !== undefined)
      return sendProblem(request, reply, known.error, known.errors);
    request.log.error({ err: error }, "a request failed unforeseen");
    const text = `The request failed in a way that nobody foresaw. The log has it under ${request.id}.`;
    return sendProblem(request, reply, new LotusError("INTERNAL", text));
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new LotusError(
        "NOT_FOUND",
        `There is no ${request.method} ${request.url.split("?")[0]}. /docs lists what there is.`,
      ),
    ),
  );
}

function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: LotusError,
  errors?: Problem["errors"],
): FastifyReply {
  const status = STATUS[error.code] ?? 500;
  const problem: Problem = { ...problemOf(error, request.id, status), ...(errors ? { errors } : {}) };
  return reply.code(status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(problem);
}

/** An error as a problem. */
export function problemOf({ code, message }: LotusError, requestId: string, status: number): Problem {
  return {
    type: `urn:lotus:error:${code}`,
    title: errorCatalogue[code].about,
    status,
    code,
    detail: message,
    instance: requestId,
  };
}

/** @returns null for what nobody foresaw. */
function toLotusError(
  error: FastifyError,
  { routeOptions }: FastifyRequest,
): { error: LotusError; errors?: Problem["errors"] } | null {
  // A statement that fails is the caller's fault only where it is the caller's.
  if (error instanceof LotusError)
    return error.code === "QUERY_FAILED" && !routeOptions.config.takesSql ? null : { error };
  const fault = temporalFault(error);
  if (fault) return { error: fault };
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map((issue) => ({
      at: `${error.validationContext ?? "body"}${issue.instancePath}`,
      message: issue.message ?? "is not as it should be",
    }));
    const text = errors.map(({ at, message }) => `${at}: ${message}`).join("; ");
    return { error: new LotusError("REQUEST_INVALID", `${text}. /docs says what is expected.`), errors };
  }
  // Fastify's own: a body that is no JSON, too large, of a type that is not taken.
  if (error.statusCode === 413)
    return { error: new LotusError("REQUEST_TOO_LARGE", `${messageOf(error)}. Send less at once.`) };
  if (error.statusCode === 429) return { error: new LotusError("RATE_LIMITED", messageOf(error)) };
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return { error: new LotusError("REQUEST_INVALID", `${messageOf(error)}. /docs says what is expected.`) };
  return null;
}
