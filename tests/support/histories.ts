import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Client } from "@temporalio/client";
import proto from "@temporalio/proto";

const { History } = proto.temporal.api.history.v1;
/** A workflow run's events. */
export type History = ReturnType<typeof History.decode>;

const folder = fileURLToPath(new URL("../histories/", import.meta.url));

/** Runs whose histories are kept, by the name of their file. */
const RECORDED = {
  "sensor.pb": "sensor/shop/refunds",
  "feeder.pb": "feeder/shop/refunds",
  "materialize.pb": "materialize/fct_sales",
  "automation.pb": "automation",
  "maintenance.pb": "maintenance",
  "backfill.pb": "backfill/recorded",
};

/**
 * Writes the histories of a test's workflows to tests/histories. After a deliberate change of a workflow:
 * LOTUS_RECORD_HISTORIES=1 npm test -- tests/orchestration.test.ts
 */
export async function recordHistories(client: Client): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, workflowId] of Object.entries(RECORDED)) {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    await writeFile(`${folder}${file}`, History.encode(history).finish());
  }
}

/** The recorded histories: file name → history. */
export async function readHistories(): Promise<[string, History][]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".pb"));
  return Promise.all(
    files.map(
      async (file): Promise<[string, History]> => [file, History.decode(await readFile(`${folder}${file}`))],
    ),
  );
}
