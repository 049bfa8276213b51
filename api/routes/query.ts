import { z } from "zod";
import { csvOf } from "../../query/csv.ts";
import { jsonOf } from "../../query/json.ts";
import { parquetOf } from "../../query/parquet.ts";
import { runQuery } from "../../query/read.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { problems } from "../problems.ts";

const MOST_ROWS = 1_000_000;
const LONGEST_SECONDS = 300;

const FORMATS = {
  json: { type: "application/json; charset=utf-8", make: jsonOf },
  csv: { type: "text/csv; charset=utf-8", make: csvOf },
  parquet: { type: "application/vnd.apache.parquet", make: parquetOf },
};

const question = z
  .object({
    sql: z.string().min(1).max(100_000),
    format: z.enum(["json", "csv", "parquet"]).default("json"),
    maxRows: z.int().min(1).max(MOST_ROWS).default(10_000),
    timeoutSeconds: z.number().positive().max(LONGEST_SECONDS).default(30),
  })
  .meta({
    id: "Query",
    examples: [
      { sql: "SELECT order_date, sum(total_sales) FROM fct_sales GROUP BY ALL ORDER BY 1", format: "csv" },
    ],
  });

const result = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.unknown())).describe("BIGINT, DECIMAL, dates and times as text, exact"),
    rowCount: z.int(),
    truncated: z.boolean().describe("Whether there are more rows than maxRows"),
    seconds: z.number(),
  })
  .meta({ id: "QueryResult" });

export function queryRoutes(app: App, { queryLake }: ApiContext): void {
  app.post(
    "/query",
    {
      config: { role: "viewer", readsOnly: true, takesSql: true },
      schema: {
        tags: ["query"],
        operationId: "query",
        summary: "Read the lake with SQL",
        description:
          "One statement that reads, in DuckDB's dialect, over one snapshot; only the lake's tables.",
        body: question,
        response: {
          200: {
            description: "The result",
            content: {
              "application/json": { schema: result },
              "text/csv": { schema: z.string() },
              "application/vnd.apache.parquet": { schema: z.string() },
            },
          },
          ...problems(404, 408),
        },
      },
    },
    async ({ body }, reply) => {
      const gone = new AbortController();
      reply.raw.once("close", () => {
        if (!reply.raw.writableEnded) gone.abort();
      });
      const request = {
        sql: body.sql,
        maxRows: body.maxRows,
        timeoutMs: Math.ceil(body.timeoutSeconds * 1000),
        signal: gone.signal,
      };
      return runQuery(queryLake, request, async (found) => {
        reply.header("x-lotus-truncated", String(found.truncated));
        if (body.format !== "json")
          reply.header("content-disposition", `attachment; filename="query.${body.format}"`);
        const { type, make } = FORMATS[body.format];
        // Already text or bytes; too much to be held against its schema.
        return reply
          .type(type)
          .serializer((value) => value as never)
          .send((await make(found)) as never);
      });
    },
  );
}
