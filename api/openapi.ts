import { pino } from "pino";
import type { Project } from "../assets/definitions.ts";
import { createApp } from "./app.ts";
import type { ApiContext } from "./context.ts";

/** The OpenAPI document, made without any server: it says the same for every lake. */
export async function openApiDocument(version: string): Promise<object> {
  const project = {
    dir: "",
    streams: [],
    models: [],
    assets: [],
    findings: [],
    disabled: {},
  } satisfies Project;
  // Routes only use what they are given when they are asked.
  const context = { project, tokens: [], version } as unknown as ApiContext;
  const app = await createApp(context, pino({ level: "silent" }));
  try {
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
}
