import { findColumn } from "../assets/columns.ts";
import type { Column, EnrichedModel } from "../assets/definitions.ts";
import { TOMBSTONE_COLUMN } from "../assets/version-columns.ts";
import { changedTables } from "../lake/snapshots.ts";
import { identifier, identifiers } from "../lake/sql.ts";
import { type Check, type CheckOutcome, type LeftOut, nothingCompared, outcome } from "./check.ts";
import { compareRows } from "./compare-rows.ts";
import type { Look } from "./look.ts";
import type { ModelAnalysis } from "./model-analysis.ts";
import { modelFailure } from "./model-failure.ts";
import { lastRecord, whyNotCompared } from "./records.ts";

/** The model's SELECT as a view: its file may end in a comment or a semicolon. */
const MODEL = "audit_model";

/** An enriched table holds what its SELECT gives over its upstreams as they were when it was last brought up to date. */
export function enrichedCheck(model: EnrichedModel, analysis: ModelAnalysis): Check {
  const { asset } = model;
  return {
    name: "enriched rows",
    subject: asset,
    run: async (look) => {
      const present = await look.columns({ schema: "main", name: asset });
      if (present === null) return outcome(0);
      const reason = (await whyNotCompared(look, model)) ?? (await analysis.whyUnstable(model.sql));
      if (reason !== null) return nothingCompared(asset, reason);
      const read = await snapshotsRead(look, model);
      if ("reason" in read) return nothingCompared(asset, read.reason);
      try {
        await showUpstreams(look, model, read.snapshots);
        await look.run(`CREATE OR REPLACE TEMP VIEW ${MODEL} AS ${model.sql}`);
        return await compare(look, model, present);
      } catch (error) {
        const tables = [...read.snapshots].map(([name, snapshot]) =>
          look.at({ schema: "main", name }, snapshot),
        );
        tables.push(look.at({ schema: "main", name: asset }));
        return await modelFailure(look, error, { name: model.file, tables });
      } finally {
        const views = [MODEL, ...model.upstream];
        await look.run(...views.map((view) => `DROP VIEW IF EXISTS temp.${identifier(view)}`));
      }
    },
  };
}

async function compare(look: Look, model: EnrichedModel, present: Column[]): Promise<CheckOutcome> {
  const columns = model.columns.filter((column) => !hidesFloats(column.type));
  const compared = await compareRows(look, {
    stored: look.at({ schema: "main", name: model.asset }),
    present,
    expected: `temp.${MODEL}`,
    columns,
    key: model.uniqueKey,
    tolerant: true,
    contained: null,
  });
  const leftOut: LeftOut[] = model.columns
    .filter((column) => !columns.includes(column))
    .map(({ name, type }) => ({
      subject: `${model.asset}.${name}`,
      reason: `it is ${type}: floating point inside of values is not compared`,
    }));
  return outcome(compared.rows, { faults: compared.faults, leftOut });
}

/** Whether values have floating point numbers inside, whose last digits may differ. */
function hidesFloats(type: string): boolean {
  return type !== "DOUBLE" && type !== "FLOAT" && /\b(DOUBLE|FLOAT)\b/.test(type);
}

/** The snapshot of each upstream that the table was made of. */
async function snapshotsRead(
  look: Look,
  model: EnrichedModel,
): Promise<{ snapshots: Map<string, number> } | { reason: string }> {
  const last = await lastRecord(look, model.asset);
  if (!last) return { reason: "nothing is recorded of what it was made of" };
  const snapshots = new Map<string, number>();
  for (const upstream of model.upstream) {
    const read = last.upstreamSnapshots[upstream];
    if (!read) return { reason: `it is not recorded at which snapshot it read ${upstream}` };
    if (read.kept) snapshots.set(upstream, read.snapshot);
    else if (await hasChanged(look, upstream, read.snapshot)) {
      return {
        reason: `snapshot ${read.snapshot}, at which it read ${upstream}, has expired, and ${upstream} changed since`,
      };
    } else snapshots.set(upstream, look.snapshot);
  }
  return { snapshots };
}

async function hasChanged(look: Look, upstream: string, since: number): Promise<boolean> {
  const changes = await look.inTransaction(() => changedTables(look.session, since));
  return (changes.get(upstream) ?? 0) > since;
}

/** What the model sees under each upstream's bare name: the columns that it was checked with, and no tombstones. */
async function showUpstreams(
  look: Look,
  model: EnrichedModel,
  snapshots: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [upstream, snapshot] of snapshots) {
    const table = { schema: "main", name: upstream } as const;
    const columns = (await look.columns(table, snapshot)) ?? [];
    const seen = (model.upstreamColumns[upstream] ?? columns)
      .map(({ name }) => name)
      .filter((name) => findColumn(columns, name));
    const where = findColumn(columns, TOMBSTONE_COLUMN)
      ? `WHERE ${identifier(TOMBSTONE_COLUMN)} IS NULL`
      : "";
    await look.run(
      `CREATE OR REPLACE TEMP VIEW ${identifier(upstream)} AS
       SELECT ${identifiers(seen)} FROM ${look.at(table, snapshot)} ${where}`,
    );
  }
}
