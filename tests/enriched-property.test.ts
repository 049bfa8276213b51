import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EnrichedModel } from "../assets/definitions.ts";
import { EnrichedLake } from "./support/enriched-fixture.ts";
import { Dice, type RandomColumn, randomModel, TABLES } from "./upkeep-models.ts";

/** How many models are tried; each costs three to five seconds. */
const RUNS = Number(process.env.LOTUS_PROPERTY_RUNS ?? 8);
/** How many models are drawn until one can be kept up to date in increments. */
const DRAWS = 12;

let lake: EnrichedLake;

beforeAll(async () => {
  lake = await EnrichedLake.open();
  for (const [table, columns] of Object.entries(TABLES)) {
    const declared = columns.map(({ name, type }) => `${name} ${type === "i" ? "INTEGER" : "VARCHAR"}`);
    await lake.run(`CREATE TABLE ${table} (${declared.join(", ")}, _ab_cdc_deleted_at TIMESTAMP)`);
  }
});
afterAll(() => lake.close());

test("after any changes in any cuts, a table is what its SELECT gives from scratch", async () => {
  const modes = { incremental: 0, rebuild: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (number) => {
      const dice = new Dice(number);
      const story: string[] = [];
      try {
        await play(dice, story, modes);
      } catch (error) {
        throw new Error(`${story.join("\n")}\n${error instanceof Error ? error.message : error}`);
      }
    }),
    // A number is no smaller case for being smaller.
    { numRuns: RUNS, endOnFailure: true },
  );
  // It is worth something only as long as most models are kept up by increments.
  expect(modes.incremental).toBeGreaterThan(RUNS);
}, 3_600_000);

/** One fact over the tables and one over the fact, through several rounds of changes. */
async function play(
  dice: Dice,
  story: string[],
  modes: { incremental: number; rebuild: number },
): Promise<void> {
  if (dice.chance(50)) await lake.run("DROP TABLE IF EXISTS fct_two", "DROP TABLE IF EXISTS fct_one");
  for (const table of Object.keys(TABLES)) {
    await lake.write(`DELETE FROM ${table}`, insert(dice, table, 4 + dice.below(6)));
  }
  const one = await draw(dice, "fct_one", () => firstFact(dice));
  story.push(`fct_one: ${one.sql}`, JSON.stringify(one.upkeep));
  const outcome = await lake.materialize(one);
  story.push(`${outcome.mode}: ${outcome.reason}`);
  await lake.expectRight(one);
  const two = await draw(dice, "fct_two", () => secondFact(dice, one));
  story.push(`fct_two: ${two.sql}`, JSON.stringify(two.upkeep));
  for (let round = 0; round < 4; round += 1) {
    for (let cut = dice.below(3); cut > 0; cut -= 1) {
      const steps = Array.from({ length: 1 + dice.below(3) }, () => step(dice));
      story.push(`one transaction: ${steps.join("; ")}`);
      await lake.write(...steps);
    }
    if (dice.chance(15)) {
      const maintenance = dice.pick(MAINTENANCE);
      story.push(maintenance);
      await lake.run(maintenance);
    }
    if (dice.chance(20)) continue;
    for (const model of dice.chance(70) ? [one, two] : [one]) {
      const { mode, reason, changedRows } = await lake.materialize(model, { full: dice.chance(5) });
      story.push(`${model.asset}: ${mode} ${reason ?? ""}, ${changedRows} rows`);
      modes[mode] += 1;
      await lake.expectRight(model);
    }
  }
}

const MAINTENANCE = [
  "CALL ducklake_flush_inlined_data('lakehouse')",
  "CALL ducklake_merge_adjacent_files('lakehouse')",
  "CALL ducklake_rewrite_data_files('lakehouse', 'a', delete_threshold => 0.0)",
];

/** Draws until a model binds and, if at all possible, has increments. */
async function draw(dice: Dice, asset: string, next: () => string): Promise<EnrichedModel> {
  let last: EnrichedModel | null = null;
  for (let tries = 0; tries < DRAWS || !last; tries += 1) {
    const text = next();
    const model = await lake.model(asset, text).catch(() => null);
    if (!model) continue;
    last = model;
    if (model.upkeep.mode === "incremental" || dice.chance(2)) break;
  }
  return last;
}

function head(lines: string[]): string {
  return `/* ---\n${lines.join("\n")}\n--- */\n`;
}

/** A model over the tables, made to have a key: rows numbered within what is redone together, or grouped by it. */
function firstFact(dice: Dice): string {
  if (dice.chance(25)) return dice.pick(DECLARED);
  const inner = randomModel(dice, 1 + dice.below(2));
  const names = inner.columns.map(({ name }) => name);
  const redoBy = dice.chance(75) ? [dice.pick(names)] : dice.some(names).slice(0, 2);
  const [keys, all] = [redoBy.join(", "), names.join(", ")];
  if (dice.chance(50)) {
    return `${head([`unique_key: [${keys}, line]`, `redo_by: [${keys}]`])}
      SELECT ${all}, row_number() OVER (PARTITION BY ${keys} ORDER BY ${all}) AS line FROM (${inner.sql}) AS x -- end`;
  }
  const measured = dice.pick(names);
  return `${head([`unique_key: [${keys}]`])}
    SELECT ${keys}, count(*) AS rows_, count(DISTINCT ${measured}) AS values_, max(${measured}) AS last_
    FROM (${inner.sql}) AS x GROUP BY ${keys};`;
}

