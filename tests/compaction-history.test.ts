import { afterAll, beforeAll, expect, test } from "vitest";
import { compactTable } from "../lake/compaction.ts";
import type { Session } from "../lake/session.ts";
import { changeFeed, currentSnapshot, rowChanges, tableAt } from "../lake/snapshots.ts";
import { identifier } from "../lake/sql.ts";
import { EnrichedLake } from "./support/enriched-fixture.ts";

/**
 * Random changes of a table with compaction in between, against a copy of every snapshot that plain DuckDB keeps: the
 * past reads as it was, and the change feed, whatever part of it is asked for, shows each change that was made and no
 * other.
 */

let lake: EnrichedLake;
beforeAll(async () => {
  lake = await EnrichedLake.open();
});
afterAll(() => lake.close());

/** Small and the same everywhere: which changes come depends on the seed alone. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536) % sides;
  };
}

/** The table under test, its copy as plain DuckDB has it now, and the copy of each snapshot. */
class Watched {
  readonly name: string;
  readonly #session: Session;
  /** Snapshots that changed rows. */
  readonly changed: number[] = [];
  first = 0;
  last = 0;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.name = name;
  }

  async create(layout: string): Promise<void> {
    await this.#session.execute(`CREATE TABLE lakehouse.main.${identifier(this.name)} (id BIGINT, v BIGINT)`);
    if (layout)
      await this.#session.execute(
        `ALTER TABLE lakehouse.main.${identifier(this.name)} SET PARTITIONED BY (${layout})`,
      );
    await this.#session.execute(`CREATE OR REPLACE TEMP TABLE now_here (id BIGINT, v BIGINT);
      CREATE OR REPLACE TEMP TABLE past (snapshot BIGINT, id BIGINT, v BIGINT)`);
    this.first = await this.remember();
  }

  /** Runs a statement on both; `TABLE` stands for the table. */
  async change(statement: string): Promise<void> {
    for (const target of [`lakehouse.main.${identifier(this.name)}`, "now_here"])
      await this.#session.execute(statement.replace("TABLE", target));
    const before = this.last;
    if ((await this.remember()) !== before) this.changed.push(this.last);
  }

  /** Keeps a copy of every snapshot since the last time, none of which may have changed rows but the newest. */
  async remember(): Promise<number> {
    const now = await currentSnapshot(this.#session);
    for (let snapshot = Math.max(this.last + 1, this.first || now); snapshot <= now; snapshot += 1)
      await this.#session.execute(`INSERT INTO past SELECT ${snapshot}, id, v FROM now_here`);
    this.last = now;
    return now;
  }

  /** Snapshots that do not read as they were, under a condition. */
  async wrongPasts(): Promise<string[]> {
    const wrong: string[] = [];
    for (let snapshot = this.first; snapshot <= this.last; snapshot += 1) {
      for (const condition of ["TRUE", "v >= 12 AND id % 7 < 5"]) {
        const past = `SELECT id, v FROM ${tableAt({ schema: "main", name: this.name }, snapshot)} WHERE ${condition}`;
        const copy = `SELECT id, v FROM past WHERE snapshot = ${snapshot} AND ${condition}`;
        if ((await this.#differences(past, copy)) > 0) wrong.push(`${snapshot} ${condition}`);
      }
    }
    return wrong;
  }

  /** Images of rows that a part of the change feed shows or lacks wrongly. */
  async wrongChanges(after: number, until: number): Promise<number> {
    const feed = await rowChanges(this.#session, { schema: "main", name: this.name }, after, until);
    const steps = this.changed.filter((snapshot) => snapshot > after && snapshot <= until);
    if (steps.length === 0 || feed === null) return steps.length;
    const made = steps.map((step) => {
      const [was, is] = [step - 1, step].map((at) => `SELECT id, v FROM past WHERE snapshot = ${at}`);
      return `(${was} EXCEPT ALL ${is}) UNION ALL (${is} EXCEPT ALL ${was})`;
    });
    return this.#differences(`SELECT id, v FROM ${feed}`, made.join(" UNION ALL "));
  }

  /** What DuckLake's feed itself shows of a snapshot. */
  async shown(snapshot: number): Promise<number> {
    const feed = changeFeed({ schema: "main", name: this.name }, snapshot - 1, snapshot);
    return (await this.#session.queryRaw(`SELECT 1 FROM ${feed}`)).length;
  }

  async #differences(left: string, right: string): Promise<number> {
    const rows = await this.#session.queryRaw(
      `SELECT * FROM (((${left}) EXCEPT ALL (${right})) UNION ALL ((${right}) EXCEPT ALL (${left})))`,
    );
    return rows.length;
  }
}

test.each([
  { name: "int_plain", layout: "", seed: 7 },
  { name: "int_parted", layout: "v", seed: 21 },
])("$name: the past and the feed are as if nothing had been compacted", async ({ name, layout, seed }) => {
  await lake.lake.withSession(async (session) => {
    const roll = dice(seed);
    const table = new Watched(session, name);
    await table.create(layout);
    let ids = 0;
    let pieces = 0;
    for (let round = 1; round <= 24; round += 1) {
      const fresh = 1 + roll(roll(3) === 0 ? 8 : 40);
      const value = layout ? `(id + ${round}) % 2` : String(round);
      await session.execute(`CREATE OR REPLACE TEMP TABLE brought AS SELECT DISTINCT id, ${value}::BIGINT AS v FROM (
        SELECT ${ids} + r AS id FROM range(${fresh}) t(r)
        UNION ALL SELECT (r * 7919 + ${round * 31}) % ${Math.max(1, ids)} FROM range(${roll(30)}) t(r))`);
      ids += fresh;
      await table.change(`MERGE INTO TABLE AS t USING brought AS n ON (t.id = n.id)
        WHEN MATCHED AND t.v <> n.v THEN UPDATE SET v = n.v WHEN NOT MATCHED THEN INSERT`);
      if (roll(4) === 0) {
        const sides = 3 + roll(20);
        await table.change(`DELETE FROM TABLE WHERE id % ${sides} = ${roll(sides)}`);
      }
      if (round % 5 === 0) {
        const { files } = await compactTable(
          lake.lake,
          { schema: "main", name },
          { asset: name, runId: "t" },
        );
        await table.remember();
        if (files > 0) pieces += 1;
      }
    }
    expect(pieces).toBeGreaterThanOrEqual(2);
    // The test would show nothing if DuckLake's own feed did not show what compaction did.
    let seen = 0;
    for (let at = table.first + 1; at <= table.last; at += 1)
      if (!table.changed.includes(at)) seen += await table.shown(at);
    expect(seen).toBeGreaterThan(0);
    expect(await table.wrongPasts()).toEqual([]);
    const parts = Array.from({ length: 6 }, () => table.first + roll(table.last - table.first));
    for (const after of [table.first, ...parts]) {
      const until = after + 1 + roll(table.last - after);
      expect(await table.wrongChanges(after, until), `after ${after} until ${until}`).toBe(0);
      expect(await table.wrongChanges(after, table.last), `after ${after}`).toBe(0);
    }
  });
});
