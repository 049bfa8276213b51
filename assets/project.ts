import { resolve } from "node:path";
import type { Session } from "../lake/session.ts";
import { repeatedNames } from "./columns.ts";
import type { Asset, Column, EnrichedModel, Finding, Project } from "./definitions.ts";
import {
  bindEnrichedModel,
  parseEnrichedModel,
  type ResolvedModel,
  resolveReferences,
} from "./enriched-model.ts";
import { errorFinding, infoFinding, sortFindings } from "./findings.ts";
import { type FunctionCatalog, loadFunctionCatalog } from "./function-catalog.ts";
import { downstreamOf, type Graph, orderGraph } from "./graph.ts";
import { readJson } from "./json-text.ts";
import { feederAssetKey, LANDING_ASSET, processedAssetKey } from "./names.ts";
import { type ProjectFile, readProjectFiles } from "./project-files.ts";
import { createScratchTable, openScratchLake } from "./scratch-lake.ts";
import { type LoadedStream, loadStreams } from "./streams.ts";
import { processedTableColumns } from "./version-columns.ts";
import { readViews, type View } from "./views.ts";

export interface LoadOptions {
  /** The lake's views in schema `main` that models may read through: name → its SELECT. */
  views?: Readonly<Record<string, string>>;
}

/** DuckDB's functions are the same for as long as the process runs, and costlier to read than a small project. */
let functionCatalog: FunctionCatalog | null = null;

/**
 * Reads and checks a project folder. Whatever is wrong inside becomes a finding; the assets at fault, and all that
 * depend on them, are in `disabled` with the cause, still in `assets`, and in neither `streams` nor `models`.
 * @throws LotusError PROJECT_INVALID when the folder has no `dag/streams`.
 */
export async function loadProject(dir: string, options: LoadOptions = {}): Promise<Project> {
  const files = await readProjectFiles(dir);
  const scratch = await openScratchLake();
  try {
    functionCatalog ??= await loadFunctionCatalog(scratch);
    const functions = functionCatalog;
    const streams = await loadStreams(scratch, functions, files);
    const views = await readViews(scratch, options.views ?? {});
    const models = await resolveModels(scratch, files.enriched, streams.loaded, streams.absent, views);
    const findings = [
      ...files.findings,
      ...files.sources.flatMap(sourceFindings),
      ...streams.findings,
      ...models.flatMap(modelFindings),
      ...repeatedModels(models),
    ];
    const assets = listAssets(streams.loaded, models);
    const graph: Graph = new Map(assets.map((asset) => [asset.key, asset.upstream]));
    findings.push(...cycleFindings(graph, models));
    const bound = await bindModels(scratch, functions, graph, streams.loaded, models, findings);
    const disabled = disabledAssets(graph, findings);
    return {
      dir: resolve(dir),
      streams: streams.loaded.flatMap(({ stream }) =>
        stream && disabled[stream.processed.asset] === undefined ? [stream] : [],
      ),
      models: bound.filter((model) => disabled[model.asset] === undefined),
      assets,
      findings: sortFindings(findings),
      disabled,
    };
  } finally {
    scratch.close();
  }
}

async function resolveModels(
  scratch: Session,
  files: readonly ProjectFile[],
  streams: readonly LoadedStream[],
  absent: ReadonlyMap<string, string>,
  views: ReadonlyMap<string, View>,
): Promise<ResolvedModel[]> {
  const parsed = [];
  for (const file of files) parsed.push(await parseEnrichedModel(scratch, file));
  const keys = [
    ...streams.map(({ source, name }) => processedAssetKey(source, name)),
    ...parsed.map(({ asset }) => asset),
  ];
  const assets = new Map(keys.map((key) => [key.toLowerCase(), key]));
  return parsed.map((model) => resolveReferences(model, { assets, views, absent }));
}

/**
 * Binds the models upstream first, each over the tables of those before it. One whose upstream is at fault is left
 * out: what the binder would say of it is the upstream's fault.
 */
async function bindModels(
  scratch: Session,
  functions: FunctionCatalog,
  graph: Graph,
  streams: readonly LoadedStream[],
  models: readonly ResolvedModel[],
  findings: Finding[],
): Promise<EnrichedModel[]> {
  const columns = await createProcessedTables(scratch, streams, disabledAssets(graph, findings));
  const byKey = new Map(models.map((model) => [model.asset, model]));
  const sound: EnrichedModel[] = [];
  const faulty = disabledAssets(graph, findings);
  for (const key of orderGraph(graph).order) {
    const model = byKey.get(key);
    if (!model?.tree || faulty[key] !== undefined) continue;
    const upstreams = model.upstream.map((name) => [name, columns.get(name)] as const);
    if (upstreams.some(([, list]) => list === undefined)) continue;
    const answer = await bindEnrichedModel(
      scratch,
      functions,
      { ...model, tree: model.tree },
      Object.fromEntries(upstreams) as Record<string, Column[]>,
    );
    findings.push(...answer.faults.map((fault) => errorFinding(model.file.path, [key], fault)));
    if (!answer.model) continue;
    sound.push(answer.model);
    columns.set(key, answer.model.columns);
    findings.push(...upkeepFindings(answer.model));
  }
  return sound;
}

