import type { Session } from "../lake/session.ts";
import { findColumn } from "./columns.ts";
import type { Finding, Landing, Stream } from "./definitions.ts";
import { errorFinding, type Fault, suggestion } from "./findings.ts";
import type { FunctionCatalog } from "./function-catalog.ts";
import { landingColumns } from "./json-schema.ts";
import { fieldColumnFaults, readLandingDdl } from "./landing-table.ts";
import { feederAssetKey, landingTableName, processedAssetKey } from "./names.ts";
import { readProcessedModel } from "./processed-model.ts";
import type { ProjectFile, ProjectFiles } from "./project-files.ts";
import { createScratchTable } from "./scratch-lake.ts";
import { readStreamConfig, type StreamConfig } from "./stream-config.ts";

/** A stream that is selected, sound or not. */
export interface LoadedStream {
  source: string;
  name: string;
  /** Null when something is wrong with it. */
  stream: Stream | null;
}

export interface LoadedStreams {
  loaded: LoadedStream[];
  findings: Finding[];
  /** Lower-case keys of processed assets that are not there because their stream is not selected. */
  absent: Map<string, string>;
}

/** Reads every stream's config, landing table and processed model, and leaves the landing tables in the scratch lake. */
export async function loadStreams(
  scratch: Session,
  functions: FunctionCatalog,
  files: ProjectFiles,
): Promise<LoadedStreams> {
  const answer: LoadedStreams = { loaded: [], findings: [], absent: new Map() };
  const repeated = repeatedStreams(files.streams);
  answer.findings.push(...repeated.findings);
  // Bare names in a processed model mean landing tables.
  await scratch.execute("USE lakehouse.staging");
  for (const file of files.streams) {
    const { folder: source, name, path } = file;
    const assets = [feederAssetKey(source, name), processedAssetKey(source, name)];
    const { config, faults } = readStreamConfig(source, name, file.text);
    if (!config && faults.length === 0) {
      answer.absent.set(
        processedAssetKey(source, name).toLowerCase(),
        `its stream ${source}/${name} is not selected`,
      );
      continue;
    }
    answer.findings.push(...faults.map((fault) => errorFinding(path, assets, fault)));
    const sound = config && !repeated.paths.has(path);
    const stream = sound ? await loadStream(scratch, functions, file, config, files, answer.findings) : null;
    answer.loaded.push({ source, name, stream });
  }
  await scratch.execute("USE lakehouse.main");
  answer.findings.push(...ownerlessFiles(files));
  return answer;
}

async function loadStream(
  scratch: Session,
  functions: FunctionCatalog,
  file: ProjectFile,
  config: StreamConfig,
  files: ProjectFiles,
  findings: Finding[],
): Promise<Stream | null> {
  const { source, stream: name, lineOf, fields: _fields, ...rest } = config;
  const assets = [feederAssetKey(source, name), processedAssetKey(source, name)];
  const landingFile = fileNamed(files.landing, source, landingTableName(source, name));
  const landing = await readLanding(scratch, config, landingFile);
  findings.push(
    ...landing.faults.map((fault) => errorFinding(landingFile?.path ?? file.path, assets, fault)),
  );
  if (!landing.landing) return null;
  const keys = keyFaults(config, landing.landing);
  findings.push(...keys.map((fault) => errorFinding(file.path, assets, fault)));
  await createScratchTable(scratch, "staging", landing.landing.table, landing.landing.columns);
  const input = { source, stream: name, file: file.path, ...rest, landing: landing.landing };
  const modelFile = fileNamed(files.processed, source, processedAssetKey(source, name));
  // A key that is no landing column would be missed again in the output.
  if (keys.length > 0) return null;
  const { model, faults } = await readProcessedModel(
    scratch,
    functions,
    input,
    modelFile ? { path: modelFile.path, sql: modelFile.text } : null,
  );
  findings.push(...faults.map((fault) => errorFinding(modelFile?.path ?? file.path, assets, fault)));
  return model ? { ...input, processed: model } : null;
}

