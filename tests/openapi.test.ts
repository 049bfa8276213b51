import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApiDocument } from "../api/openapi.ts";
import { type Answer, ApiFixture, order, TOKENS } from "./support/api-fixture.ts";
import { type JsonSchema, spoilt, valid } from "./support/schema-arbitrary.ts";

/** The OpenAPI document: valid, complete, and true. */

interface Parameter {
  in: "path" | "query" | "header";
  name: string;
  required: boolean;
  schema: JsonSchema;
}

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { content: { "application/json": { schema: JsonSchema } } };
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>;
}

interface Document {
  paths: Record<string, Record<"get" | "post", Operation>>;
  tags: { name: string }[];
  components: { schemas: Record<string, JsonSchema & { examples?: unknown[] }> };
}

const document = (await openApiDocument("1.2.3")) as Document;
const ajv = addFormats.default(new Ajv2020.default({ strict: false, validateFormats: true }));
ajv.addSchema(document, "document");

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase() as "GET" | "POST",
    ...operation,
  })),
);

function find(ref: string): JsonSchema {
  return document.components.schemas[ref.slice("#/components/schemas/".length)] as JsonSchema;
}

/** What is wrong with a value, by a place in the document; null: nothing. */
function faultOf(value: unknown, ...place: string[]): string | null {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
  const check = ajv.getSchema(`document#/${pointer.join("/")}`);
  if (!check) throw new Error(`no schema at ${place.join("/")}`);
  return check(value) ? null : ajv.errorsText(check.errors);
}

describe("the document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const { valid: isValid, errors } = await new Validator().validate({ ...structuredClone(document) });
    expect(errors).toBeUndefined();
    expect(isValid).toBe(true);
    expect(document).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
  });

  test("names and describes every operation and every answer", () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { operationId, summary, tags: own, responses, path } of operations) {
      expect(operationId, path).toMatch(/^[a-z][A-Za-z0-9]+$/);
      expect(summary, operationId).toMatch(/^\S.{5,}$/);
      expect(own, operationId).toHaveLength(1);
      expect(tags).toContain(own[0]);
      const answers = Object.entries(responses);
      expect(
        answers.some(([status]) => status.startsWith("2")),
        operationId,
      ).toBe(true);
      for (const [status, { description, content }] of answers) {
        expect(description, `${operationId} ${status}`).not.toMatch(/^(Default Response)?$/);
        expect(Object.keys(content ?? {}).length, `${operationId} ${status}`).toBeGreaterThan(0);
      }
    }
  });

  test("tells the problems of every operation that needs a token", () => {
    for (const { operationId, responses } of operations) {
      if (operationId === "getHealth" || operationId === "getReadiness") continue;
      for (const status of ["400", "401", "403", "413", "429", "431", "500", "503"])
        expect(Object.keys(responses[status]?.content ?? {}), `${operationId} ${status}`).toEqual([
          "application/problem+json",
        ]);
    }
  });

  test("has the parameters of its paths, and no schema twice or for nothing", () => {
    for (const { path, parameters = [], operationId } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const declared = parameters.filter((parameter) => parameter.in === "path");
      expect(declared.map(({ name }) => name).sort(), operationId).toEqual(named);
    }
    const text = JSON.stringify(document);
    for (const name of Object.keys(document.components.schemas)) {
      expect(name).not.toMatch(/Input$/);
      expect(text, name).toContain(`"#/components/schemas/${name}"`);
    }
  });

  test("every example in it is valid", () => {
    const examples = Object.entries(document.components.schemas).flatMap(([name, { examples = [] }]) =>
      examples.map((example) => [name, example] as const),
    );
    expect(examples.length).toBeGreaterThan(3);
    for (const [name, example] of examples)
      expect(faultOf(example, "components", "schemas", name), name).toBeNull();
  });
});

const run = promisify(execFile);
const schemathesis = await run("schemathesis", ["--version"]).then(
  () => true,
  () => false,
);

/** Names that are there, so that requests get beyond "no such thing". */
const KNOWN: Record<string, string[]> = {
  key: ["fct_orders", "fct_total", "int_shop__orders", "feeder_shop_orders", "landing_tables"],
  source: ["shop"],
  stream: ["orders", "clicks"],
  workflowId: ["feeder/shop/orders", "sensor/shop/clicks", "materialize/fct_orders", "automation"],
};

