import { identifier } from "../../lake/sql.ts";
import type { PgNode } from "../analysis/tree.ts";
import { PgError, unsupported } from "../pg-error.ts";
import { cast, type Expression, shaped, whole } from "./expression.ts";
import { ExpressionTranslator } from "./expressions.ts";
import { functions } from "./functions/registry.ts";
import { sideColumns, sidesBeside, withoutSides } from "./quotient.ts";
import { raise } from "./raised.ts";
import { rangeFunction } from "./range-function.ts";
import { type ColumnShape, Scope, shapeOfColumn } from "./scope.ts";
import { direction, requireSortable } from "./sorting.ts";
import type { TranslateContext } from "./translation.ts";
import { columnShape, duckdbType, mixedShape, oid } from "./types.ts";

/** A query in DuckDB's SQL; its columns are called c1 to cn. */
export interface TranslatedQuery {
  sql: string;
  columns: ColumnShape[];
}

/** Columns that a query has beside those that it delivers, to be ordered by. */
interface HiddenKeys {
  outputs: readonly string[];
  /** Their names, by the number that ORDER BY knows them by. */
  names: ReadonlyMap<number, string>;
  /** What orders where all that is asked for is the same. */
  last: string | null;
}

/** Makes of an output column what is printed for it. */
type Output = (value: Expression, entry: PgNode) => string;

/** Prints queries; one for a statement, since aliases are unique over all levels of it. */
export class QueryTranslator {
  readonly context: TranslateContext;
  #aliases = 0;

  constructor(context: TranslateContext) {
    this.context = context;
  }

  alias(letter: string): string {
    this.#aliases += 1;
    return `${letter}${this.#aliases}`;
  }

  /**
   * `output` is for the outermost query; inner ones hand their columns on as they are, and those in FROM, of which
   * columns are taken by name, the sides of quotients beside them.
   */
  query(
    query: PgNode,
    parent: Scope | null,
    { output = (value) => value.sql, inFrom = false }: { output?: Output; inFrom?: boolean } = {},
  ): TranslatedQuery {
    refuseOtherThanSelect(query);
    const scope = new Scope(query, parent);
    const commonTables = this.#commonTables(scope);
    const body =
      query.value("setOperations") === null
        ? this.#select(scope, output, inFrom)
        : this.#setQuery(scope, output);
    return { sql: commonTables + body.sql, columns: body.columns };
  }

  #select(scope: Scope, output: Output, inFrom: boolean): TranslatedQuery {
    const { query } = scope;
    const from = query.node("jointree");
    const items = from.nodes("fromlist").map((item) => this.#fromItem(item, scope));
    const expressions = new ExpressionTranslator(this, scope);
    const grouped = this.#groupsByQuotient(scope, expressions);
    const delivered = outputEntries(query).map((entry, index) => {
      const value = expressions.translate(entry.node("expr"));
      return { entry, value: grouped ? withoutSides(value) : value, name: `c${index + 1}` };
    });
    const values = delivered.map(({ value }) => value);
    const withSides = inFrom && query.nodes("distinctClause").length === 0 && !query.boolean("hasTargetSRFs");
    const columns = values.map((value) => shapeOfColumn(value, withSides));
    const outputs = delivered.map(({ value, entry, name }) => `${output(value, entry)} AS ${name}`);
    if (withSides) outputs.push(...delivered.flatMap(({ value, name }) => sideColumns(value, name)));
    const hidden = this.#hiddenKeys(scope, expressions);
    outputs.push(...hidden.outputs);
    const parts = [`SELECT ${this.#distinct(scope, expressions, values)}${outputs.join(", ") || "1"}`];
    if (items.length > 0) parts.push(`FROM ${items.join(", ")}`);
    const where = from.nodeOrNull("quals");
    if (where !== null) parts.push(`WHERE ${new ExpressionTranslator(this, scope).translate(where).sql}`);
    const having = query.nodeOrNull("havingQual");
    const havingSql = having === null ? [] : [`HAVING ${expressions.translate(having).sql}`];
    const orderAndLimit = this.#orderAndLimit(scope, expressions, hidden, hasSides(values));
    const group = this.#groupBy(scope, expressions);
    if (group !== null) parts.push(`GROUP BY ${group}`);
    parts.push(...havingSql);
    if (hidden.outputs.length === 0) return { sql: [...parts, ...orderAndLimit].join(" "), columns };
    const names = delivered.map(({ name }) => name);
    const above = `SELECT ${names.join(", ")} FROM (${parts.join(" ")}) AS ${this.alias("h")}`;
    return { sql: [above, ...orderAndLimit].join(" "), columns };
  }

