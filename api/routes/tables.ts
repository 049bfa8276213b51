import { z } from "zod";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { problems } from "../problems.ts";
import { readTables } from "../read/tables.ts";
import { answer } from "../schemas/common.ts";
import { table } from "../schemas/tables.ts";

export function tableRoutes(app: App, { queryLake, observer, project }: ApiContext): void {
  app.get(
    "/tables",
    {
      schema: {
        tags: ["query"],
        operationId: "listTables",
        summary: "What can be read: tables and views with their columns",
        response: {
          200: answer("Tables by schema and name", z.object({ tables: z.array(table) })),
          ...problems(),
        },
      },
    },
    async () => {
      const { view } = await observer.current();
      return { tables: await queryLake.withSession((session) => readTables(session, project, view)) };
    },
  );
}
