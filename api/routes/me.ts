import { basename } from "node:path";
import { z } from "zod";
import { roles } from "../../common/api-tokens.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { problems } from "../problems.ts";
import { answer } from "../schemas/common.ts";

const me = z
  .object({
    name: z.string().describe("As it stands in the audit log"),
    role: z.enum(roles),
    tokenNeeded: z.boolean().describe("Whether requests need a token here"),
    version: z.string().describe("Lotus's"),
    project: z.object({ name: z.string().describe("Its folder's") }),
    temporalUi: z.url().nullable().describe("Null where its address is not known"),
  })
  .meta({ id: "Me" });

export function meRoutes(app: App, { tokens, version, project, temporal }: ApiContext): void {
  app.get(
    "/me",
    {
      schema: {
        tags: ["health"],
        operationId: "getMe",
        summary: "Who asks, what they may do, and whom they ask",
        response: { 200: answer("The caller, and this lake", me), ...problems() },
      },
    },
    async ({ caller }) => ({
      ...caller,
      tokenNeeded: tokens.length > 0,
      version,
      project: { name: basename(project.dir) },
      temporalUi: temporal.ui,
    }),
  );
}
