/** The gateway in a process of its own, as `lotus up` runs it, until its standard input ends. */
import { writeFile } from "node:fs/promises";
import { pino } from "pino";
import type { Connections } from "../common/settings.ts";
import { startGateway } from "../gateway/server.ts";
import type { LakeExtensions } from "../lake/lake.ts";

const [inputText = "{}"] = await new Promise<string[]>((resolve) => {
  process.stdin.once("data", (text) => resolve([String(text)]));
});
const input = JSON.parse(inputText) as {
  connections: Connections;
  extensions: LakeExtensions;
  folder: string;
  database: string;
  memoryLimit: string;
  portFile: string;
};
const gateway = await startGateway({
  connections: input.connections,
  project: null,
  settings: {
    host: "127.0.0.1",
    port: null,
    database: input.database,
    certificate: null,
    memoryLimit: input.memoryLimit,
    url: null,
  },
  lastPort: null,
  engine: { memoryLimit: input.memoryLimit, threads: null },
  extensions: input.extensions,
  stateDir: input.folder,
  logger: pino({ level: "warn" }, process.stderr),
});
await writeFile(input.portFile, String(gateway.port));
process.stdin.once("end", async () => {
  await gateway.stop();
  process.exit(0);
});
