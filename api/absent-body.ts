import type { FastifyInstance } from "fastify";

/**
 * A request without a body, or with an empty one that calls itself JSON, is one that asks for nothing in particular:
 * routes all of whose fields are optional then do what they do by default, and the others name what they miss.
 */
export function acceptAbsentBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body.length === 0) done(null, {});
    else parse(request, body as string, done);
  });
  app.addHook("preValidation", async (request) => {
    if (request.body === undefined) request.body = {};
  });
}
