import { z } from "zod";
import { runLink, time } from "./common.ts";

export const snapshot = z
  .object({
    id: z.int(),
    time,
    author: z.string().nullable(),
    message: z.string().nullable(),
    tables: z.array(z.string()),
    run: runLink.nullable().describe("Null where none made it"),
  })
  .meta({ id: "Snapshot" });

export const comparison = z
  .object({
    from: z.int(),
    to: z.int(),
    tables: z.array(
      z.object({
        table: z.string(),
        added: z.int(),
        changed: z.int(),
        deleted: z.int(),
        note: z
          .string()
          .nullable()
          .describe("Why there are no counts: created, dropped, or expired in between"),
      }),
    ),
  })
  .meta({ id: "SnapshotComparison" });
