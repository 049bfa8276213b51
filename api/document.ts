import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./app.ts";
import type { ApiContext } from "./context.ts";

type Schemas = Record<string, unknown>;
type SwaggerDocument = Parameters<typeof jsonSchemaTransformObject>[0];
type Document = { paths?: object; components?: { schemas?: Schemas } };

/**
 * Serves /openapi.json, made from the routes' schemas, and a readable reference at /docs: to anybody. To be called
 * before the routes are added.
 */
export async function describeApi(app: App, { version, tokens }: ApiContext): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Lotus",
        version,
        description:
          "Watch and steer the lake. Times are ISO 8601 in UTC; long lists come in pages, by `cursor`; errors are " +
          "`application/problem+json` (RFC 9457) with the codes of docs/reference/errors.md.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      ...(tokens.length > 0 ? { security: [{ token: [] }] } : {}),
    },
    transform: jsonSchemaTransform,
    transformObject: (document) =>
      withNeededSchemas(jsonSchemaTransformObject(document as SwaggerDocument) as Document),
  });
  await app.register(async (scope) => {
    scope.addHook("onRoute", (route) => {
      route.config = { ...route.config, role: null };
    });
    await scope.register(swaggerUi, {
      routePrefix: "/docs",
      uiConfig: { docExpansion: "list", validatorUrl: null },
    });
  });
  app.get("/openapi.json", { schema: { hide: true }, config: { role: null } }, async () => app.swagger());
}

const TAGS = {
  assets: "Tables and what makes them",
  streams: "What comes in from S3",
  quarantine: "Files that were set aside",
  "events in": "What S3 servers and Airbyte tell",
  backfills: "The past, once more",
  maintenance: "What keeps the lake small",
  runs: "What Temporal runs",
  snapshots: "The lake's history",
  query: "SQL",
  live: "What happens, as it happens",
  health: "For probes, Prometheus and scripts",
};

/** The generator gives every named schema twice, once for requests as `...Input`. Keeps what is used, under one name. */
function withNeededSchemas(document: Document) {
  const all = document.components?.schemas ?? {};
  const needed = reachable(document.paths, all);
  const isTwin = (name: string) => name.endsWith("Input") && !needed.has(name.slice(0, -"Input".length));
  const plain = (name: string) => (isTwin(name) ? name.slice(0, -"Input".length) : name);
  const schemas = Object.fromEntries([...needed].sort().map((name) => [plain(name), all[name]]));
  const whole = { ...document, components: { ...document.components, schemas } };
  return JSON.parse(JSON.stringify(whole), (key, value) =>
    key === "$ref" && typeof value === "string" ? `${SCHEMAS}${plain(value.slice(SCHEMAS.length))}` : value,
  );
}

const SCHEMAS = "#/components/schemas/";

/** Names of the schemas that something refers to, by way of others too. */
function reachable(from: unknown, schemas: Schemas, found = new Set<string>()): Set<string> {
  if (typeof from !== "object" || from === null) return found;
  for (const [key, value] of Object.entries(from)) {
    const name = key === "$ref" && typeof value === "string" ? value.slice(SCHEMAS.length) : null;
    if (name === null) reachable(value, schemas, found);
    else if (!found.has(name)) reachable(schemas[name], schemas, found.add(name));
  }
  return found;
}