describe("the API", () => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await ApiFixture.open();
    await api.land("orders", "2026-01-02/a", `${order(1, 10)} UNION ALL ${order(2, 20)}`);
    await api.land("clicks", "2026-01-02/a", "SELECT 1::BIGINT AS id, '/' AS page");
    await api.running.store.put(api.key("orders", "2026-01-03/bad"), Buffer.from("no Parquet"));
    await api.running.settle();
  });
  afterAll(() => api.close());

  /** Every answer is one that the document tells of. */
  function expectDocumented(
    { operationId, path, method, responses }: (typeof operations)[number],
    answer: Answer,
  ) {
    const told = `${operationId} ${answer.status} ${answer.text.slice(0, 500)}`;
    expect(answer.status, told).not.toBe(500);
    const status = String(answer.status);
    const content = responses[status]?.content;
    expect(content, `${told} is not in the document`).toBeDefined();
    const type = String(answer.headers["content-type"]).split(";")[0] as string;
    expect(Object.keys(content ?? {}), told).toContain(type);
    if (!type.includes("json")) return;
    const place = ["paths", path, method.toLowerCase(), "responses", status, "content", type, "schema"];
    expect(faultOf(answer.body, ...place), told).toBeNull();
  }

  const arbitraries = {
    valid: (schema: JsonSchema) => valid(schema, find),
    spoilt: (schema: JsonSchema) => spoilt(schema, find),
  };

  function requests({ parameters = [], requestBody }: Operation, kind: keyof typeof arbitraries) {
    const arbitrary = arbitraries[kind];
    const text = fc.string({ maxLength: 20, unit: "binary" });
    const values = parameters.map(({ name, schema, ...parameter }) => {
      const own = valid(schema, find).map(String);
      const known = parameter.in === "path" && KNOWN[name] ? [fc.constantFrom(...KNOWN[name])] : [];
      const value = fc.oneof(...known, ...known, kind === "valid" ? own : fc.oneof(own, text));
      return [name, parameter.required ? value : fc.option(value, { nil: undefined })] as const;
    });
    const body = requestBody?.content["application/json"].schema;
    return fc.record({
      values: fc.record(Object.fromEntries(values)),
      body: body ? arbitrary(body) : fc.constant(undefined),
    });
  }

  async function send(
    { path, method, parameters = [], operationId }: (typeof operations)[number],
    { values, body }: { values: Record<string, unknown>; body: unknown },
  ): Promise<Answer> {
    const of = (place: Parameter["in"]) => parameters.filter((parameter) => parameter.in === place);
    const encoded = (value: unknown) => encodeURIComponent(String(value));
    const query = of("query").flatMap(({ name }) =>
      values[name] === undefined ? [] : [`${name}=${encoded(values[name])}`],
    );
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(values[name]));
    return api.call(method, `${url}?${query.join("&")}`, {
      from: `10.1.${operations.findIndex((other) => other.operationId === operationId)}.1`,
      ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
    });
  }

  /** One that listens is answered for ever. */
  const answering = operations.filter(({ operationId }) => operationId !== "followEvents");

  test.each(answering.map((operation) => [operation.operationId, operation] as const))(
    "%s answers as the document says, whatever is asked",
    async (_, operation) => {
      for (const kind of ["valid", "spoilt"] as const) {
        await fc.assert(
          fc.asyncProperty(requests(operation, kind), async (request) => {
            const answer = await send(operation, request);
            expectDocumented(operation, answer);
            if (request.body === undefined) return;
            const place = ["requestBody", "content", "application/json", "schema"];
            const fault = faultOf(
              request.body,
              "paths",
              operation.path,
              operation.method.toLowerCase(),
              ...place,
            );
            if (fault !== null)
              expect(answer.status, `${fault}: ${JSON.stringify(request)}`).toBeGreaterThanOrEqual(400);
          }),
          { numRuns: 12, interruptAfterTimeLimit: 10_000 },
        );
      }
    },
  );

  test.runIf(schemathesis)(
    "schemathesis finds no 500 and no answer that is not in the document",
    async () => {
      const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
      const checks =
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
      const { stdout } = await run(
        "schemathesis",
        [
          "run",
          `${url}/openapi.json`,
          ...["--checks", checks, "--max-examples", "25", "--exclude-operation-id", "followEvents"],
          ...["--header", `Authorization: Bearer ${TOKENS[0]?.secret}`, "--no-color"],
        ],
        { timeout: 600_000, maxBuffer: 100_000_000, cwd: api.isolation.folder },
      ).catch((error: { stdout: string }) => {
        throw new Error(error.stdout);
      });
      expect(stdout).toMatch(/passed/);
    },
    600_000,
  );
});
