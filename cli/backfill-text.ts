import type { Schemas } from "../client/index.js";
import { bytes, count, plainTable } from "./output.ts";

type Plan = Schemas["BackfillPlan"];
type Backfill = Schemas["Backfill"];

/** What a backfill would do, for the person who asks for it. */
export function describePlan(plan: Plan): string {
  const table = plainTable(["table", "days", "files", "size", "chunks"]);
  for (const { asset, from, to, days, files, bytes: size, chunks } of plan.targets) {
    const range = from === null ? "-" : from === to ? from : `${from} to ${to} (${count(days)})`;
    table.push([asset, range, count(files), plan.mode === "rebuild" ? "-" : bytes(size), count(chunks)]);
  }
  return [
    `${plan.mode}: ${plural(plan.chunks, "chunk")}${plan.mode === "rebuild" ? "" : `, ${plural(plan.files, "file")}, ${bytes(plan.bytes)}`}`,
    ...(plan.targets.length > 0 ? [table.toString()] : []),
    plan.downstream.length > 0
      ? `${plan.downstream.join(", ")} lie downstream and follow by themselves`
      : "nothing that is kept up to date follows",
    ...plan.targets.flatMap(({ asset, note }) => (note === null ? [] : [`${asset}: ${note}`])),
    ...plan.targets.flatMap(({ asset, obstacle }) =>
      obstacle === null ? [] : [`WARNING: ${asset} would fail as things stand: ${obstacle}`],
    ),
  ].join("\n");
}

/** How far a backfill is, in one line. */
export function describeProgress({ state, chunks, changedRows, endedAt }: Backfill): string {
  if (chunks.total === 0 && endedAt === null) return `${state.padEnd(9)} its chunks are not planned yet`;
  const parts = [
    `${count(chunks.done)} of ${plural(chunks.total, "chunk")} done`,
    ...(chunks.running > 0 ? [`${count(chunks.running)} running`] : []),
    ...(chunks.failed > 0 ? [`${count(chunks.failed)} failed`] : []),
    ...(chunks.cancelled > 0 ? [`${count(chunks.cancelled)} given up`] : []),
    `${plural(changedRows, "row")} written`,
  ];
  return `${state.padEnd(9)} ${parts.join(", ")}`;
}

/** A backfill with its tables, and the chunks that failed. */
export function describeBackfill(backfill: Backfill, failed: readonly Schemas["BackfillChunk"][]): string {
  const { id, mode, from, to, requestedBy, requestedAt, run, tables } = backfill;
  const range = from === null && to === null ? "" : `, ${from ?? "the first day"} to ${to ?? "the last day"}`;
  const table = plainTable(["table", "chunks", "done", "failed", "files", "size", "rows written"]);
  for (const { asset, chunks, files, bytes: size, changedRows } of tables)
    table.push([
      asset,
      count(chunks.total),
      count(chunks.done),
      count(chunks.failed),
      count(files),
      bytes(size),
      count(changedRows),
    ]);
  return [
    `${id}: ${mode}${range}, asked for by ${requestedBy} at ${requestedAt.slice(0, 19).replace("T", " ")} UTC`,
    describeProgress(backfill),
    ...(tables.length > 0 ? [table.toString()] : []),
    ...failed.map(({ number, asset, message }) => `chunk ${number} of ${asset} failed: ${message ?? "-"}`),
    ...(failed.length > 0 ? [`\`lotus backfill retry ${id}\` tries them again`] : []),
    ...(run.url === null ? [] : [run.url]),
  ].join("\n");
}

/** Backfills as a table. */
export function describeList(backfills: readonly Backfill[]): string {
  if (backfills.length === 0) return "no backfill was asked for";
  const table = plainTable(["id", "asked for (UTC)", "by", "mode", "tables", "chunks", "state"]);
  for (const { id, requestedAt, requestedBy, mode, assets, chunks, state } of backfills)
    table.push([
      id,
      requestedAt.slice(0, 19).replace("T", " "),
      requestedBy,
      mode,
      assets.length > 3 ? `${assets.slice(0, 3).join(" ")} +${assets.length - 3}` : assets.join(" "),
      `${chunks.done}/${chunks.total}`,
      chunks.failed > 0 ? `${state}, ${chunks.failed} failed` : state,
    ]);
  return table.toString();
}

function plural(amount: number, one: string): string {
  return `${count(amount)} ${amount === 1 ? one : `${one}s`}`;
}
