import type { components } from "../../../client/schema.d.ts";

type Schemas = components["schemas"];

export type Accepted = Schemas["Accepted"];
export type Activity = Schemas["Activity"];
export type AssetDetail = Schemas["AssetDetail"];
export type AssetState = AssetSummary["state"];
export type AssetSummary = Schemas["AssetSummary"];
export type Backfill = Schemas["Backfill"];
export type BackfillChunk = Schemas["BackfillChunk"];
export type BackfillMode = Backfill["mode"];
export type BackfillPlan = Schemas["BackfillPlan"];
export type BackfillRequest = Omit<Schemas["BackfillRequest"], "dryRun">;
export type Batch = Schemas["Batch"];
export type LedgerFile = Schemas["LedgerFile"];
export type LakeTable = Schemas["Table"];
export type Lineage = Schemas["Lineage"];
export type Materialization = Schemas["Materialization"];
export type QuarantinedFile = Schemas["QuarantinedFile"];
export type QueryResult = Schemas["QueryResult"];
export type Run = Schemas["Run"];
export type RunDetail = Schemas["RunDetail"];
export type Snapshot = Schemas["Snapshot"];
export type SnapshotComparison = Schemas["SnapshotComparison"];
export type StreamDetail = Schemas["StreamDetail"];
export type StreamSummary = Schemas["StreamSummary"];
export type Throughput = Schemas["Throughput"];
