import type { Column } from "../assets/definitions.ts";
import { type FunctionCatalog, loadFunctionCatalog } from "../assets/function-catalog.ts";
import { parseSelect } from "../assets/parse-tree.ts";
import { analyseUpkeep } from "../assets/upkeep.ts";
import type { Session } from "../lake/session.ts";
import { identifier } from "../lake/sql.ts";
import { Dice, type RandomModel, randomModel, TABLES } from "./upkeep-models.ts";

export interface Outcome {
  /** `invalid`: the model itself does not bind or run. `untouched`: right, but the output did not change. */
  outcome: "invalid" | "rebuild" | "right" | "untouched" | "wrong";
  /** The model and what was concluded, for a failure's message. */
  detail: string;
}

let functions: FunctionCatalog;
let upstreams: Record<string, Column[]>;

/** Makes the tables that random models read. */
export async function prepare(scratch: Session): Promise<void> {
  functions = await loadFunctionCatalog(scratch);
  upstreams = {};
  for (const [table, columns] of Object.entries(TABLES)) {
    const declared = columns.map(({ name, type }) => `${name} ${type === "i" ? "INTEGER" : "VARCHAR"}`);
    await scratch.execute(
      `CREATE TABLE main.${table} (${declared}); CREATE TABLE main.${table}_before (${declared})`,
    );
    upstreams[table] = await scratch.describe(`FROM main.${table}`);
  }
}

/**
 * Makes a model, data and changes from one number, and brings the model's output up to date in the way that
 * `analyseUpkeep` promises is right.
 */
export async function runCase(scratch: Session, seed: number, depth: number): Promise<Outcome> {
  const dice = new Dice(seed);
  const model = randomModel(dice, depth);
  return checkModel(scratch, dice, model, redoBy(dice, model));
}

function redoBy(dice: Dice, model: RandomModel): string[] {
  const names = model.columns.map((column) => column.name);
  return dice.chance(70) ? [dice.pick(names)] : dice.some(names).slice(0, 2);
}

/** The same for a model that is given, with the data and the changes of one number. */
export async function checkModel(
  scratch: Session,
  dice: Dice,
  model: { sql: string },
  keys: string[],
): Promise<Outcome> {
  let output: Column[];
  try {
    output = await scratch.describe(model.sql);
  } catch {
    return { outcome: "invalid", detail: model.sql };
  }
  const tree = await parseSelect(scratch, model.sql);
  const upkeep = analyseUpkeep({
    tree,
    redoBy: keys,
    uniqueKey: keys,
    changes: {},
    output,
    upstreams,
    functions,
  });
  const detail = `${model.sql}\nredo_by ${keys}\n${JSON.stringify(upkeep, null, 1)}`;
  if (upkeep.mode === "rebuild") return { outcome: "rebuild", detail };

  for (const table of Object.keys(TABLES)) await fill(scratch, dice, table);
  if (!(await runs(scratch, "output_before", model.sql))) return { outcome: "invalid", detail };
  const touched: string[] = [];
  for (const [table, rule] of Object.entries(upkeep.upstreams)) {
    await scratch.execute(
      `DELETE FROM main.${table}_before; INSERT INTO main.${table}_before FROM main.${table}`,
    );
    if (!rule.keys) continue;
    await change(scratch, dice, table);
    for (const tuple of rule.keys) {
      const list = tuple.map((text, index) => `${text} AS k${index}`).join(", ");
      touched.push(
        `SELECT ${list} FROM ((FROM main.${table} EXCEPT ALL FROM main.${table}_before)
         UNION ALL (FROM main.${table}_before EXCEPT ALL FROM main.${table}))`,
      );
    }
  }
  await scratch.execute(`CREATE OR REPLACE TEMP TABLE touched AS ${touched.join(" UNION ")}`);
  if (!(await runs(scratch, "output_after", model.sql))) return { outcome: "invalid", detail };

  const isTouched = (texts: string[]) =>
    `EXISTS (FROM touched WHERE ${texts.map((text, index) => `touched.k${index} IS NOT DISTINCT FROM (${text})`).join(" AND ")})`;
  const restricted = Object.entries(upkeep.upstreams).filter(([, rule]) => rule.restrict);
  for (const [table, rule] of restricted) {
    await scratch.execute(
      `CREATE TEMP VIEW ${table} AS SELECT * FROM memory.main.${table} WHERE ${isTouched(rule.restrict ?? [])}`,
    );
  }
  await scratch.execute(`CREATE OR REPLACE TEMP TABLE redone AS ${model.sql}`);
  for (const [table] of restricted) await scratch.execute(`DROP VIEW temp.${table}`);

  const ofKeys = isTouched(keys.map((key) => identifier(key)));
  const result = `(FROM output_before WHERE NOT ${ofKeys}) UNION ALL (FROM redone WHERE ${ofKeys})`;
  const rows = await scratch.queryRaw(
    `SELECT (SELECT count(*) FROM ((${result}) EXCEPT ALL FROM output_after)) AS false_rows,
            (SELECT count(*) FROM (FROM output_after EXCEPT ALL (${result}))) AS missing_rows,
            (SELECT count(*) FROM (FROM output_after EXCEPT ALL FROM output_before))
            + (SELECT count(*) FROM (FROM output_before EXCEPT ALL FROM output_after)) AS differences`,
  );
  const { false_rows, missing_rows, differences } = rows[0] ?? {};
  if (false_rows !== "0" || missing_rows !== "0") {
    return { outcome: "wrong", detail: `${detail}\n${JSON.stringify(rows[0])}` };
  }
  return { outcome: differences === "0" ? "untouched" : "right", detail };
}

/** A random model may compare text with numbers, and then fails on some rows. */
async function runs(scratch: Session, table: string, sql: string): Promise<boolean> {
  try {
    await scratch.execute(`CREATE OR REPLACE TEMP TABLE ${table} AS ${sql}`);
    return true;
  } catch {
    return false;
  }
}

function randomRow(dice: Dice, table: string): string {
  const values = (TABLES[table] ?? []).map(({ type }) => {
    if (dice.chance(20)) return "NULL";
    return type === "i" ? String(dice.below(4)) : `'${dice.pick(["p", "q", "P", "z"])}'`;
  });
  return `(${values.join(", ")})`;
}

async function fill(scratch: Session, dice: Dice, table: string): Promise<void> {
  const rows = Array.from({ length: 3 + dice.below(6) }, () => randomRow(dice, table));
  if (dice.chance(50)) rows.push(rows[0] ?? randomRow(dice, table));
  await scratch.execute(`DELETE FROM main.${table}; INSERT INTO main.${table} VALUES ${rows.join(", ")}`);
}

/** Deletes, inserts and updates a few rows. */
async function change(scratch: Session, dice: Dice, table: string): Promise<void> {
  const columns = TABLES[table] ?? [];
  const steps = [
    `DELETE FROM main.${table} WHERE rowid % 5 = ${dice.below(5)}`,
    `INSERT INTO main.${table} VALUES ${randomRow(dice, table)}`,
    `UPDATE main.${table} SET ${dice.pick(columns).name} = NULL WHERE rowid % 4 = ${dice.below(4)}`,
    `UPDATE main.${table} SET (${columns.map(({ name }) => name)}) = ${randomRow(dice, table)} WHERE rowid % 6 = ${dice.below(6)}`,
  ];
  for (const step of dice.some(steps)) await scratch.execute(step);
}
