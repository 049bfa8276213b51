import { cast, type Expression } from "./expression.ts";
import { commonShape, type DecimalShape, decimal, duckdbType, oid } from "./types.ts";

/**
 * The numeric that a division yields, of which DuckDB has only the DOUBLE next to it: its two sides, exact. Where it is
 * delivered as it stands, they are divided as Postgres does.
 */
export interface Quotient {
  dividend: string;
  /** Never zero, but where there is a scale. */
  divisor: string;
  dividendShape: DecimalShape;
  divisorShape: DecimalShape;
  /** NULL where it is a quotient; else it is the dividend as it is, with so many decimals. */
  scale?: string;
}

/** The same numeric, without its sides. */
export function withoutSides(value: Expression): Expression {
  const { quotient: _, ...rest } = value;
  return rest;
}

/** The sides of a value, where it has some, with another dividend. */
export function withDividend(
  { quotient }: Expression,
  change: (quotient: Quotient) => string,
): { quotient?: Quotient } {
  return quotient === undefined ? {} : { quotient: { ...quotient, dividend: change(quotient) } };
}

/**
 * Of several values of which each row has one, the sides, if there are quotients among them and all else is decimals;
 * `choose` makes of one part of each value the part of the one that the row has.
 */
export function chosenQuotient(
  values: readonly Expression[],
  choose: (parts: readonly string[]) => string,
): { quotient?: Quotient } {
  if (values.every((value) => value.quotient === undefined)) return {};
  const known = values.map(asQuotient);
  const quotients = known.filter((quotient) => quotient !== null);
  if (quotients.length < known.length) return {};
  const side = (name: "dividend" | "divisor") => {
    const shape = quotients
      .map((quotient) => quotient[`${name}Shape`])
      .reduce((one, other) => commonShape(one, other));
    const type = duckdbType(oid.numeric, shape);
    return { shape, sql: choose(quotients.map((quotient) => cast(quotient[name], type))) };
  };
  const [dividend, divisor] = [side("dividend"), side("divisor")];
  const scales = quotients.map(({ scale }) => cast(scale ?? "NULL", "INTEGER"));
  const scaled = quotients.some(({ scale }) => scale !== undefined);
  return {
    quotient: {
      dividend: dividend.sql,
      divisor: divisor.sql,
      dividendShape: dividend.shape,
      divisorShape: divisor.shape,
      ...(scaled ? { scale: choose(scales) } : {}),
    },
  };
}

/** Null for what has no exact sides. */
function asQuotient({ sql, numeric, constant, quotient }: Expression): Quotient | null {
  const smallest = { dividendShape: decimal(1, 0), divisorShape: decimal(1, 0) };
  if (constant === null) return { ...smallest, dividend: "NULL", divisor: "NULL" };
  if (quotient !== undefined) return quotient;
  if (numeric?.kind !== "decimal" || numeric.ragged === true) return null;
  return { ...smallest, dividend: sql, divisor: "0", dividendShape: numeric, scale: String(numeric.scale) };
}

/** The columns beside one that is called `name`, in which a subquery hands on the sides. */
export function sideColumns({ quotient }: Expression, name: string): string[] {
  if (quotient === undefined) return [];
  const { dividend, divisor, scale } = quotient;
  return [
    `${dividend} AS ${name}_dividend`,
    `${divisor} AS ${name}_divisor`,
    ...(scale === undefined ? [] : [`${scale} AS ${name}_scale`]),
  ];
}

/** The sides in the columns beside one that is called `name`. */
export function sidesBeside(name: string, { dividendShape, divisorShape, scale }: Quotient): Quotient {
  return {
    dividend: `${name}_dividend`,
    divisor: `${name}_divisor`,
    dividendShape,
    divisorShape,
    ...(scale === undefined ? {} : { scale: `${name}_scale` }),
  };
}
