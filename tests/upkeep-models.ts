/** Random models over three small tables, as SQL text, for the property test of assets/upkeep.ts. */

export type ColumnType = "i" | "s";

export interface RandomColumn {
  name: string;
  type: ColumnType;
}

export interface RandomModel {
  sql: string;
  columns: RandomColumn[];
}

/** The tables: `i` is INTEGER, `s` VARCHAR. `a` and `b` share names, for USING and NATURAL. */
export const TABLES: Record<string, RandomColumn[]> = {
  a: [
    { name: "k", type: "i" },
    { name: "g", type: "i" },
    { name: "v", type: "i" },
    { name: "s", type: "s" },
  ],
  b: [
    { name: "k", type: "i" },
    { name: "g", type: "i" },
    { name: "w", type: "i" },
  ],
  c: [
    { name: "g", type: "i" },
    { name: "s", type: "s" },
    { name: "x", type: "i" },
  ],
};

/** A small seeded generator: the same number gives the same choices. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  some<T>(items: readonly T[], atLeast = 1): T[] {
    const chosen = items.filter(() => this.chance(60));
    return chosen.length >= atLeast ? chosen : items.slice(0, Math.max(atLeast, 1));
  }
}

/** A random model; not every one binds. */
export function randomModel(dice: Dice, depth: number): RandomModel {
  if (depth <= 0) return fromTable(dice);
  return dice.pick([
    project,
    project,
    join,
    join,
    join,
    joinTree,
    joinTree,
    group,
    group,
    window,
    setOperation,
    distinct,
    commonTable,
    subquery,
    lateral,
    limit,
  ])(dice, depth);
}

function fromTable(dice: Dice): RandomModel {
  const name = dice.pick(Object.keys(TABLES));
  const columns = TABLES[name] ?? [];
  if (dice.chance(50)) return { sql: `SELECT * FROM ${name}`, columns };
  const kept = dice.some(columns, 2);
  const where = dice.chance(30) ? ` WHERE ${predicate(dice, "", columns)}` : "";
  return {
    sql: `SELECT ${kept.map((column) => column.name).join(", ")} FROM ${name}${where}`,
    columns: kept,
  };
}

/** A table or a subquery, as FROM takes it. */
function source(dice: Dice, depth: number, alias: string): { text: string; columns: RandomColumn[] } {
  if (dice.chance(40)) {
    const name = dice.pick(Object.keys(TABLES));
    return { text: `${name} AS ${alias}`, columns: TABLES[name] ?? [] };
  }
  const inner = randomModel(dice, depth - 1);
  return { text: `(${inner.sql}) AS ${alias}`, columns: inner.columns };
}

function reference(alias: string, column: RandomColumn): string {
  return alias ? `${alias}.${column.name}` : column.name;
}

function predicate(dice: Dice, alias: string, columns: RandomColumn[]): string {
  const column = dice.pick(columns);
  const name = reference(alias, column);
  if (dice.chance(20)) return `${name} IS ${dice.chance(50) ? "" : "NOT "}NULL`;
  if (column.type === "s") return `${name} ${dice.pick(["<>", "=", ">="])} 'p'`;
  return `${name} ${dice.pick(["<>", "<", ">=", "="])} ${dice.below(3)}`;
}

function expression(dice: Dice, alias: string, columns: RandomColumn[]): { text: string; type: ColumnType } {
  const column = dice.pick(columns);
  const name = reference(alias, column);
  if (dice.chance(60)) return { text: name, type: column.type };
  if (column.type === "s")
    return { text: dice.pick([`upper(${name})`, `coalesce(${name}, 'z')`, `'q'`]), type: "s" };
  return {
    text: dice.pick([
      `${name} + 1`,
      `coalesce(${name}, 0)`,
      `CAST(${name} AS INTEGER)`,
      `CASE WHEN ${name} > 0 THEN 1 ELSE ${name} END`,
      `${name} % 2`,
      "1",
    ]),
    type: "i",
  };
}

/** Names that clash with columns below, so that scoping is tried, too. */
function selectList(dice: Dice, alias: string, columns: RandomColumn[]): RandomModel {
  const taken = new Set<string>();
  const items: string[] = [];
  const output: RandomColumn[] = [];
  const count = 2 + dice.below(3);
  for (let index = 0; index < count; index += 1) {
    const { text, type } = expression(dice, alias, columns);
    const name = dice.pick(["k", "g", "s", "v", "w", "y", "z"].filter((candidate) => !taken.has(candidate)));
    taken.add(name);
    items.push(`${text} AS ${name}`);
    output.push({ name, type });
  }
  return { sql: items.join(", "), columns: output };
}