async function createProcessedTables(
  scratch: Session,
  streams: readonly LoadedStream[],
  disabled: Readonly<Record<string, string>>,
): Promise<Map<string, Column[]>> {
  const columns = new Map<string, Column[]>();
  for (const { stream } of streams) {
    if (!stream || disabled[stream.processed.asset] !== undefined) continue;
    columns.set(stream.processed.asset, processedTableColumns(stream));
    await createScratchTable(scratch, "main", stream.processed.asset, processedTableColumns(stream));
  }
  return columns;
}

function listAssets(streams: readonly LoadedStream[], models: readonly ResolvedModel[]): Asset[] {
  const assets: Asset[] = [{ key: LANDING_ASSET, kind: "landing", upstream: [] }];
  for (const { source, name } of streams) {
    const feeder = feederAssetKey(source, name);
    assets.push({ key: feeder, kind: "feeder", upstream: [LANDING_ASSET] });
    assets.push({ key: processedAssetKey(source, name), kind: "processed", upstream: [feeder] });
  }
  for (const model of models) {
    assets.push({ key: model.asset, kind: "enriched", upstream: model.upstream });
  }
  return assets.filter((asset, index) => assets.findIndex(({ key }) => key === asset.key) === index);
}

/** Asset key → why it does not run: its own first error, or the asset at fault that it depends on. */
function disabledAssets(graph: Graph, findings: readonly Finding[]): Record<string, string> {
  const disabled: Record<string, string> = {};
  for (const finding of findings) {
    if (finding.severity !== "error") continue;
    const place = finding.line === null ? finding.file : `${finding.file}:${finding.line}`;
    for (const asset of finding.assets) disabled[asset] ??= `${place}: ${finding.message}`;
  }
  for (const [cause, reason] of Object.entries({ ...disabled })) {
    for (const asset of downstreamOf(graph, [cause])) {
      disabled[asset] ??= `it depends on ${cause}, which is disabled: ${reason}`;
    }
  }
  return disabled;
}

function cycleFindings(graph: Graph, models: readonly ResolvedModel[]): Finding[] {
  return orderGraph(graph).cycles.flatMap((cycle) => {
    const [first = "", second = ""] = cycle;
    const model = models.find(({ asset }) => asset === first);
    if (!model) return [];
    const fault = {
      code: "cycle",
      line: model.lines.get(second) ?? null,
      message: `${first} depends on itself: ${cycle.join(" → ")} (each reads the next)`,
      remedy: "Take one of these references out.",
    };
    return [errorFinding(model.file.path, cycle.slice(0, -1), fault)];
  });
}

function modelFindings(model: ResolvedModel): Finding[] {
  return model.faults.map((fault) => errorFinding(model.file.path, [model.asset], fault));
}

/** DuckDB's names have no case, so that `fct_A` and `fct_a` would be one table. */
function repeatedModels(models: readonly ResolvedModel[]): Finding[] {
  return repeatedNames(models.map(({ asset }) => asset)).flatMap((name) => {
    const same = models.filter(({ asset }) => asset.toLowerCase() === name.toLowerCase());
    const paths = same.map(({ file }) => file.path);
    return same.map(({ asset, file }) =>
      errorFinding(file.path, [asset], {
        code: "duplicate-name",
        line: null,
        message: `${paths.join(" and ")} make the same table`,
        remedy: "Rename one of them.",
      }),
    );
  });
}

function upkeepFindings(model: EnrichedModel): Finding[] {
  const { asset, upkeep } = model;
  if (upkeep.mode === "rebuild") {
    const fault = {
      code: "rebuilt",
      line: null,
      message: `${asset} is rebuilt whenever something that it reads changes: ${upkeep.reasons.join("; ")}`,
      remedy: "Nothing, where a rebuild is quick; otherwise remove the cause.",
    };
    return [infoFinding(model.file, [asset], fault)];
  }
  return Object.entries(upkeep.upstreams).flatMap(([upstream, rule]) => {
    if (rule.keys !== null) return [];
    const fault = {
      code: "look-up",
      line: null,
      message: `a change of ${upstream} rebuilds ${asset}: ${rule.reason ?? "no mapping to its keys is known"}`,
      remedy: `Nothing, where ${upstream} seldom changes; otherwise map it under changes in the head.`,
    };
    return [infoFinding(model.file, [asset], fault)];
  });
}

function sourceFindings(file: ProjectFile): Finding[] {
  return readJson(file.text, "source-schema-invalid").faults.map((fault) =>
    errorFinding(file.path, [], fault),
  );
}
