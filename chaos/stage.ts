import { appendFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import { loadProject } from "../assets/project.ts";
import type { Connections } from "../common/settings.ts";
import { connectTemporal } from "../orchestration/connect.ts";
import { provisionGoTool } from "../platform/gotools.ts";
import { provision, type Tools } from "../platform/provision.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { writeBundle } from "./bundle.ts";
import { Memory } from "./memory.ts";
import { Oracle } from "./oracle.ts";
import { type Servers, startServers } from "./servers.ts";
import { makeProxies, type Proxies } from "./toxiproxy.ts";
import type { WorkerOrder } from "./worker-process.ts";

/** What a run has to itself: servers, proxies in front of them, a project, and the memory of what landed. */
export interface Stage {
  /** Everything of the run lies in it. */
  folder: string;
  tools: Tools;
  project: Project;
  servers: Servers;
  proxies: Proxies;
  /** Straight to the servers: for the harness itself. */
  connections: Connections;
  store: ObjectStore;
  client: Client;
  memory: Memory;
  oracle: Oracle;
  /** What a worker is told, with connections that go through the proxies. */
  order: WorkerOrder;
  /** Writes a line to FOLDER/chaos.log. */
  note(line: string): void;
  /** Stops everything; deletes the folder unless `keep`. */
  close(keep: boolean): Promise<void>;
}

/** The settings of the lakes' DuckDB: small, since several run at once. */
const ENGINE = { memoryLimit: "512MB", threads: 2 };

export async function setStage(folder: string, report: (line: string) => void): Promise<Stage> {
  const tools = await provision(report);
  const toxiproxy = await provisionGoTool("toxiproxy-server", report);
  const projectDir = fileURLToPath(new URL("project", import.meta.url));
  const project = await loadProject(projectDir);
  const faults = project.findings.filter((finding) => finding.severity === "error");
  if (faults.length > 0) throw new Error(`chaos/project: ${faults.map((fault) => fault.message).join("; ")}`);
  for (const name of ["logs", "workers"]) await mkdir(join(folder, name), { recursive: true });
  const bundle = join(folder, "workflows.cjs");
  await writeBundle(bundle);
  const servers = await startServers({ stateDir: folder, tools, toxiproxy });
  try {
    return await openStage(folder, { tools, project, projectDir, bundle, servers });
  } catch (error) {
    await servers.stop(true);
    throw error;
  }
}

async function openStage(
  folder: string,
  parts: Pick<Stage, "tools" | "project" | "servers"> & { projectDir: string; bundle: string },
): Promise<Stage> {
  const { tools, project, servers, projectDir, bundle } = parts;
  const { connections } = servers;
  const s3 = new URL(connections.s3.endpoint ?? "");
  const catalog = new URL(connections.catalogUrl);
  const proxies = await makeProxies(servers.toxiproxy, {
    postgres: catalog.host,
    s3: s3.host,
    temporal: connections.temporal.address,
  });
  const { ports } = proxies;
  catalog.port = String(ports.postgres);
  s3.port = String(ports.s3);
  const roundabout: Connections = {
    catalogUrl: catalog.href,
    s3: { ...connections.s3, endpoint: s3.origin },
    temporal: { ...connections.temporal, address: `127.0.0.1:${ports.temporal}` },
  };
  const store = new ObjectStore(connections.s3);
  const temporal = await connectTemporal(connections.temporal);
  const memory = await Memory.open(folder, project);
  return {
    folder,
    tools,
    project,
    servers,
    proxies,
    connections,
    store,
    client: temporal.client,
    memory,
    oracle: new Oracle(memory, project, connections, tools.extensions),
    order: {
      connections: roundabout,
      projectDir,
      stateDir: folder,
      engine: ENGINE,
      spillLimit: null,
      bundle,
    },
    note: (line) => appendFileSync(join(folder, "chaos.log"), `${new Date().toISOString()} ${line}\n`),
    close: async (keep) => {
      // The memory stays open: a round that was cut short may be reading it.
      store.close();
      await temporal.close();
      await servers.stop(keep);
    },
  };
}