  /**
   * What is ordered by and not selected, beside functions that return rows: DuckDB takes it within, and it is left out
   * above. Postgres calls such functions after it has sorted, where it is not them that it sorts by: the rows of one come
   * in their order.
   */
  #hiddenKeys({ query }: Scope, expressions: ExpressionTranslator): HiddenKeys {
    const none: HiddenKeys = { outputs: [], names: new Map(), last: null };
    const clauses = query.nodes("sortClause");
    if (!query.boolean("hasTargetSRFs") || clauses.length === 0) return none;
    const outputs: string[] = [];
    const names = new Map<number, string>();
    let sorted = false;
    for (const clause of clauses) {
      const entry = sortedEntry(query, clause);
      const { sql } = expressions.translate(entry.node("expr"));
      const returnsRows = sql.includes("unnest(");
      if (!entry.boolean("resjunk")) {
        sorted ||= returnsRows;
        continue;
      }
      if (returnsRows) throw unsupported("ORDER BY of a function that returns rows and is not selected");
      const name = `o${outputs.length + 1}`;
      outputs.push(`${sql} AS ${name}`);
      names.set(clause.number("tleSortGroupRef"), name);
    }
    const lists = [...new Set(expressions.sets)];
    const nested = lists.some((list) => list.includes("unnest("));
    if (sorted || nested || query.nodes("distinctClause").length > 0) return { outputs, names, last: null };
    const length = `greatest(${lists.map((list) => `len(${list})`).join(", ")})`;
    return { outputs: [...outputs, `unnest(range(${length})) AS place`], names, last: "place" };
  }

  /** The sides of a quotient that is a key are none. */
  #groupsByQuotient({ query }: Scope, expressions: ExpressionTranslator): boolean {
    return query.nodes("groupClause").some((clause) => {
      const key = expressions.translate(sortedEntry(query, clause).node("expr"));
      return key.quotient !== undefined;
    });
  }

  #distinct(scope: Scope, expressions: ExpressionTranslator, outputs: readonly Expression[]): string {
    const clauses = scope.query.nodes("distinctClause");
    if (clauses.length === 0) return "";
    const values = clauses.map((clause) => {
      const value = expressions.translate(sortedEntry(scope.query, clause).node("expr"));
      requireSortable(value.type, this.context.catalog);
      return value.sql;
    });
    const on = scope.query.boolean("hasDistinctOn") || hasSides(outputs);
    return on ? `DISTINCT ON (${values.join(", ")}) ` : "DISTINCT ";
  }

  #groupBy(scope: Scope, expressions: ExpressionTranslator): string | null {
    const { query } = scope;
    const key = (reference: number): string => {
      const entry = query.nodes("targetList").find((each) => each.number("ressortgroupref") === reference);
      if (entry === undefined) throw new PgError("XX000", "GROUP BY names a column that there is not");
      const value = expressions.translate(entry.node("expr"));
      requireSortable(value.type, this.context.catalog);
      if (query.boolean("hasTargetSRFs") && value.sql.includes("unnest(")) {
        throw unsupported(
          "GROUP BY of a function that returns rows",
          "Call it in FROM: FROM t, unnest(...) AS u.",
        );
      }
      return value.sql;
    };
    const sets = query.nodes("groupingSets");
    if (sets.length > 0) {
      if (query.list("constraintDeps").length > 0)
        throw unsupported("GROUPING SETS beside columns that depend on a key");
      if (query.boolean("groupDistinct")) throw unsupported("GROUP BY DISTINCT");
      // A constant that is a key becomes NULL in the sets without it, and DuckDB takes every like constant for the key.
      for (const clause of query.nodes("groupClause")) {
        const value = expressions.translate(sortedEntry(query, clause).node("expr"));
        if (value.constant !== undefined) throw unsupported("a constant in GROUPING SETS");
      }
      return sets.map((set) => groupingSet(set, key)).join(", ");
    }
    const clauses = query.nodes("groupClause");
    if (clauses.length === 0) return null;
    const keys = clauses.map((clause) => key(clause.number("tleSortGroupRef")));
    // Columns that Postgres knows to depend on a primary key among the keys: as further keys they change no group.
    const dependent = query.list("constraintDeps").length > 0 ? expressions.ungrouped : [];
    return [...new Set([...keys, ...dependent])].join(", ");
  }

  #orderAndLimit(
    scope: Scope,
    expressions: ExpressionTranslator,
    hidden: HiddenKeys | null = null,
    withSides = false,
  ): string[] {
    const { query } = scope;
    const parts: string[] = [];
    const order = query.nodes("sortClause").flatMap((clause) => {
      const entry = sortedEntry(query, clause);
      const value = expressions.translate(entry.node("expr"));
      // A constant orders nothing, and DuckDB might take it for a position.
      if (value.constant !== undefined) return [];
      requireSortable(value.type, this.context.catalog);
      // The sides of a quotient, which are what is selected, have another order.
      const byPosition =
        query.boolean("hasTargetSRFs") || (query.nodes("distinctClause").length > 0 && !withSides);
      const position = byPosition ? outputEntries(query).indexOf(entry) + 1 : 0;
      const named = hidden?.names.get(clause.number("tleSortGroupRef")) ?? value.sql;
      return [`${position > 0 ? position : named} ${direction(clause, this.context.catalog)}`];
    });
    if (hidden?.last) order.push(hidden.last);
    const limit = query.nodeOrNull("limitCount");
    // LIMIT_OPTION_COUNT; PostgreSQL 18 has no other number for it than those before.
    const ties = query.number("limitOption") !== 0;
    if (ties && limit !== null) parts.push(this.#withTies(query, order, expressions.translate(limit).sql));
    if (order.length > 0) parts.push(`ORDER BY ${order.join(", ")}`);
    if (limit !== null && !ties) parts.push(`LIMIT ${expressions.translate(limit).sql}`);
    const offset = query.nodeOrNull("limitOffset");
    if (offset !== null) parts.push(`OFFSET ${expressions.translate(offset).sql}`);
    return parts;
  }

  /** All rows that are ordered with, or before, the last one that is asked for. */
  #withTies(query: PgNode, order: readonly string[], limit: string): string {
    const plain =
      query.nodeOrNull("limitOffset") === null &&
      query.nodes("distinctClause").length === 0 &&
      query.value("setOperations") === null &&
      !query.boolean("hasTargetSRFs");
    if (!plain || order.length === 0) throw unsupported("FETCH ... WITH TIES of this query");
    const rank = `rank() OVER (ORDER BY ${order.join(", ")})`;
    const count = `CASE WHEN ${limit} < 0 THEN ${negativeLimit} ELSE ${limit} END`;
    return `QUALIFY (${limit} IS NULL OR ${rank} <= ${count})`;
  }

  #fromItem(item: PgNode, scope: Scope): string {
    switch (item.tag) {
      case "RANGETBLREF":
        return this.#rangeItem(item.number("rtindex"), scope);
      case "JOINEXPR": {
        const left = this.#fromItem(item.node("larg"), scope);
        const right = this.#fromItem(item.node("rarg"), scope);
        const kind = ["INNER", "LEFT", "FULL", "RIGHT"][item.number("jointype")];
        if (kind === undefined) throw unsupported("this kind of join");
        const condition = item.nodeOrNull("quals");
        if (condition === null && kind === "INNER") return `(${left} CROSS JOIN ${right})`;
        const on =
          condition === null ? "TRUE" : new ExpressionTranslator(this, scope).translate(condition).sql;
        return `(${left} ${kind} JOIN ${right} ON ${on})`;
      }
      default:
        throw unsupported(`${item.tag} in FROM`);
    }
  }

  #rangeItem(index: number, scope: Scope): string {
    const entry = scope.entry(index);
    if (entry.nodes("securityQuals").length > 0) throw unsupported("a row security policy");
    const lateral = entry.boolean("lateral") ? "LATERAL " : "";
    switch (entry.number("rtekind")) {
      case 0:
        return this.#table(index, entry, scope);
      case 1: {
        const subquery = this.query(entry.node("subquery"), scope, { inFrom: true });
        const alias = this.alias("q");
        scope.define(index, columnsOf(alias, subquery.columns));
        return `${lateral}(${subquery.sql}) AS ${alias}`;
      }
      case 3: {
        const alias = this.alias("f");
        const { sql, columns } = rangeFunction(entry, new ExpressionTranslator(this, scope));
        scope.define(index, columnsOf(alias, columns));
        return `${lateral}(${sql}) AS ${alias}`;
      }
      case 5:
        return this.#values(index, entry, scope, lateral);
      case 6: {
        const table = scope.up(entry.number("ctelevelsup")).commonTables.get(entry.text("ctename"));
        if (table === undefined) throw unsupported(`the WITH query ${entry.text("ctename")}`);
        const alias = this.alias("w");
        scope.define(index, columnsOf(alias, table.columns));
        return `${table.alias} AS ${alias}`;
      }
      default:
        throw unsupported(`a FROM item of kind ${entry.number("rtekind")}`);
    }
  }

  #table(index: number, entry: PgNode, scope: Scope): string {
    const table = this.context.tables.get(entry.number("relid"));
    if (table === undefined) throw unsupported("a table that is not of the lake, beside tables of the lake,");
    if (entry.value("tablesample") !== null) throw unsupported("TABLESAMPLE");
    const alias = this.alias("t");
    scope.define(index, (attribute) => {
      const column = table.columns.get(attribute);
      if (column === undefined) {
        throw unsupported(attribute === 0 ? "a whole row as a value" : "a system column");
      }
      const sql = column.read(`${alias}.${identifier(column.name)}`);
      return whole({ sql, type: column.typeOid, numeric: columnShape(column.typeOid, column.typmod) });
    });
    return `${this.context.source(table)} AS ${alias}`;
  }

  #values(index: number, entry: PgNode, scope: Scope, lateral: string): string {
    const expressions = new ExpressionTranslator(this, scope);
    const rows = entry
      .nodeLists("values_lists")
      .map((row) => row.map((value) => expressions.translate(value)));
    const columns = (rows[0] ?? []).map((first, column): ColumnShape => {
      const shapes = rows.map((row) => row[column]?.numeric ?? null);
      return { type: first.type, numeric: shapes.reduce(mixedShape, null) };
    });
    const alias = this.alias("v");
    scope.define(index, columnsOf(alias, columns));
    const lines = rows.map((row) => {
      const values = row.map((value, column) => shaped(value, columns[column]?.numeric ?? null));
      return `(${values.join(", ")})`;
    });
    const names = columns.map((_, column) => `c${column + 1}`).join(", ");
    return `${lateral}(SELECT * FROM (VALUES ${lines.join(", ")}) AS ${alias}v(${names})) AS ${alias}`;
  }

  #setQuery(scope: Scope, output: Output): TranslatedQuery {
    const { query } = scope;
    const { sql, columns } = this.#setOperand(query.node("setOperations"), scope);
    const alias = this.alias("u");
    scope.define(leftmost(query.node("setOperations")), columnsOf(alias, columns));
    const expressions = new ExpressionTranslator(this, scope);
    const outputs = outputEntries(query).map(
      (entry, index) => `${output(expressions.translate(entry.node("expr")), entry)} AS c${index + 1}`,
    );
    const parts = [`SELECT ${outputs.join(", ")} FROM (${sql}) AS ${alias}`];
    parts.push(...this.#orderAndLimit(scope, expressions));
    return { sql: parts.join(" "), columns };
  }

  #setOperand(operand: PgNode, scope: Scope): TranslatedQuery {
    if (operand.tag === "RANGETBLREF") {
      return this.query(scope.entry(operand.number("rtindex")).node("subquery"), scope);
    }
    if (operand.tag !== "SETOPERATIONSTMT") throw unsupported(operand.tag);
    const left = this.#setOperand(operand.node("larg"), scope);
    const right = this.#setOperand(operand.node("rarg"), scope);
    const operator = [null, "UNION", "INTERSECT", "EXCEPT"][operand.number("op")];
    if (operator === null || operator === undefined) throw unsupported("this set operation");
    const all = operand.boolean("all");
    const types = operand.numbers("colTypes");
    // The sides may be of other types than the whole: `SELECT 1.5 UNION SELECT 2`.
    const sides = [left, right].map((side) => {
      const alias = this.alias("u");
      const source = columnsOf(alias, side.columns);
      return { side, alias, values: types.map((type, index) => this.#coerced(source(index + 1), type)) };
    });
    const columns = types.map((type, index): ColumnShape => {
      if (!all || operator !== "UNION") requireSortable(type, this.context.catalog);
      const shapes = sides.map(({ values }) => values[index]?.numeric ?? null);
      return { type, numeric: shapes.reduce(mixedShape, null) };
    });
    const [first, second] = sides.map(({ side, alias, values }) => {
      const outputs = values.map(
        (value, index) => `${shaped(value, columns[index]?.numeric ?? null)} AS c${index + 1}`,
      );
      return `(SELECT ${outputs.join(", ")} FROM (${side.sql}) AS ${alias})`;
    });
    return { sql: `${first} ${operator}${all ? " ALL" : ""} ${second}`, columns };
  }

  /** A value in the type that Postgres casts it to without being asked. */
  #coerced(value: Expression, type: number): Expression {
    if (value.type === type) return value;
    const { catalog } = this.context;
    const texts: readonly number[] = [oid.text, oid.varchar, oid.name];
    if (texts.includes(value.type) && texts.includes(type)) return { ...value, type };
    const cast = functions.get(`${catalog.typeName(type)}(${catalog.typeName(value.type)})`);
    if (cast === undefined) {
      throw unsupported(`the cast from ${catalog.typeName(value.type)} to ${catalog.typeName(type)}`);
    }
    return cast([value], { context: this.context, resultType: type, collation: 0 });
  }

  #commonTables(scope: Scope): string {
    const entries = scope.query.nodes("cteList");
    if (entries.length === 0) return "";
    const printed = entries.map((entry) => this.#commonTable(entry, scope));
    return `WITH ${scope.query.boolean("hasRecursive") ? "RECURSIVE " : ""}${printed.join(", ")} `;
  }

  #commonTable(entry: PgNode, scope: Scope): string {
    const name = entry.text("ctename");
    if (scope.commonTables.has(name)) throw unsupported("two WITH queries of one name");
    const query = entry.node("ctequery");
    const alias = this.alias("x");
    if (!entry.boolean("cterecursive")) {
      const { sql, columns } = this.query(query, scope, { inFrom: true });
      scope.commonTables.set(name, { alias, columns });
      return `${alias} AS (${sql})`;
    }
    if (entry.value("search_clause") !== null || entry.value("cycle_clause") !== null) {
      throw unsupported("SEARCH and CYCLE of WITH RECURSIVE");
    }
    const operation = query.nodeOrNull("setOperations");
    if (
      operation?.tag !== "SETOPERATIONSTMT" ||
      query.nodes("sortClause").length > 0 ||
      query.nodes("cteList").length > 0
    ) {
      throw unsupported("this form of WITH RECURSIVE");
    }
    return `${alias}${this.#recursive(name, alias, query, operation, scope)}`;
  }

  #recursive(name: string, alias: string, query: PgNode, operation: PgNode, scope: Scope): string {
    if (
      operation.number("op") !== 1 ||
      query.value("limitCount") !== null ||
      query.value("limitOffset") !== null
    ) {
      throw unsupported("this form of WITH RECURSIVE");
    }
    const inner = new Scope(query, scope);
    const start = this.#setOperand(operation.node("larg"), inner);
    scope.commonTables.set(name, { alias, columns: start.columns });
    const step = this.#setOperand(operation.node("rarg"), inner);
    start.columns.forEach((column, index) => {
      // DuckDB would round what the steps yield to the type of the start.
      const other = step.columns[index] ?? column;
      if (column.type !== other.type || JSON.stringify(column.numeric) !== JSON.stringify(other.numeric)) {
        throw unsupported("a numeric that changes its precision from step to step of WITH RECURSIVE");
      }
    });
    const casts = (side: TranslatedQuery) =>
      `SELECT ${side.columns.map((column, index) => `${cast(`c${index + 1}`, duckdbType(column.type, column.numeric))}`).join(", ")} FROM (${side.sql})`;
    const names = start.columns.map((_, index) => `c${index + 1}`).join(", ");
    return `(${names}) AS (${casts(start)} UNION${operation.boolean("all") ? " ALL" : ""} ${casts(step)})`;
  }
}

