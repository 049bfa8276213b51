import { z } from "zod";

/** The named points of what a writer does, at which the harness can stop its process. Pure: reads SQL text only. */

/** Of a batch, of a rebuild of a processed table, and of a materialization. */
export const POINTS = [
  "feed.register",
  "feed.merge",
  "feed.ledger",
  "feed.commit",
  "rebuild.replace",
  "rebuild.record",
  "rebuild.commit",
  "materialize.replace",
  "materialize.record",
  "materialize.commit",
] as const;

/** Of what comes now and then: objects that changed after they were fed, and the lake's upkeep. */
export const UPKEEP_POINTS = [
  "replace.unregister",
  "replace.commit",
  "retention.commit",
  "compact.write",
  "compact.commit",
  "advance.commit",
  "quarantine.commit",
  "expiry.expire",
] as const;

export type Point = (typeof POINTS)[number] | (typeof UPKEEP_POINTS)[number];

/** `during`: some milliseconds after the statement was given to DuckDB. */
export type Moment = "before" | "during" | "after";

export const MOMENTS = ["before", "during", "after"] as const;

/** What a transaction is for. */
type Work =
  | "feed"
  | "rebuild"
  | "materialize"
  | "replace"
  | "retention"
  | "compact"
  | "advance"
  | "quarantine";

/** Follows one session's statements, and says which of them is a named point. */
export class TransactionReader {
  #work: Work | null = null;

  /** To be asked for each statement, in order, before it runs. */
  read(sql: string): Point | null {
    const text = sql.trimStart();
    if (/^(BEGIN|ROLLBACK)\b/.test(text)) this.#work = null;
    if (/^COMMIT\b/.test(text)) {
      const work = this.#work;
      this.#work = null;
      return work && `${work}.commit`;
    }
    const named = NAMED.find(({ pattern }) => pattern.test(text));
    if (named) {
      if (named.point.startsWith("feed.")) this.#work = "feed";
      if (named.point.startsWith("compact.")) this.#work = "compact";
      return named.point;
    }
    const noted = NOTE.exec(text);
    if (noted?.[1] !== undefined) this.#work = notedWork(noted[1]) ?? this.#work;
    const written = WRITE.exec(text);
    if (!written) return null;
    if (written[1] === undefined) {
      // The first of a transaction's writes told which table it is about.
      return this.#work === "rebuild" || this.#work === "materialize" ? `${this.#work}.record` : null;
    }
    if (this.#work === "feed") return "feed.merge";
    if (this.#work === "compact") return null;
    this.#work = written[1] === "int_" ? "rebuild" : "materialize";
    return `${this.#work}.replace`;
  }
}

const NAMED: readonly { pattern: RegExp; point: Point }[] = [
  { pattern: /^CALL ducklake_add_data_files\(/, point: "feed.register" },
  { pattern: /^INSERT INTO lakehouse\.meta\.feeder_batches\b/, point: "feed.ledger" },
  {
    pattern: /^CALL postgres_execute\('__ducklake_metadata_lakehouse', 'WITH gone /,
    point: "replace.unregister",
  },
  // Into a table from itself.
  {
    pattern: /^INSERT INTO ("lakehouse"\."main"\."[^"]+") [\s\S]*? FROM \1 WHERE /,
    point: "compact.write",
  },
  { pattern: /\bducklake_expire_snapshots\(/, point: "expiry.expire" },
];

const WRITE =
  /^(?:(?:INSERT INTO|MERGE INTO|DELETE FROM) "lakehouse"\."main"\."(int_|fct_|dim_)|INSERT INTO lakehouse\.meta\.materializations\b)/;

/** The commit note's details: JSON in a SQL literal. */
const NOTE = /^CALL ducklake_set_commit_message\([\s\S]*extra_info => '([\s\S]*)'\)\s*$/;

const details = z.object({ work: z.string().optional() });

const WORKS: Record<string, Work> = {
  replace: "replace",
  lost: "replace",
  retention: "retention",
  compact: "compact",
  advance: "advance",
  quarantine: "quarantine",
};

function notedWork(text: string): Work | null {
  const { work } = details.parse(JSON.parse(text.replaceAll("''", "'")));
  return work === undefined ? null : (WORKS[work] ?? null);
}