function project(dice: Dice, depth: number): RandomModel {
  const from = source(dice, depth, "p");
  const where = dice.chance(40) ? ` WHERE ${predicate(dice, "p", from.columns)}` : "";
  if (dice.chance(30)) {
    const removed = dice.pick(from.columns);
    const rest = from.columns.filter((column) => column !== removed);
    if (rest.length >= 2)
      return { sql: `SELECT * EXCLUDE (${removed.name}) FROM ${from.text}${where}`, columns: rest };
  }
  if (dice.chance(20)) {
    const replaced = dice.pick(from.columns);
    const value = replaced.type === "i" ? `${replaced.name} + 1` : `upper(${replaced.name})`;
    return {
      sql: `SELECT p.* REPLACE (${value} AS ${replaced.name}) FROM ${from.text}${where}`,
      columns: from.columns,
    };
  }
  const list = selectList(dice, dice.chance(50) ? "p" : "", from.columns);
  return { sql: `SELECT ${list.sql} FROM ${from.text}${where}`, columns: list.columns };
}

function onCondition(dice: Dice, left: Aliased[], right: Aliased[]): string {
  const parts: string[] = [];
  for (let index = 0; index < 1 + dice.below(2); index += 1) {
    const one = dice.pick(left);
    const others = right.filter((other) => other.type === one.type);
    if (others.length === 0) continue;
    const other = dice.pick(others);
    const same = others.find((candidate) => candidate.name === one.name && dice.chance(70)) ?? other;
    const [first, second] = dice.chance(50) ? [one, same] : [same, one];
    const operator = dice.chance(80) ? "=" : dice.pick(["IS NOT DISTINCT FROM", "<", "<>"]);
    const shift = one.type === "i" && dice.chance(10) ? " + 1" : "";
    parts.push(`${first.text}${shift} ${operator} ${second.text}`);
  }
  if (dice.chance(20)) parts.push(`${dice.pick(right).text} IS NOT NULL`);
  return parts.length > 0 ? parts.join(" AND ") : "TRUE";
}

interface Aliased extends RandomColumn {
  text: string;
}

function aliased(alias: string, columns: RandomColumn[]): Aliased[] {
  return columns.map((column) => ({ ...column, text: `${alias}.${column.name}` }));
}

const JOINS = ["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN"];

function join(dice: Dice, depth: number): RandomModel {
  const left = source(dice, depth, "l");
  const right = source(dice, depth, "r");
  const kind = dice.pick(JOINS);
  const oneSided = kind.startsWith("SEMI") || kind.startsWith("ANTI");
  const shared = left.columns.filter((column) =>
    right.columns.some((other) => other.name === column.name && other.type === column.type),
  );
  const offered = [...aliased("l", left.columns), ...(oneSided ? [] : aliased("r", right.columns))];
  if (shared.length > 0 && dice.chance(40)) {
    const using = dice.some(shared);
    const names = using.map((column) => column.name);
    const clause = ` USING (${names.join(", ")})`;
    const merged = using.map((column) => ({ ...column, text: column.name }));
    const rest = offered.filter((column) => !names.includes(column.name));
    return pickColumns(
      dice,
      [...merged, ...merged, ...rest, ...offered],
      `${left.text} ${kind} ${right.text}${clause}`,
    );
  }
  const condition = onCondition(dice, aliased("l", left.columns), aliased("r", right.columns));
  return pickColumns(dice, offered, `${left.text} ${kind} ${right.text} ON ${condition}`);
}

/** Three sources in a row, each joined to one before it; or comma joins with equalities in WHERE. */
function joinTree(dice: Dice, depth: number): RandomModel {
  const aliases = ["l", "r", "m"];
  const sources = aliases.map((alias) => ({ alias, ...source(dice, depth - 1, alias) }));
  const [first, second, third] = sources;
  if (!first || !second || !third) throw new Error("three sources");
  const columns = sources.map(({ alias, columns }) => aliased(alias, columns));
  const [one = [], two = [], three = []] = columns;
  if (dice.chance(30)) {
    const where = `${onCondition(dice, one, two)} AND ${onCondition(dice, [...one, ...two], three)}`;
    const from = `${first.text}, ${second.text}, ${third.text}`;
    return pickColumns(dice, columns.flat(), from, where);
  }
  const kinds = [dice.pick(JOINS.slice(0, 5)), dice.pick(JOINS.slice(0, 5))];
  if (dice.chance(30)) {
    const names = first.columns
      .map(({ name }) => name)
      .filter((name) =>
        [second, third].every(({ columns: other }) => other.some((column) => column.name === name)),
      );
    if (names.length > 0) {
      const name = dice.pick(names);
      const from = `${first.text} ${kinds[0]} ${second.text} USING (${name}) ${kinds[1]} ${third.text} USING (${name})`;
      const type = first.columns.find((column) => column.name === name)?.type ?? "i";
      return pickColumns(
        dice,
        [{ name, type, text: name }, { name, type, text: name }, ...columns.flat()],
        from,
      );
    }
  }
  const conditions = [onCondition(dice, one, two), onCondition(dice, [...one, ...two], three)];
  const from = dice.chance(70)
    ? `${first.text} ${kinds[0]} ${second.text} ON ${conditions[0]} ${kinds[1]} ${third.text} ON ${conditions[1]}`
    : `${first.text} ${kinds[0]} (${second.text} ${kinds[1]} ${third.text} ON ${onCondition(dice, two, three)}) ON ${conditions[0]}`;
  const where = dice.chance(20) ? onCondition(dice, one, three) : "";
  return pickColumns(dice, columns.flat(), from, where);
}

