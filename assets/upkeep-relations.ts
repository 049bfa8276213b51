import type { Equality, Expression } from "./upkeep-expressions.ts";

/** The relations of a model after its names are resolved. Every source has an id; BOUND expressions point at them. */
export type Query = SelectQuery | SetOperation;

export interface OutputColumn {
  /** Empty where DuckDB makes the name up. */
  name: string;
  expression: Expression;
}

export interface SelectQuery {
  kind: "select";
  /** Its output columns are bound as columns of this source. */
  id: number;
  columns: OutputColumn[];
  from: From;
  /** What WHERE says is equal. */
  equalities: Equality[];
  /** Null: no GROUP BY and no aggregate. */
  group: { by: Expression[]; line: number | null; obstacle: string | null } | null;
  windows: { name: string; partitions: Expression[]; line: number | null }[];
  distinct: { on: Expression[]; line: number | null } | null;
  limited: boolean;
  /** Queries in expressions: scalar subqueries, IN, EXISTS. */
  subqueries: Query[];
  line: number | null;
}

export interface SetOperation {
  kind: "set";
  id: number;
  /** UNION, EXCEPT, INTERSECT, with BY NAME and ALL as they are written. */
  name: string;
  /** A UNION ALL passes each row on; every other one compares whole rows. */
  passesRows: boolean;
  byName: boolean;
  columns: OutputColumn[];
  left: Query;
  right: Query;
  limited: boolean;
  line: number | null;
}

export type From = Scan | Derived | Values | Join;

interface Leaf {
  /** The sources below this one, itself included. */
  sources: ReadonlySet<number>;
  line: number | null;
}

/** An upstream table, one for each mention. */
export interface Scan extends Leaf {
  kind: "scan";
  id: number;
  upstream: string;
}

export interface Derived extends Leaf {
  kind: "derived";
  query: Query;
  /** LATERAL: it uses columns of what stands left of it, or of a query around it. */
  correlated: boolean;
}

/** Rows that come from no table: VALUES, UNNEST of a row's own list, no FROM at all. */
export interface Values extends Leaf {
  kind: "values";
  id: number;
}

export interface Join extends Leaf {
  kind: "join";
  type: "INNER" | "LEFT" | "RIGHT" | "FULL" | "SEMI" | "ANTI" | "OTHER";
  left: From;
  right: From;
  /** What ON, USING or NATURAL says is equal, for pairs that match. */
  equalities: Equality[];
}

/** Why a model cannot be analysed at all: a sentence without a full stop. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
