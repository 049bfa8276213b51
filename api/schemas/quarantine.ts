import { z } from "zod";
import { time } from "./common.ts";

export const quarantinedFile = z
  .object({
    source: z.string(),
    stream: z.string(),
    key: z.string(),
    etag: z.string(),
    size: z.int(),
    reason: z.string(),
    setAsideAt: time,
  })
  .meta({ id: "QuarantinedFile" });
