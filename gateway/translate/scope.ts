import type { PgNode } from "../analysis/tree.ts";
import { PgError } from "../pg-error.ts";
import type { Expression } from "./expression.ts";

/** A column of a range table entry, by its number there (from 1). */
export type ColumnSource = (attribute: number) => Expression;

/** What a column of a query's result is. */
export type ColumnShape = Pick<Expression, "type" | "numeric" | "quotient"> & {
  /** Whether JSON in it is as it was written. */
  written?: boolean;
};

/** What is to be known of an expression that becomes a column; of a quotient, where its sides go with it. */
export function shapeOfColumn(value: Expression, withSides: boolean): ColumnShape {
  const { type, numeric, quotient } = value;
  return {
    type,
    numeric,
    written: value.document === value.sql,
    ...(withSides && quotient ? { quotient } : {}),
  };
}

/** A WITH query as it is referred to. */
export interface CommonTable {
  alias: string;
  columns: ColumnShape[];
}

/** The names that one query level sees: its range table and its WITH queries. */
export class Scope {
  readonly query: PgNode;
  readonly parent: Scope | null;
  readonly rangeTable: readonly PgNode[];
  readonly commonTables = new Map<string, CommonTable>();
  readonly #sources = new Map<number, ColumnSource>();

  constructor(query: PgNode, parent: Scope | null) {
    this.query = query;
    this.parent = parent;
    this.rangeTable = query.nodes("rtable");
  }

  /** The scope `levels` queries further out. */
  up(levels: number): Scope {
    let scope: Scope = this;
    for (let level = 0; level < levels; level += 1) {
      if (scope.parent === null) throw new PgError("XX000", "a name of a query that there is not");
      scope = scope.parent;
    }
    return scope;
  }

  entry(index: number): PgNode {
    const entry = this.rangeTable[index - 1];
    if (entry === undefined) throw new PgError("XX000", `no range table entry ${index}`);
    return entry;
  }

  /** Of an entry that has columns of its own: their names, by number. */
  columnNames(index: number): ReadonlyMap<number, string> | null {
    const entry = this.entry(index);
    if (this.source(index) === null || !entry.has("eref")) return null;
    const names = entry.node("eref").texts("colnames");
    // A column that was dropped has no name.
    return new Map(names.flatMap((name, position) => (name === "" ? [] : [[position + 1, name] as const])));
  }

  /** Says where the columns of an entry are to be found. */
  define(index: number, source: ColumnSource): void {
    this.#sources.set(index, source);
  }

  source(index: number): ColumnSource | null {
    return this.#sources.get(index) ?? null;
  }
}
