import { z } from "zod";
import { findColumn } from "../assets/columns.ts";
import type { Column, Stream } from "../assets/definitions.ts";
import { type ModelRows, modelRows } from "../assets/feeder/processed.ts";
import { RunnableModel } from "../assets/feeder/runnable-model.ts";
import { versionColumns } from "../assets/version-columns.ts";
import { identifier, identifiers, literal } from "../lake/sql.ts";
import { type Check, type CheckOutcome, nothingCompared, outcome } from "./check.ts";
import { compareRows } from "./compare-rows.ts";
import { latestRowsSql } from "./latest-rows.ts";
import type { Look } from "./look.ts";
import type { ModelAnalysis } from "./model-analysis.ts";
import { modelFailure } from "./model-failure.ts";
import { whyLandingIsBroken } from "./objects.ts";
import { lastRecord, whyNotCompared } from "./records.ts";
import { landingTable, ofStream } from "./subjects.ts";

const GENERATION = "_airbyte_generation_id";
const filesRow = z.object({ files: z.coerce.number() });
const batchRow = z.object({ newer: z.coerce.number() });

/**
 * A processed table holds what its model makes of the landed rows: of each key the latest version, without a key
 * every row, of an `overwrite` stream the generation that was published. Where landing no longer has every file that
 * was fed, the table may hold more and later rows than that.
 */
export function processedCheck(stream: Stream, analysis: ModelAnalysis): Check {
  const { asset } = stream.processed;
  return {
    name: "processed rows",
    subject: asset,
    run: async (look) => {
      const table = { schema: "main", name: asset } as const;
      const present = await look.columns(table);
      if (present === null) return outcome(0);
      const reason =
        (await whyNotCompared(look, stream.processed)) ??
        (await analysis.whyUnstable(stream.processed.sql)) ??
        (await whyLandingIsBroken(look, stream));
      if (reason !== null) return nothingCompared(asset, reason);
      const read = await landingRead(look, stream);
      if ("reason" in read) return nothingCompared(asset, read.reason);
      const landing = await look.columns(landingTable(stream), read.snapshot);
      if (landing === null) return nothingCompared(asset, "its landing table did not exist when it was made");
      try {
        return await compare(look, stream, analysis, { present, landing, snapshot: read.snapshot });
      } catch (error) {
        const tables = [look.at(table), look.at(landingTable(stream), read.snapshot)];
        return await modelFailure(look, error, { name: stream.processed.file ?? asset, tables });
      } finally {
        await look.run(`DROP VIEW IF EXISTS temp.${identifier(stream.landing.table)}`);
      }
    },
  };
}

async function compare(
  look: Look,
  stream: Stream,
  analysis: ModelAnalysis,
  made: { present: Column[]; landing: Column[]; snapshot: number },
): Promise<CheckOutcome> {
  const { present, landing, snapshot } = made;
  const versions = versionColumns(stream, landing);
  const all = sourceSql(look, stream, landing, snapshot);
  const source =
    stream.primaryKey.length === 0
      ? all
      : await latestRowsSql(look, all, { key: stream.primaryKey, versions });
  const expected = await modelOver(look, stream, analysis, source, landing);
  const compared = await compareRows(look, {
    stored: look.at({ schema: "main", name: stream.processed.asset }),
    present,
    expected: expected.relation,
    columns: expected.columns,
    key: stream.processed.uniqueKey,
    tolerant: false,
    contained: (await hasGap(look, stream)) ? { versions: versionColumns(stream, expected.columns) } : null,
  });
  return outcome(compared.rows, { faults: compared.faults });
}

/** The product's own reading of the model, over rows that are the latest already. */
async function modelOver(
  look: Look,
  stream: Stream,
  analysis: ModelAnalysis,
  source: string,
  landing: Column[],
): Promise<ModelRows> {
  const model = await RunnableModel.prepare(analysis.scratch, stream.processed, stream.landing.table);
  const keyless = { ...stream, primaryKey: [] };
  return look.inTransaction(() => modelRows(look.session, keyless, model, source, landing));
}

/** The landed rows that the table is made of. */
function sourceSql(look: Look, stream: Stream, landing: readonly Column[], snapshot: number): string {
  const table = look.at(landingTable(stream), snapshot);
  const all = `SELECT ${identifiers(landing.map((column) => column.name))} FROM ${table}`;
  if (stream.destinationSyncMode !== "overwrite") return all;
  const generation = findColumn(landing, GENERATION);
  if (!generation) return all;
  const name = identifier(generation.name);
  return `${all} WHERE ${name} IS NOT DISTINCT FROM (SELECT max(${name}) FROM ${table})`;
}

/** The snapshot of landing that the table was made of: of an `overwrite` stream, when it was last published. */
async function landingRead(look: Look, stream: Stream): Promise<{ snapshot: number } | { reason: string }> {
  if (stream.destinationSyncMode !== "overwrite") return { snapshot: look.snapshot };
  const last = await lastRecord(look, stream.processed.asset);
  const published = last?.upstreamSnapshots[stream.landing.table];
  if (!last || published === undefined) return { reason: "no generation was published yet" };
  if (await wasOverwritten(look, stream, last.epoch)) {
    return {
      reason: "files that it was published from were overwritten since, and it is to be published again",
    };
  }
  if (published.kept) return { snapshot: published.snapshot };
  const { newer } = await look.one(
    batchRow,
    `SELECT count(*) AS newer FROM audit_batches WHERE ${ofStream(stream)} AND files > 0 AND epoch > ${literal(last.epoch)}`,
  );
  if (newer === 0) return { snapshot: look.snapshot };
  return {
    reason: `snapshot ${published.snapshot}, of which it was published, has expired, and more was fed since`,
  };
}

/** An overwritten file's old registration is taken out of the past, too. */
async function wasOverwritten(look: Look, stream: Stream, epoch: number): Promise<boolean> {
  const { files } = await look.one(
    filesRow,
    `SELECT count(DISTINCT later.key) AS files FROM audit_log AS later JOIN audit_log AS before USING (source, stream, key)
     WHERE ${ofStream(stream)} AND before.state = 'fed' AND before.epoch <= ${literal(epoch)}
       AND later.state = 'fed' AND later.epoch > ${literal(epoch)}`,
  );
  return files > 0;
}

async function hasGap(look: Look, stream: Stream): Promise<boolean> {
  const { files } = await look.one(
    filesRow,
    `SELECT count(*) AS files FROM audit_ledger WHERE ${ofStream(stream)} AND state IN ('removed', 'lost')`,
  );
  return files > 0;
}
