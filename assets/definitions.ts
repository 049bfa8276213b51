/** What a project's files say, after reading and validation. Plain data: everything else works on these types. */

export interface Column {
  name: string;
  /** A DuckDB type as `DESCRIBE` prints it: `BIGINT`, `DECIMAL(18,2)`, `TIMESTAMP WITH TIME ZONE`. */
  type: string;
}

export type OnNewColumn = "add" | "ignore" | "fail";

export interface FeederSettings {
  /** A batch holds at most this many bytes of raw files, and always at least one file. */
  batchBytes: number;
  batchFiles: number;
  pollMs: number;
  /** Each listing starts this many days before the cursor's partition day. */
  lookbackDays: number;
  /** Landed files older than this many days are removed; null keeps everything. */
  retentionMs: number | null;
  onNewColumn: OnNewColumn;
}

/** The landing table of a stream. */
export interface Landing {
  /** `stg_{source}__{stream}`, in schema `staging`. */
  table: string;
  columns: Column[];
  /** The DDL file that replaced the derived columns, relative to the project; null when derived. */
  file: string | null;
}

/** The processed table of a stream: one output row for each landed row, the latest version for each key. */
export interface ProcessedModel {
  /** `int_{source}__{stream}`: the asset's key and its table in schema `main`. */
  asset: string;
  /** The SELECT as it stands in the file, or the default. Reads the landing table by its bare name. */
  sql: string;
  /** Relative to the project; null for the default model. */
  file: string | null;
  head: ModelHead;
  /** Output columns that identify a row; empty: every landed row is kept. */
  uniqueKey: string[];
  /** The SELECT's own output columns, bound over the landing table as it is declared. */
  columns: Column[];
  codeHash: string;
}

export interface Stream {
  source: string;
  stream: string;
  /** The JSON file, relative to the project. */
  file: string;
  syncMode: "incremental" | "full_refresh";
  /** `overwrite` shows only the newest complete generation. */
  destinationSyncMode: "append" | "append_dedup" | "overwrite";
  /** Landing columns. */
  primaryKey: string[];
  cursorField: string | null;
  feeder: FeederSettings;
  landing: Landing;
  processed: ProcessedModel;
}

/** The YAML head of a model, every key optional. */
export interface ModelHead {
  unique_key?: string[];
  redo_by?: string[];
  changes?: Record<string, string[]>;
  partitioned_by?: string[];
  sorted_by?: string[];
  description?: string;
  owner?: string;
  tags?: string[];
  freshness?: string;
  columns?: Record<string, { description?: string; checks?: string[] }>;
  on_code_change?: "rebuild" | "keep";
  serve?: "postgres";
}

/** A fact or dimension: a SELECT over processed and enriched tables. */
export interface EnrichedModel {
  /** `fct_*` or `dim_*`: the asset's key and its table in schema `main`. */
  asset: string;
  domain: string;
  sql: string;
  file: string;
  head: ModelHead;
  /** A row's identity; empty: the table is rebuilt each time. */
  uniqueKey: string[];
  /** Output columns by which rows are redone together; defaults to the unique key. */
  redoBy: string[];
  /** Declared key expressions, one list (as long as `redoBy`) for each upstream. */
  changes: Record<string, string[]>;
  /** Assets it reads: `int_*`, `fct_*`, `dim_*`. */
  upstream: string[];
  /** The columns of each upstream that this model was checked with, in their order: it sees no others. */
  upstreamColumns: Record<string, Column[]>;
  columns: Column[];
  codeHash: string;
  upkeep: Upkeep;
}

/** How an enriched table is brought up to date; see assets/upkeep.ts. */
export type Upkeep =
  | { mode: "rebuild"; reasons: string[] }
  | { mode: "incremental"; upstreams: Record<string, UpstreamRule> };

export interface UpstreamRule {
  /**
   * Tuples of SQL expressions over the upstream's columns, each tuple as long as `redoBy`: a changed upstream
   * row touches the keys that these give. Null: a look-up, whose change leads to a rebuild.
   */
  keys: string[][] | null;
  /** A tuple by which reading only the rows of touched keys is proven to give the same result; null: read whole. */
  restrict: string[] | null;
  /** Why `keys` is null, for `lotus check`. */
  reason: string | null;
}

/** Something that `lotus check` found. */
export interface Finding {
  /** Stable, e.g. `stream-config-invalid`, `sql-syntax`, `unknown-table`, `cycle`, `duplicate-name`. */
  code: string;
  /** `error` disables the assets; `info` explains (e.g. why a model is rebuilt) and does not fail the check. */
  severity: "error" | "info";
  /** Relative to the project. */
  file: string;
  /** 1-based; null when the finding is about the whole file. */
  line: number | null;
  /** What is wrong. */
  message: string;
  /** What to do. */
  remedy: string;
  /** Asset keys at fault. */
  assets: string[];
}

export interface Asset {
  key: string;
  kind: "landing" | "feeder" | "processed" | "enriched";
  upstream: string[];
}

/** Everything in a project folder. Assets that findings disable are left out of `streams` and `models`. */
export interface Project {
  /** Absolute. */
  dir: string;
  streams: Stream[];
  /** In topological order: upstream first. */
  models: EnrichedModel[];
  assets: Asset[];
  findings: Finding[];
  /** Asset key → the reason why it does not run. */
  disabled: Record<string, string>;
}
