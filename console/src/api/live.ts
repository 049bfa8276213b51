import type { QueryClient } from "@tanstack/react-query";
import type { EventSourceMessage } from "eventsource-parser";
import { follow } from "./events.ts";
import type { AssetState, AssetSummary, Lineage } from "./types.ts";

interface Status {
  assets: { key: string; state: AssetState; reason: string | null }[];
}

/** Which lists an event makes old. `status` brings its news along and is asked for the rest. */
const TOUCHED: Record<string, string[]> = {
  batch: ["assets", "lineage", "asset", "streams", "stream", "batches", "files", "quarantine", "snapshots"],
  materialization: ["assets", "lineage", "asset", "snapshots"],
  state: ["assets", "lineage", "asset", "streams", "stream", "quarantine", "snapshots"],
  backfill: ["assets", "lineage", "backfills", "backfill", "chunks", "snapshots"],
  // Also what somebody asked of a writer: files that are retried or dropped.
  maintenance: ["assets", "lineage", "asset", "streams", "stream", "files", "quarantine", "snapshots"],
  other: ["snapshots", "tables"],
  status: ["assets", "lineage", "asset", "streams", "stream", "runs"],
};

/** A burst of events asks for each list once. States do not wait for it: they come with the event. */
const GATHER_MS = 3000;

/** Keeps what the pages show up to date from the API's events. Returns how to stop it. */
export function keepLive(queries: QueryClient): () => void {
  const touched = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const refresh = () => {
    timer = undefined;
    for (const key of touched) void queries.invalidateQueries({ queryKey: [key] });
    touched.clear();
  };
  const onEvent = (event: EventSourceMessage) => {
    if (event.event === "status") applyStatus(queries, JSON.parse(event.data) as Status);
    for (const key of TOUCHED[event.event ?? ""] ?? []) touched.add(key);
    timer ??= setTimeout(refresh, GATHER_MS);
  };
  // What failed meanwhile is asked for again too.
  const stop = follow(onEvent, () => void queries.invalidateQueries());
  return () => {
    stop();
    clearTimeout(timer);
  };
}

function applyStatus(queries: QueryClient, { assets }: Status): void {
  const told = new Map(assets.map((asset) => [asset.key, asset]));
  const applied = (asset: AssetSummary): AssetSummary => {
    const news = told.get(asset.key);
    if (!news || (asset.state === news.state && asset.reason === news.reason)) return asset;
    return { ...asset, state: news.state, reason: news.reason };
  };
  queries.setQueryData<AssetSummary[]>(["assets"], (list) => list?.map(applied));
  queries.setQueryData<Lineage>(
    ["lineage"],
    (graph) => graph && { ...graph, nodes: graph.nodes.map(applied) },
  );
}