const negativeLimit = raise("2201W", "LIMIT must not be negative");

function refuseOtherThanSelect(query: PgNode): void {
  if (query.tag !== "QUERY" || query.number("commandType") !== 1 || query.value("utilityStmt") !== null) {
    throw unsupported("anything but SELECT");
  }
  if (query.boolean("hasModifyingCTE")) throw unsupported("a WITH query that writes");
  if (query.nodes("rowMarks").length > 0 || query.boolean("hasForUpdate")) throw unsupported("FOR UPDATE");
}

function hasSides(values: readonly Expression[]): boolean {
  return values.some(({ quotient }) => quotient !== undefined);
}

/** The entries of the target list that are delivered, in their order. */
function outputEntries(query: PgNode): PgNode[] {
  return query.nodes("targetList").filter((entry) => !entry.boolean("resjunk"));
}

function sortedEntry(query: PgNode, clause: PgNode): PgNode {
  const reference = clause.number("tleSortGroupRef");
  const entry = query.nodes("targetList").find((each) => each.number("ressortgroupref") === reference);
  if (entry === undefined) throw new PgError("XX000", "a clause names a column that there is not");
  return entry;
}

/** GROUPINGSET :kind 0 EMPTY, 1 SIMPLE, 2 ROLLUP, 3 CUBE, 4 SETS. */
function groupingSet(set: PgNode, key: (reference: number) => string): string {
  const kind = set.number("kind");
  if (kind === 0) return "()";
  if (kind === 1) return `(${set.numbers("content").map(key).join(", ")})`;
  const word = [null, null, "ROLLUP", "CUBE", "GROUPING SETS"][kind];
  if (word === null || word === undefined) throw unsupported("this kind of grouping set");
  return `${word} (${set
    .nodes("content")
    .map((inner) => groupingSet(inner, key))
    .join(", ")})`;
}

function leftmost(operation: PgNode): number {
  return operation.tag === "RANGETBLREF" ? operation.number("rtindex") : leftmost(operation.node("larg"));
}

/** The columns c1 to cn of what is called `alias`. */
function columnsOf(alias: string, columns: readonly ColumnShape[]): (attribute: number) => Expression {
  return (attribute) => {
    const column = columns[attribute - 1];
    if (column === undefined) throw unsupported("a whole row as a value");
    const name = `${alias}.c${attribute}`;
    const { type, numeric, quotient } = column;
    const sides = quotient === undefined ? {} : { quotient: sidesBeside(name, quotient) };
    const value = { sql: name, type, numeric, ...sides };
    return column.written === true ? whole(value) : value;
  };
}
