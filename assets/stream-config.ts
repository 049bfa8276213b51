import { z } from "zod";
import { parseDays, parseDuration, parseSize } from "../common/units.ts";
import type { FeederSettings, Stream } from "./definitions.ts";
import type { Fault } from "./findings.ts";
import { type Field, fieldSchema } from "./json-schema.ts";
import { type DocumentPath, readJson, schemaFaults } from "./json-text.ts";
import { isSafeName, SAFE_NAME_RULE } from "./names.ts";

/** A stream's JSON file, read and checked by itself; what it says of columns is checked with the landing table. */
export interface StreamConfig {
  source: string;
  stream: string;
  syncMode: Stream["syncMode"];
  destinationSyncMode: Stream["destinationSyncMode"];
  /** Column names. */
  primaryKey: string[];
  cursorField: string | null;
  /** Null when the file leaves the columns to a landing DDL file. */
  fields: Record<string, Field> | null;
  feeder: FeederSettings;
  /** 1-based line of a key in the file. */
  lineOf(path: DocumentPath): number;
}

export type StreamConfigAnswer =
  | { config: StreamConfig; faults: [] }
  /** `selected: false`: the stream is left out, and nothing is wrong. */
  | { config: null; faults: [] }
  | { config: null; faults: Fault[] };

const CODE = "stream-config-invalid";

const size = z.string().transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== null) return bytes;
  context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is no size such as 500MB` });
  return z.NEVER;
});

const duration = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds !== null) return milliseconds;
  context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is no duration such as 10s or 5m` });
  return z.NEVER;
});

const days = z.string().transform((text, context) => {
  const count = parseDays(text);
  if (count !== null) return count;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(text)} is no duration in whole days such as 2d`,
  });
  return z.NEVER;
});

const feederSchema = z.strictObject({
  batch: size.prefault("500MB"),
  batch_files: z.int().min(1).default(500),
  poll: duration.prefault("10s"),
  lookback: days.prefault("2d"),
  retention: z
    .union(
      [z.literal("keep").transform(() => null), duration],
      'expected "keep", or a duration such as 30d or 12h',
    )
    .default(null),
  on_new_column: z.enum(["add", "ignore", "fail"]).default("add"),
});

/** A path into a record. Nested fields land as JSON text, so that only one part can name a column. */
const path = z
  .array(z.string().min(1))
  .max(1, "a nested path names no column, because nested fields land as JSON text; name a top-level field");

const configSchema = z.strictObject({
  stream: z.string(),
  sync_mode: z.enum(["incremental", "full_refresh"]).default("incremental"),
  destination_sync_mode: z.enum(["append", "append_dedup", "overwrite"]).default("append"),
  primary_key: z.array(path.min(1)).default([]),
  cursor_field: path.default([]),
  selected: z.boolean().default(true),
  fields: z.record(z.string().min(1), fieldSchema).optional(),
  feeder: feederSchema.prefault({}),
});

/** Reads `dag/streams/{source}/{stream}.json`; the two names are those of its path. */
export function readStreamConfig(source: string, stream: string, text: string): StreamConfigAnswer {
  const document = readJson(text, CODE);
  if (document.faults.length > 0) return { config: null, faults: document.faults };
  if (isDeselected(document.value)) return { config: null, faults: [] };
  const parsed = configSchema.safeParse(document.value);
  if (!parsed.success) {
    return { config: null, faults: schemaFaults(parsed.error, CODE, document.lineOf) };
  }
  const faults = nameFaults(source, stream, parsed.data.stream, document.lineOf(["stream"]));
  if (faults.length > 0) return { config: null, faults };
  const { feeder, ...config } = parsed.data;
  return {
    config: {
      source,
      stream,
      syncMode: config.sync_mode,
      destinationSyncMode: config.destination_sync_mode,
      primaryKey: config.primary_key.flat(),
      cursorField: config.cursor_field[0] ?? null,
      fields: config.fields ?? null,
      feeder: {
        batchBytes: feeder.batch,
        batchFiles: feeder.batch_files,
        pollMs: feeder.poll,
        lookbackDays: feeder.lookback,
        retentionMs: feeder.retention,
        onNewColumn: feeder.on_new_column,
      },
      lineOf: document.lineOf,
    },
    faults: [],
  };
}

// A stream that nobody selected need not be right: a discovered config may hold what Lotus cannot read.
function isDeselected(value: unknown): boolean {
  return z.looseObject({ selected: z.literal(false) }).safeParse(value).success;
}

function nameFaults(source: string, stream: string, said: string, line: number): Fault[] {
  const faults: Fault[] = [source, stream]
    .filter((name) => !isSafeName(name))
    .map((name) => ({
      code: "name-invalid",
      line: null,
      message: `${JSON.stringify(name)} cannot be used as a name`,
      remedy: `Use ${SAFE_NAME_RULE}.`,
    }));
  if (said !== stream) {
    faults.push({
      code: CODE,
      line,
      message: `stream is ${JSON.stringify(said)}, but the file is ${stream}.json`,
      remedy: "Give both the same name.",
    });
  }
  return faults;
}
