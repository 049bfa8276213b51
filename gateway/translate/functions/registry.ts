import type { Expression } from "../expression.ts";
import type { TranslateContext } from "../translation.ts";
import { aggregateFunctions } from "./aggregates.ts";
import { arithmetic } from "./arithmetic.ts";
import { arrays } from "./arrays.ts";
import { binary } from "./binary.ts";
import { comparisons } from "./comparison.ts";
import { conversions } from "./conversion.ts";
import { dateAndTime } from "./date-and-time.ts";
import { intervals } from "./intervals.ts";
import { json } from "./json.ts";
import { jsonAggregates, jsonBuilders } from "./json-building.ts";
import { jsonb } from "./jsonb.ts";
import { regularExpressions } from "./regular-expressions.ts";
import { sessionValues } from "./session-values.ts";
import { textFunctions } from "./text.ts";
import { trigonometry } from "./trigonometry.ts";
import { rankings } from "./windows.ts";

/** What a translator of a function is told beside the arguments. */
export interface Site {
  context: TranslateContext;
  resultType: number;
  collation: number;
}

/** Makes of the arguments of a call the call in DuckDB's SQL; refuses what it would not answer as Postgres. */
export type FunctionTranslator = (values: Expression[], site: Site) => Expression;

export interface AggregateSite extends Site {
  distinct: boolean;
  /** What ORDER BY within the call is by; empty without. */
  order: readonly string[];
  filter: string | null;
  /** ` OVER (...)`, or nothing. */
  over: string;
  /** The call with its DISTINCT, ORDER BY, FILTER and OVER. */
  print(name: string, operands: string[], options?: { order?: boolean }): string;
}

export type AggregateTranslator = (values: Expression[], site: AggregateSite) => Expression;

export type WindowTranslator = (values: Expression[], site: Site & { over: string }) => Expression;

/** Functions and operators, by signature as PgCatalog has it: what is not here is refused. */
export const functions: ReadonlyMap<string, FunctionTranslator> = new Map([
  ...comparisons,
  ...arithmetic,
  ...trigonometry,
  ...conversions,
  ...textFunctions,
  ...binary,
  ...dateAndTime,
  ...intervals,
  ...arrays,
  ...regularExpressions,
  ...json,
  ...jsonb,
  ...jsonBuilders,
  ...sessionValues,
]);

export const aggregates: ReadonlyMap<string, AggregateTranslator> = new Map([
  ...aggregateFunctions,
  ...jsonAggregates,
]);

export const windowFunctions: ReadonlyMap<string, WindowTranslator> = new Map(rankings);