function pickColumns(dice: Dice, offered: Aliased[], from: string, where = ""): RandomModel {
  const names = ["k", "g", "s", "v", "w", "y", "z"];
  const columns: RandomColumn[] = [];
  const items: string[] = [];
  for (const name of names) {
    if (columns.length >= 2 && dice.chance(45)) continue;
    const same = offered.filter((column) => column.name === name);
    const column = same.length > 0 && dice.chance(75) ? dice.pick(same) : dice.pick(offered);
    const twin = offered.find(
      (other) => other.type === column.type && other.text !== column.text && dice.chance(30),
    );
    const text = twin && dice.chance(30) ? `coalesce(${column.text}, ${twin.text})` : column.text;
    items.push(`${text} AS ${name}`);
    columns.push({ name, type: column.type });
  }
  return { sql: `SELECT ${items.join(", ")} FROM ${from}${where ? ` WHERE ${where}` : ""}`, columns };
}

function group(dice: Dice, depth: number): RandomModel {
  const from = source(dice, depth, "q");
  const keys = dice.some(from.columns.slice(0, 3));
  const measured = dice.pick(from.columns);
  const columns: RandomColumn[] = [];
  const items: string[] = [];
  const by: string[] = [];
  for (const key of keys) {
    const changed = dice.chance(25);
    const text = changed
      ? key.type === "i"
        ? `q.${key.name} % 2`
        : `upper(q.${key.name})`
      : `q.${key.name}`;
    items.push(`${text} AS ${key.name}${changed ? "x" : ""}`);
    columns.push({ name: `${key.name}${changed ? "x" : ""}`, type: key.type });
    by.push(dice.chance(50) ? text : String(items.length));
  }
  const aggregate = dice.pick([
    "count(*)",
    `count(DISTINCT q.${measured.name})`,
    `count(q.${measured.name})`,
  ]);
  items.push(`CAST(${aggregate} AS INTEGER) AS n`);
  columns.push({ name: "n", type: "i" });
  items.push(`${dice.pick(["max", "min"])}(q.${measured.name}) AS m`);
  columns.push({ name: "m", type: measured.type });
  const clause = dice.chance(25) ? "ALL" : by.join(", ");
  const having = dice.chance(20) ? " HAVING count(*) > 1" : "";
  const text = dice.chance(6)
    ? `ROLLUP (${by.filter((item) => !/^\d/.test(item)).join(", ") || "1"})`
    : clause;
  return { sql: `SELECT ${items.join(", ")} FROM ${from.text} GROUP BY ${text}${having}`, columns };
}

function window(dice: Dice, depth: number): RandomModel {
  const from = source(dice, depth, "q");
  const keys = dice
    .some(from.columns.slice(0, 3))
    .map((key) => (dice.chance(15) && key.type === "i" ? `q.${key.name} % 2` : `q.${key.name}`));
  const order = from.columns.map((column) => `q.${column.name}`).join(", ");
  const partition = dice.chance(85) ? `PARTITION BY ${keys.join(", ")}` : "";
  const call = dice.pick([
    `row_number() OVER (${partition} ORDER BY ${order})`,
    `count(*) OVER (${partition})`,
    `rank() OVER (${partition} ORDER BY ${dice.pick(from.columns).name})`,
    `max(${dice.pick(from.columns.filter((c) => c.type === "i").length ? from.columns.filter((c) => c.type === "i") : from.columns).name}) OVER (${partition})`,
  ]);
  if (dice.chance(40)) {
    return { sql: `SELECT * FROM ${from.text} QUALIFY ${call} = 1`, columns: from.columns };
  }
  const text = call.startsWith("max") ? `(${call})` : `CAST(${call} AS INTEGER)`;
  const kept = from.columns.filter((column) => column.name !== "o");
  return {
    sql: `SELECT ${kept.map((column) => `q.${column.name}`).join(", ")}, ${text} AS o FROM ${from.text}`,
    columns: [...kept, { name: "o", type: "i" }],
  };
}

