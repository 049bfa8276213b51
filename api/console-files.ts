import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** Where `vite build` puts the console. */
const BUILT = fileURLToPath(new URL("../console/dist/", import.meta.url));

const NOT_BUILT =
  "The console is not built. Run `npm run console` in Lotus's folder, then reload this page.\n" +
  "The API works without it; /docs lists what there is.\n";

/**
 * Serves the built console, which needs no token: its files are no secret, and it asks for one itself. What lies under
 * /static/ changes its name with its content and is kept by browsers for ever; index.html, which has those names,
 * never is. It is the answer to every path that a browser opens and that nothing else answers: the addresses of the
 * console's pages are its own affair.
 */
export async function serveConsole(app: FastifyInstance): Promise<void> {
  app.addHook("onRoute", (route) => {
    route.config = { ...route.config, role: null };
  });
  await app.register(fastifyStatic, {
    root: join(BUILT, "static"),
    prefix: "/static/",
    index: false,
    immutable: true,
    maxAge: "365d",
    preCompressed: true,
    // It may be built while this runs.
    suppressWarning: true,
  });
  app.get("/*", { schema: { hide: true } }, async (request, reply) => {
    const wantsPage = request.url === "/" || /\btext\/html\b/.test(request.headers.accept ?? "");
    if (!wantsPage) return reply.callNotFound();
    const index = await readFile(join(BUILT, "index.html")).catch(() => null);
    if (index === null) return reply.code(503).type("text/plain; charset=utf-8").send(NOT_BUILT);
    return reply.header("cache-control", "no-store").type("text/html; charset=utf-8").send(index);
  });
}
