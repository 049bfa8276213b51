import Table from "cli-table3";
import colors from "picocolors";
import type { LotusEvent } from "../orchestration/events.ts";
import type { AssetStatus, LakeStatus, StreamStatus } from "../orchestration/status.ts";

/** A line of progress on standard output, with the time. */
export function progress(line: string): void {
  process.stdout.write(`${colors.dim(new Date().toISOString().slice(11, 19))} ${line}\n`);
}

/** A plain line on standard output. */
export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** One line for what a worker just did. */
export function describeEvent(event: LotusEvent): string {
  switch (event.kind) {
    case "found":
      return `found    ${event.source}/${event.stream}: ${count(event.files)} files wait, ${bytes(event.bytes)}`;
    case "batch": {
      const aside = event.quarantined > 0 ? `, ${event.quarantined} set aside` : "";
      const replaced =
        event.replaced > 0 ? `, ${count(event.replaced)} of them overwritten since they were fed` : "";
      const lost = event.lost > 0 ? `, ${count(event.lost)} fed files are gone from S3` : "";
      const more = event.remaining > 0 ? `, ${count(event.remaining)} files wait` : "";
      return `fed      ${event.source}/${event.stream}: ${count(event.files)} files, ${count(event.rows)} rows, ${bytes(event.bytes)} in ${seconds(event.milliseconds)}${replaced}${lost}${aside}${more}`;
    }
    case "rebuild":
      return `rebuilt  ${event.asset}: ${count(event.changedRows)} of ${count(event.rows)} rows written in ${seconds(event.milliseconds)} (${event.reason})`;
    case "materialization":
      return `${event.mode === "rebuild" ? "rebuilt " : "updated "} ${event.asset}: ${count(event.changedRows)} of ${count(event.rows)} rows written in ${seconds(event.milliseconds)}${event.reason ? ` (${event.reason})` : ""}`;
    case "chunk":
      return `backfill ${event.asset}: ${count(event.files)} files, ${count(event.changedRows)} rows written in ${seconds(event.milliseconds)} (${event.backfill})`;
    case "failure":
      return colors.red(`failed   ${event.asset}: ${event.message}`);
  }
}

/** The streams and the assets of a lake as two tables, and below them in full what waits for somebody. */
export function statusTables(status: LakeStatus): string {
  const tables = `${streamTable(status.streams)}\n${assetTable(status.assets)}`;
  return [tables, ...notes(status.assets)].join("\n");
}

/** Of each table that does not go on by itself, or goes on with rows of other code, the whole message. */
function notes(assets: readonly AssetStatus[]): string[] {
  return assets
    .filter(({ kind }) => kind === "processed" || kind === "enriched")
    .filter(({ state, message }) => state === "held" || (state === "fresh" && message !== null))
    .map(({ key, message }) => `${key}: ${message}`);
}

function streamTable(streams: readonly StreamStatus[]): string {
  const table = plainTable(["stream", "batches", "rows", "waiting", "set aside", "cursor"]);
  for (const stream of streams) {
    table.push([
      `${stream.source}/${stream.stream}`,
      right(stream.batches),
      right(stream.rows),
      right(stream.waitingFiles),
      right(stream.quarantinedFiles),
      stream.cursor?.split("/").slice(-4).join("/") ?? "-",
    ]);
  }
  return table.toString();
}

function assetTable(assets: readonly AssetStatus[]): string {
  const table = plainTable(["asset", "rows", "snapshot", "updated", "state"]);
  for (const asset of assets) {
    if (asset.kind === "landing" || asset.kind === "feeder") continue;
    const state = asset.message && asset.state !== "fresh" ? `${asset.state}: ${asset.message}` : asset.state;
    table.push([
      asset.key,
      right(asset.rows),
      right(asset.snapshot),
      ago(asset.updatedAt),
      shorten(state, 60),
    ]);
  }
  return table.toString();
}

/** A table without colours. */
export function plainTable(head: string[]): Table.Table {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}

function right(value: number | null): Table.Cell {
  return { content: value === null ? "-" : count(value), hAlign: "right" };
}

function ago(time: string | null): string {
  if (time === null) return "-";
  const elapsed = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  if (elapsed < 120) return `${elapsed} s ago`;
  if (elapsed < 7200) return `${Math.round(elapsed / 60)} min ago`;
  return time.slice(0, 16).replace("T", " ");
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** 1234567 as `1.2 MB`. */
export function bytes(value: number): string {
  if (value < 1e6) return `${Math.ceil(value / 1e3)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}

/** Milliseconds as seconds, for people. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)} s`;
}