function setOperation(dice: Dice, depth: number): RandomModel {
  const left = randomModel(dice, depth - 1);
  const right = randomModel(dice, depth - 1);
  const width = Math.min(left.columns.length, right.columns.length, 3);
  const shape = left.columns.slice(0, width);
  const side = (model: RandomModel, from: RandomColumn[]) =>
    `SELECT ${from.map((column) => column.name).join(", ")} FROM (${model.sql})`;
  const others = shape.map((column) => {
    const fitting = right.columns.filter((other) => other.type === column.type);
    return fitting.length > 0 ? dice.pick(fitting) : column;
  });
  const kind = dice.pick([
    "UNION ALL",
    "UNION ALL",
    "UNION",
    "EXCEPT",
    "EXCEPT ALL",
    "INTERSECT",
    "INTERSECT ALL",
  ]);
  return { sql: `(${side(left, shape)}) ${kind} (${side(right, others)})`, columns: shape };
}

function distinct(dice: Dice, depth: number): RandomModel {
  const from = source(dice, depth, "q");
  const kept = dice.some(from.columns, 2);
  const list = kept.map((column) => column.name).join(", ");
  if (dice.chance(40)) {
    const on = dice.some(kept).map((column) => column.name);
    const order = from.columns.map((column) => `q.${column.name}`).join(", ");
    return {
      sql: `SELECT DISTINCT ON (${on.join(", ")}) ${list} FROM ${from.text} ORDER BY ${order}`,
      columns: kept,
    };
  }
  return { sql: `SELECT DISTINCT ${list} FROM ${from.text}`, columns: kept };
}

function commonTable(dice: Dice, depth: number): RandomModel {
  const inner = randomModel(dice, depth - 1);
  const name = dice.pick(["a", "t", "u"]);
  const second = dice.chance(50) ? name : dice.pick(Object.keys(TABLES));
  const columns = second === name ? inner.columns : (TABLES[second] ?? []);
  const on = onCondition(dice, aliased("l", inner.columns), aliased("r", columns));
  const kind = dice.pick(JOINS.slice(0, 5));
  const body = dice.chance(30)
    ? pickColumns(dice, aliased("l", inner.columns), `${name} AS l`)
    : pickColumns(
        dice,
        [...aliased("l", inner.columns), ...aliased("r", columns)],
        `${name} AS l ${kind} ${second} AS r ON ${on}`,
      );
  return { sql: `WITH ${name} AS (${inner.sql}) ${body.sql}`, columns: body.columns };
}

function subquery(dice: Dice, depth: number): RandomModel {
  const from = source(dice, depth, "q");
  const table = dice.pick(Object.keys(TABLES));
  const outer = dice.pick(from.columns);
  const inner = (TABLES[table] ?? []).find((column) => column.type === outer.type);
  if (!inner) return project(dice, depth);
  const list = selectList(dice, "q", from.columns);
  const condition = dice.pick([
    `EXISTS (SELECT 1 FROM ${table} AS e WHERE e.${inner.name} = q.${outer.name})`,
    `q.${outer.name} IN (SELECT ${inner.name} FROM ${table})`,
    `q.${outer.name} = (SELECT max(e.${inner.name}) FROM ${table} AS e)`,
  ]);
  return { sql: `SELECT ${list.sql} FROM ${from.text} WHERE ${condition}`, columns: list.columns };
}

function lateral(dice: Dice, depth: number): RandomModel {
  const from = source(dice, depth, "q");
  const number = from.columns.find((column) => column.type === "i");
  if (!number) return project(dice, depth);
  const right = dice.pick([
    `, unnest([q.${number.name}, 7]) AS u(e)`,
    `, LATERAL (SELECT CAST(count(*) AS INTEGER) AS e FROM b WHERE b.k = q.${number.name}) AS u`,
    ` LEFT JOIN LATERAL (SELECT b.w AS e FROM b WHERE b.k = q.${number.name}) AS u ON TRUE`,
  ]);
  const offered = [...aliased("q", from.columns), { name: "e", type: "i" as const, text: "u.e" }];
  return pickColumns(dice, offered, `${from.text}${right}`);
}

function limit(dice: Dice, depth: number): RandomModel {
  if (dice.chance(70)) return join(dice, depth);
  const from = source(dice, depth, "q");
  const order = from.columns.map((column) => `q.${column.name}`).join(", ");
  return { sql: `SELECT * FROM ${from.text} ORDER BY ${order} LIMIT 3`, columns: from.columns };
}