async function readLanding(
  scratch: Session,
  config: StreamConfig,
  file: ProjectFile | undefined,
): Promise<{ landing: Landing | null; faults: Fault[] }> {
  const table = landingTableName(config.source, config.stream);
  if (file) {
    const { columns, faults } = await readLandingDdl(scratch, table, file.text);
    return { landing: faults.length > 0 ? null : { table, columns, file: file.path }, faults };
  }
  if (!config.fields) {
    const fault = {
      code: "columns-missing",
      line: null,
      message: "nothing says which columns the stream has",
      remedy: `Give fields here, or a CREATE TABLE in landing/${config.source}/${table}.sql.`,
    };
    return { landing: null, faults: [fault] };
  }
  const faults = fieldColumnFaults(Object.keys(config.fields), (name) => config.lineOf(["fields", name]));
  if (faults.length > 0) return { landing: null, faults };
  return { landing: { table, columns: landingColumns(config.fields), file: null }, faults };
}

function keyFaults(config: StreamConfig, landing: Landing): Fault[] {
  const named = [
    ...config.primaryKey.map((name, index) => ({ name, path: ["primary_key", index] })),
    ...(config.cursorField === null ? [] : [{ name: config.cursorField, path: ["cursor_field"] }]),
  ];
  const names = landing.columns.map((column) => column.name);
  return named
    .filter(({ name }) => !findColumn(landing.columns, name))
    .map(({ name, path }) => ({
      code: "column-unknown",
      line: config.lineOf(path),
      message: `${path[0]} names ${name}, which is no column of ${landing.table}`,
      remedy: `Add it to ${landing.file ?? "fields"}, or correct the name.${suggestion(name, names)}`,
    }));
}

/** Two streams that would make the same table or asset: `a_b/c` and `a/b_c` both make `feeder_a_b_c`. */
function repeatedStreams(files: readonly ProjectFile[]): { findings: Finding[]; paths: Set<string> } {
  const owners = new Map<string, ProjectFile[]>();
  for (const file of files) {
    const { folder, name } = file;
    for (const key of [feederAssetKey(folder, name), processedAssetKey(folder, name)]) {
      owners.set(key.toLowerCase(), [...(owners.get(key.toLowerCase()) ?? []), file]);
    }
  }
  const paths = new Set<string>();
  const findings: Finding[] = [];
  for (const [key, same] of owners) {
    const first = same[0];
    if (same.length < 2 || !first || paths.has(first.path)) continue;
    const all = same.map((file) => file.path);
    for (const file of same) {
      paths.add(file.path);
      const assets = [feederAssetKey(file.folder, file.name), processedAssetKey(file.folder, file.name)];
      const fault = {
        code: "duplicate-name",
        line: null,
        message: `${all.join(" and ")} make the same asset ${key}`,
        remedy: "Rename one of the streams.",
      };
      findings.push(errorFinding(file.path, assets, fault));
    }
  }
  return { findings, paths };
}

/** Landing and processed files that no stream's config belongs to. */
function ownerlessFiles(files: ProjectFiles): Finding[] {
  const owned = (file: ProjectFile, nameOf: (source: string, stream: string) => string) =>
    files.streams.some(
      (stream) => stream.folder === file.folder && nameOf(stream.folder, stream.name) === file.name,
    );
  const ownerless = [
    ...files.landing
      .filter((file) => !owned(file, landingTableName))
      .map((file) => ({ file, wanted: `stg_${file.folder}__{stream}.sql` })),
    ...files.processed
      .filter((file) => !owned(file, processedAssetKey))
      .map((file) => ({ file, wanted: `int_${file.folder}__{stream}.sql` })),
  ];
  return ownerless.map(({ file, wanted }) =>
    errorFinding(file.path, [], {
      code: "stream-missing",
      line: null,
      message: `no stream in dag/streams/${file.folder}/ belongs to this file`,
      remedy: `Call it ${wanted} after a stream of ${file.folder}, or add the stream's config.`,
    }),
  );
}

function fileNamed(files: readonly ProjectFile[], folder: string, name: string): ProjectFile | undefined {
  return files.find((file) => file.folder === folder && file.name === name);
}
