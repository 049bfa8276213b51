import { z } from "zod";

export const table = z
  .object({
    schema: z
      .enum(["main", "staging", "meta"])
      .describe("`main`: processed and enriched tables; `staging`: landing; `meta`: the lake's own logs"),
    name: z.string(),
    description: z.string().nullable(),
    rows: z.int().nullable().describe("Null: a view, or one of the lake's own logs"),
    columns: z.array(z.object({ name: z.string(), type: z.string(), description: z.string().nullable() })),
  })
  .meta({ id: "Table" });
