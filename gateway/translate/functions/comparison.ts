import { asDouble, type Expression, expression } from "../expression.ts";
import { oid } from "../types.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

/** Types of which DuckDB's comparison is Postgres's, those of a line with each other too. */
const comparable = [
  ["int2", "int4", "int8"],
  ["float4", "float8"],
  ["numeric"],
  ["text"],
  ["name"],
  // Without the blanks at its end, which do not count.
  ["bpchar"],
  ["bool"],
  ["bytea"],
  ["date", "timestamp"],
  ["timestamptz"],
  ["time"],
  ["interval"],
  ["uuid"],
  ["oid"],
  ["anyarray"],
];

const operators = ["=", "<>", "<", "<=", ">", ">="];

export const comparisons: Entry[] = [
  ...comparable.flatMap((types) =>
    types.flatMap((left) =>
      types.flatMap((right) =>
        operators.map(
          (operator): Entry => [`${operator}(${left},${right})`, (values) => compared(operator, values)],
        ),
      ),
    ),
  ),
  ...operators.flatMap((operator): Entry[] => [
    [`${operator}(name,text)`, (values) => compared(operator, values)],
    [`${operator}(text,name)`, (values) => compared(operator, values)],
    // A date or a time without a zone is one of the session's zone.
    [`${operator}(date,timestamptz)`, (values) => compared(operator, values)],
    [`${operator}(timestamptz,date)`, (values) => compared(operator, values)],
    [`${operator}(timestamp,timestamptz)`, (values) => compared(operator, values)],
    [`${operator}(timestamptz,timestamp)`, (values) => compared(operator, values)],
  ]),
];

function compared(operator: string, [left, right]: Expression[]): Expression {
  if (left && right && (isReckoned(left) || isReckoned(right)))
    return isReckoned(left)
      ? withMargin(operator, left.sql, asDouble(right))
      : withMargin(turned[operator] ?? operator, right.sql, asDouble(left));
  const zoned = [left, right].some((value) => value?.type === oid.timestamptz);
  const [one, other] = [left, right].map((value) =>
    zoned && value?.type !== oid.timestamptz ? `CAST(${value?.sql} AS TIMESTAMP WITH TIME ZONE)` : value?.sql,
  );
  return expression(`(${one} ${operator} ${other})`, oid.bool);
}

/** Whether it is off in its last digits: what is reckoned from a division is. */
export function isReckoned({ type, numeric, quotient }: Expression): boolean {
  return type === oid.numeric && numeric?.kind === "double" && quotient === undefined;
}

const turned: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** What is reckoned is equal to what it is next to. */
function withMargin(operator: string, value: string, bound: string): Expression {
  const margin = `abs(${bound}) * 5e-16`;
  switch (operator) {
    case "=":
      return expression(`(abs(${value} - ${bound}) <= ${margin})`, oid.bool);
    case "<>":
      return expression(`(abs(${value} - ${bound}) > ${margin})`, oid.bool);
    case "<":
    case ">=":
      return expression(`(${value} ${operator} ${bound} - ${margin})`, oid.bool);
    default:
      return expression(`(${value} ${operator} ${bound} + ${margin})`, oid.bool);
  }
}
