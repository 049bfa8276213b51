import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./app.ts";
import type { ApiContext } from "./context.ts";
import { shapeDocument } from "./document-shape.ts";

type SwaggerDocument = Parameters<typeof jsonSchemaTransformObject>[0];

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
    transformObject: (document) => shapeDocument(jsonSchemaTransformObject(document as SwaggerDocument)),
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
