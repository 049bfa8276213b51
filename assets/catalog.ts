import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import type { Project } from "./definitions.ts";
import { errorFinding, formatFinding } from "./findings.ts";
import { readJson } from "./json-text.ts";
import { CATALOG_FILE } from "./project-files.ts";
import { readStreamConfig, type StreamConfig } from "./stream-config.ts";

/** Airbyte's ConfiguredAirbyteCatalog: what a sync has to bring, and how. */
export interface ConfiguredCatalog {
  streams: ConfiguredStream[];
}

export interface ConfiguredStream {
  /** AirbyteStream: what the source offers. */
  stream: {
    name: string;
    json_schema: Record<string, unknown>;
    supported_sync_modes: string[];
    [key: string]: unknown;
  };
  sync_mode: string;
  destination_sync_mode: string;
  cursor_field: string[];
  primary_key: string[][];
}

/** A discovered stream as Airbyte writes it, or a bare JSON schema of its records. */
const discoveredSchema = z
  .looseObject({
    name: z.string().optional(),
    json_schema: z.record(z.string(), z.unknown()).optional(),
    supported_sync_modes: z.array(z.string()).optional(),
    default_cursor_field: z.array(z.string()).optional(),
    source_defined_primary_key: z.array(z.array(z.string())).optional(),
    properties: z.record(z.string(), z.unknown()).optional(),
  })
  .refine((value) => value.json_schema ?? value.properties, "expected json_schema, or properties");

export type DiscoveredStream = {
  jsonSchema: Record<string, unknown>;
  supportedSyncModes: string[] | null;
  defaultCursorField: string[];
  primaryKey: string[][];
  /** The file's other keys, passed on as they are. */
  rest: Record<string, unknown>;
};

/**
 * Airbyte's configured catalog of a source's selected streams, by name. What the source offers is taken from
 * `dag/sources` where it stands there, and from the config's `fields` otherwise. Streams whose SQL is at fault are in
 * it: Airbyte goes on bringing their files.
 * @throws LotusError NOT_FOUND when the source has no selected stream; PROJECT_INVALID when one of its configs is at
 * fault, because a catalog without that stream would make Airbyte stop syncing it.
 */
export async function configuredCatalog(
  project: Pick<Project, "dir">,
  source: string,
): Promise<ConfiguredCatalog> {
  const streams: ConfiguredStream[] = [];
  for (const name of await streamNames(project.dir, source)) {
    const path = `dag/streams/${source}/${name}.json`;
    const text = await readFile(join(project.dir, path), "utf8");
    const { config, faults } = readStreamConfig(source, name, text);
    const [fault] = faults;
    if (fault) throw new LotusError("PROJECT_INVALID", formatFinding(errorFinding(path, [], fault)));
    if (config) streams.push(configuredStream(config, await readDiscovered(project.dir, source, name)));
  }
  if (streams.length === 0) {
    throw new LotusError(
      "NOT_FOUND",
      `No stream of source ${source} is selected in dag/streams/${source}. Add one with lotus stream add.`,
    );
  }
  return { streams };
}

/**
 * What a source offers of a stream, from `dag/sources/{source}/{stream}.json`; null when there is no such file.
 * @throws LotusError PROJECT_INVALID when the file is neither a discovered stream nor a JSON schema.
 */
export async function readDiscovered(
  dir: string,
  source: string,
  stream: string,
): Promise<DiscoveredStream | null> {
  const path = `dag/sources/${source}/${stream}.json`;
  const text = await readFile(join(dir, path), "utf8").catch(() => null);
  if (text === null) return null;
  const document = readJson(text, "source-schema-invalid");
  const [fault] = document.faults;
  if (fault) throw new LotusError("PROJECT_INVALID", formatFinding(errorFinding(path, [], fault)));
  const parsed = discoveredSchema.safeParse(document.value);
  if (!parsed.success) {
    const reason = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ");
    throw new LotusError(
      "PROJECT_INVALID",
      `${path}: ${reason}. Write there what Airbyte's discover gives for the stream.`,
    );
  }
  const { name: _name, json_schema, supported_sync_modes, ...rest } = parsed.data;
  return {
    jsonSchema: json_schema ?? parsed.data,
    supportedSyncModes: supported_sync_modes ?? null,
    defaultCursorField: parsed.data.default_cursor_field ?? [],
    primaryKey: parsed.data.source_defined_primary_key ?? [],
    rest: json_schema ? rest : {},
  };
}

async function streamNames(dir: string, source: string): Promise<string[]> {
  const entries = await readdir(join(dir, "dag/streams", source)).catch(() => []);
  return entries
    .filter((entry) => entry.endsWith(".json") && entry !== CATALOG_FILE && !entry.startsWith("."))
    .map((entry) => entry.slice(0, -".json".length))
    .sort();
}

function configuredStream(config: StreamConfig, discovered: DiscoveredStream | null): ConfiguredStream {
  const cursor = config.cursorField === null ? [] : [config.cursorField];
  const fromFields = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    additionalProperties: true,
    properties: config.fields ?? {},
  };
  return {
    stream: {
      name: config.stream,
      json_schema: discovered?.jsonSchema ?? fromFields,
      supported_sync_modes: discovered?.supportedSyncModes ?? supportedModes(config),
      ...discovered?.rest,
    },
    sync_mode: config.syncMode,
    destination_sync_mode: config.destinationSyncMode,
    cursor_field: cursor,
    primary_key: config.primaryKey.map((name) => [name]),
  };
}

/** Every source can be read whole; that it can be read from a cursor, the config says by asking for it. */
function supportedModes(config: StreamConfig): string[] {
  return config.syncMode === "incremental" ? ["full_refresh", "incremental"] : ["full_refresh"];
}
