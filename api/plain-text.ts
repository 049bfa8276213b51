import type { FastifyInstance } from "fastify";
import { LotusError } from "../common/errors.ts";

/** Refuses requests with a NUL character in them: neither SQL nor Postgres nor S3 can hold one. */
export function refuseNul(app: FastifyInstance): void {
  app.addHook("preValidation", async ({ params, query, body }) => {
    if (hasNul(params) || hasNul(query) || hasNul(body))
      throw new LotusError("REQUEST_INVALID", "The request has a NUL character in it. Leave it out.");
  });
}

function hasNul(value: unknown): boolean {
  if (typeof value === "string") return value.includes("\0");
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, item]) => key.includes("\0") || hasNul(item));
}
