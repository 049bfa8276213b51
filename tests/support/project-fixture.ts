import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Finding, Project } from "../../assets/definitions.ts";
import { type LoadOptions, loadProject } from "../../assets/project.ts";

/** Makes a folder with these files (an object is written as JSON) and removes it after the test. */
export async function makeProject(files: Record<string, string | object>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "lotus-project-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "dag/streams"), { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(
      join(dir, path),
      typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`,
    );
  }
  return dir;
}

export async function loadFiles(
  files: Record<string, string | object>,
  options?: LoadOptions,
): Promise<Project> {
  return loadProject(await makeProject(files), options);
}

/** `shop/orders`: a sound stream with a key and a cursor. */
export const ORDERS = {
  stream: "orders",
  primary_key: [["id"]],
  cursor_field: ["updated_at"],
  fields: {
    id: { type: "integer" },
    updated_at: { type: "string", format: "date-time" },
    amount: { type: "number" },
    customer: { type: ["null", "object"] },
  },
};

/** A project of `shop/orders` and these files. */
export function withOrders(files: Record<string, string | object>): Record<string, string | object> {
  return { "dag/streams/shop/orders.json": ORDERS, ...files };
}

export function errorsOf(project: Project): Finding[] {
  return project.findings.filter((finding) => finding.severity === "error");
}