/** Models whose mapping only the head can tell; each of these is right. */
const DECLARED = [
  `${head(["unique_key: k", "changes: { b: k }"])}
   SELECT k, max(v) AS v, max(g) AS g, (SELECT sum(w) FROM b WHERE b.k = q.k)::INTEGER AS w FROM a AS q GROUP BY k`,
  `${head(["unique_key: k", "changes: { b: coalesce(k + 0, k) }"])}
   WITH r AS (SELECT k, sum(w)::INTEGER AS w FROM b GROUP BY k)
   SELECT x.k, x.v, x.g, r.w FROM (SELECT k, max(v) AS v, min(g) AS g FROM a GROUP BY k) AS x LEFT JOIN r ON r.k = x.k`,
  `${head(["unique_key: [g, line]", "redo_by: g", "changes: { c: g }"])}
   SELECT k, g, s, row_number() OVER (PARTITION BY g ORDER BY k, v, s) AS line
   FROM a WHERE EXISTS (SELECT 1 FROM c WHERE c.g IS NOT DISTINCT FROM a.g)`,
];

/** A model over `fct_one`, by a column that need not be its key. */
function secondFact(dice: Dice, one: EnrichedModel): string {
  const names = one.columns.map(({ name }) => name);
  const [by, measured] = [dice.pick(names), dice.pick(names)];
  const type = one.columns.find(({ name }) => name === by)?.type;
  const alike = one.columns.filter((column) => column.type === type).map(({ name }) => name);
  const other: RandomColumn[] = (TABLES.c ?? []).filter(
    (column) => (column.type === "s") === (type === "VARCHAR"),
  );
  const joined = other.length > 0 ? dice.pick(other).name : null;
  const grouped = `SELECT ${by}, count(*) AS rows_, max(${measured}) AS last_ FROM fct_one GROUP BY ${by}`;
  return dice.pick([
    `${head([`unique_key: ${by}`])}${grouped}`,
    `${head([`unique_key: ${by}`])}SELECT ${by}, count(*) FILTER (${measured} IS NOT NULL) AS n FROM fct_one
       WHERE ${dice.pick(alike)} IS DISTINCT FROM ${by} GROUP BY ALL HAVING count(*) > 0`,
    `${head([`unique_key: [${by}, line]`, `redo_by: ${by}`])}
       SELECT *, row_number() OVER (PARTITION BY ${by} ORDER BY ${names.join(", ")}) AS line FROM fct_one`,
    joined
      ? `${head([`unique_key: ${by}`])}SELECT f.${by}, f.rows_, f.last_, d.n FROM (${grouped}) AS f
         ${dice.pick(["LEFT JOIN", "JOIN"])} (SELECT ${joined}, count(*) AS n FROM c GROUP BY ${joined}) AS d ON d.${joined} = f.${by}`
      : `${head([`unique_key: ${by}`])}${grouped}`,
    joined
      ? `${head([`unique_key: ${by}`])}SELECT u.${by}, count(*) AS n FROM
         (SELECT ${by} FROM fct_one UNION ALL SELECT ${joined} AS ${by} FROM c) AS u GROUP BY u.${by}`
      : `${head([`unique_key: ${by}`])}SELECT DISTINCT ${by} FROM fct_one`,
  ]);
}

function values(dice: Dice, table: string): string[] {
  return (TABLES[table] ?? []).map(({ type }) => {
    if (dice.chance(20)) return "NULL";
    return type === "i" ? String(dice.below(4)) : `'${dice.pick(["p", "q", "P", "z"])}'`;
  });
}

function insert(dice: Dice, table: string, rows: number): string {
  const deleted = () => (dice.chance(15) ? "TIMESTAMP '2024-01-01'" : "NULL");
  const list = Array.from({ length: rows }, () => `(${[...values(dice, table), deleted()].join(", ")})`);
  return `INSERT INTO ${table} VALUES ${list.join(", ")}`;
}

/** One change: some rows come, go, get other values or another key, or become tombstones or living rows again. */
function step(dice: Dice): string {
  const table = dice.pick(Object.keys(TABLES));
  const columns = TABLES[table] ?? [];
  const some = `WHERE rowid % ${3 + dice.below(4)} = ${dice.below(3)}`;
  const column = dice.pick(columns);
  const value = values(dice, table)[columns.indexOf(column)];
  return dice.pick([
    insert(dice, table, 1 + dice.below(3)),
    `DELETE FROM ${table} ${some}`,
    `UPDATE ${table} SET ${column.name} = ${value} ${some}`,
    `UPDATE ${table} SET k = k ${some}`.replaceAll("k", columns[0]?.name ?? "k"),
    `UPDATE ${table} SET _ab_cdc_deleted_at = TIMESTAMP '2024-02-01' ${some}`,
    `UPDATE ${table} SET _ab_cdc_deleted_at = NULL ${some}`,
  ]);
}
