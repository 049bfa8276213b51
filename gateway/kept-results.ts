import { Recent } from "../common/recent.ts";
import type { PgNode } from "./analysis/tree.ts";
import type { LakeStatement } from "./lake-reader.ts";
import type { ShadowState } from "./shadow/shadow-table.ts";
import type { FieldDescription } from "./wire/messages.ts";

/** A whole result as it goes to a client. */
export interface KeptResult {
  /** DataRow messages. */
  bytes: Buffer;
  rows: number;
}

/** What a result depends on. */
export interface ResultOrigin {
  statement: LakeStatement;
  /** What the shadow database showed: which tables and columns the statement's numbers stand for. */
  shown: ShadowState;
  /** Names for what the tables hold that it reads (table-versions.ts), in one order. */
  versions: readonly string[];
  /** Its columns' types, and the formats that the client wants them in. */
  fields: readonly FieldDescription[];
  extraFloatDigits: number;
}

/** In bytes. Larger results are dumps: they are not asked for again and again. */
export const LARGEST_KEPT = 64 * 1024;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Small results, kept until what they were made from changes: many people look at the same dashboards. Whether a client
 * may read the tables Postgres says each time; here nobody is asked.
 */
export class KeptResults {
  readonly #results = new Recent<string, KeptResult & { weight: number }>(MOST_BYTES, {
    weigh: ({ weight }) => weight,
  });
  readonly #numbers = new WeakMap<PgNode | ShadowState, number>();
  #count = 0;

  /** Results with the same key are the same, where their statement is repeatable. */
  keyOf({ statement, shown, versions, fields, extraFloatDigits }: ResultOrigin): string {
    const { tree, parameters, user, timeZone } = statement;
    const wanted = fields.map(({ typeOid, typmod, format }) => `${typeOid}/${typmod}/${format}`);
    return JSON.stringify([
      this.#numberOf(tree),
      this.#numberOf(shown),
      versions.join(),
      wanted.join(),
      [user, timeZone, extraFloatDigits, ...parameters],
    ]);
  }

  find(key: string): KeptResult | null {
    return this.#results.get(key) ?? null;
  }

  keep(key: string, { bytes, rows }: KeptResult): void {
    const weight = bytes.length + 2 * key.length;
    if (weight <= LARGEST_KEPT) this.#results.set(key, { bytes, rows, weight });
  }

  #numberOf(one: PgNode | ShadowState): number {
    const known = this.#numbers.get(one);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(one, this.#count);
    return this.#count;
  }
}

/** DuckDB's functions that give another value each time, or at another time; all but `error`, which gives none. */
export const UNREPEATABLE: readonly string[] = [
  ...["nextval", "currval", "random", "setseed", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "stats"],
  ...["now", "today", "transaction_timestamp", "current_date", "get_current_time", "get_current_timestamp"],
  ...["txid_current", "current_transaction_id", "current_connection_id", "current_query_id", "current_query"],
  ...["current_schema", "current_schemas", "current_database", "in_search_path", "sleep_ms", "write_log"],
];

/** Names of columns and tables stand in quotes. */
const CALLS_UNREPEATABLE = new RegExp(
  `\\b(${UNREPEATABLE.join("|")})\\(|(?<!")\\b(current_(date|time|timestamp)|localtime|localtimestamp|sample)\\b`,
  "i",
);

/** Whether a statement in DuckDB's SQL gives the same as long as its tables hold the same. In doubt it does not. */
export function isRepeatable(sql: string): boolean {
  return !CALLS_UNREPEATABLE.test(sql);
}
