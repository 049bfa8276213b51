import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { EnrichedModel, Project, Stream } from "../../assets/definitions.ts";
import { materialize } from "../../assets/enriched/materialize.ts";
import { loadProject } from "../../assets/project.ts";
import { type AuditRequest, type AuditResult, runAudit } from "../../audit/audit.ts";
import { Lake } from "../../lake/lake.ts";
import { identifier, literal } from "../../lake/sql.ts";
import type { FedStream, FeederLake, StreamSpec } from "./feeder-fixture.ts";

/** Audits as `lotus audit` does: through a reader of its own, which has seen nothing before. */
export async function audit(
  { isolation, store }: Pick<FeederLake, "isolation" | "store">,
  project: Project,
  options: Partial<AuditRequest> = {},
): Promise<AuditResult> {
  const lake = await Lake.open({
    connections: isolation.connections,
    engine: { memoryLimit: "1GB", threads: 2 },
    extensions: isolation.tools.extensions,
    spillDir: join(isolation.folder, "spill"),
    mode: "read",
  });
  try {
    return await runAudit({
      lake,
      store,
      project,
      orphanAgeMs: 0,
      asset: null,
      report: () => {},
      ...options,
    });
  } finally {
    lake.close();
  }
}

/** `code subject` of each finding, sorted; of one subject's only its codes. */
export function found(result: AuditResult): string[] {
  return result.findings.map(({ code, subject }) => (subject === null ? code : `${code} ${subject}`)).sort();
}

/** A project of streams and models that were loaded one by one. */
export function projectOf(streams: readonly Stream[], models: readonly EnrichedModel[] = []): Project {
  return { dir: "/", streams: [...streams], models: [...models], assets: [], findings: [], disabled: {} };
}

/** Rows with Airbyte's columns: ids from `first` on, extracted `minutes` after midnight. */
export function rows(first: number, count: number, text: string, minutes: number, generation = 1): string {
  return `SELECT (${first} + range)::INTEGER AS id, '${text}' AS v, md5('${text}' || range) AS _airbyte_raw_id,
    TIMESTAMPTZ '2026-01-01 00:00:00Z' + to_minutes(${minutes}) AS _airbyte_extracted_at,
    ${generation}::BIGINT AS _airbyte_generation_id FROM range(${count})`;
}

/** A stream of a lake with what tests have to know to tamper with it. */
export class AuditedStream {
  readonly lake: FeederLake;
  readonly fed: FedStream;

  constructor(lake: FeederLake, fed: FedStream) {
    this.lake = lake;
    this.fed = fed;
  }

  /** Fed with two files of 20 rows, in a batch: `old` brings ids 0 to 19, `new` ids 10 to 29 anew. */
  static async fed(lake: FeederLake, spec: StreamSpec = {}): Promise<AuditedStream> {
    const stream = new AuditedStream(lake, await lake.stream(spec));
    await stream.land("2026-01-01/old.parquet", rows(0, 20, "old", 1));
    await stream.land("2026-01-02/new.parquet", rows(10, 20, "new", 2));
    await stream.fed.feed();
    return stream;
  }

  get stream(): Stream {
    return this.fed.context.stream;
  }

  /** `source/stream` */
  get name(): string {
    return `${this.stream.source}/${this.stream.stream}`;
  }

  get asset(): string {
    return this.stream.processed.asset;
  }

  get landing(): string {
    return this.fed.landingTable;
  }

  get processed(): string {
    return this.fed.processedTable;
  }

  get fence(): string {
    return `lakehouse.meta.${identifier(`fence_${this.asset}`)}`;
  }

  /** A condition: entries of this stream, in a log. */
  get mine(): string {
    return `source = ${literal(this.stream.source)} AND stream = ${literal(this.stream.stream)}`;
  }

  land(place: string, content: string | Uint8Array): Promise<string> {
    return this.fed.put(place, content);
  }

  path(place: string): string {
    return this.lake.store.url(this.fed.key(place));
  }

  sql(text: string): Promise<unknown> {
    return this.lake.query(text);
  }

  /** The key under which the lake reads the one fed file whose key is like this. */
  async registeredKey(like: string): Promise<string> {
    const [row] = await this.lake.query(
      `SELECT registered_path FROM lakehouse.meta.feeder_files WHERE ${this.mine} AND key LIKE ${literal(like)}`,
    );
    return String(row?.registered_path).slice(this.lake.store.url("").length);
  }

  /** Registers a file in the landing table, past the ledger. */
  async register(place: string): Promise<void> {
    await this.sql(
      `CALL ducklake_add_data_files('lakehouse', ${literal(this.stream.landing.table)}, ${literal(this.path(place))},
        schema => 'staging', hive_partitioning => true, allow_missing => true, ignore_extra_columns => true)`,
    );
  }

  /** Takes a file out of landing as retention does. */
  async remove(place: string): Promise<void> {
    const note = JSON.stringify({ runId: "test", asset: this.asset, work: "retention" });
    await this.lake.lake.withSession((session) =>
      session.execute(`
        BEGIN;
        DELETE FROM ${this.landing} WHERE filename = ${literal(this.path(place))};
        INSERT INTO lakehouse.meta.feeder_file_log
          SELECT * REPLACE ('removed' AS state, 3 AS epoch) FROM lakehouse.meta.feeder_file_log
          WHERE ${this.mine} AND key = ${literal(this.fed.key(place))};
        UPDATE ${this.fence} SET epoch = 3;
        CALL ducklake_set_commit_message('lakehouse', 'test', 'retention', extra_info => ${literal(note)});
        COMMIT`),
    );
  }

  /** Enriched models over this stream, from their files' texts, and materialized. */
  async materialized(texts: Record<string, string>): Promise<EnrichedModel[]> {
    for (const [name, text] of Object.entries(texts)) {
      const path = join(this.fed.dir, "enriched", "test", `${name}.sql`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    const { models, findings } = await loadProject(this.fed.dir);
    if (models.length !== Object.keys(texts).length) throw new Error(JSON.stringify(findings));
    for (const model of models) await this.materialize(model);
    return models;
  }

  async materialize(model: EnrichedModel): Promise<void> {
    await materialize(this.lake.lake, model, { runId: "test", full: false });
  }
}
