import fc from "fast-check";

/** Of to_char of a number. */
const templates = fc
  .tuple(
    fc.constantFrom("", "FM"),
    fc.constantFrom("", "", "S", "MI"),
    fc.array(fc.constantFrom("9", "0", "9,9", "99G9", "90", "09", "999", "999,999"), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.constantFrom("", "", ".9", ".00", "D99", ".909", ".0999"),
    fc.constantFrom("", "", "S", "MI", "PR"),
  )
  .map(([fill, first, whole, decimals, last]) =>
    [fill, first, ...whole, decimals, first === "" ? last : ""].join(""),
  );

/** What numbers are divided by. */
const divisors = fc.constantFrom("7", "8", "0.03", "0.1", "0.7", "-123.456", "12345678.9", "amount + 0.001");

/** What is divided: nothing that is a quotient itself. */
const dividends = fc.constantFrom(
  "amount",
  "rate",
  "quantity * 0.1",
  "amount * 3",
  "amount - rate",
  "id / 1.0",
);

/** A random expression over the table `sales`, as SQL. */
const numbers = fc.letrec<{
  whole: string;
  exact: string;
  text: string;
  day: string;
  moment: string;
  truth: string;
}>((tie) => ({
  whole: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("quantity", "small", "id", "0", "1", "-3", "7", "null::int"),
    fc
      .tuple(tie("whole"), fc.constantFrom("+", "-", "*", "/", "%"), tie("whole"))
      .map((parts) => `(${parts.join(" ")})`),
    fc
      .tuple(fc.constantFrom("length", "strpos"), tie("text"))
      .map(([name, text]) => (name === "length" ? `length(${text})` : `strpos(${text}, 'n')`)),
    tie("exact").map((exact) => `(${exact})::int`),
    fc.tuple(dividends, divisors).map(([value, by]) => `((${value}) / (${by}))::int`),
    tie("moment").map((moment) => `extract(day from ${moment})::int`),
    fc
      .tuple(tie("truth"), tie("whole"), tie("whole"))
      .map(([when, one, other]) => `case when ${when} then ${one} else ${other} end`),
  ),
  exact: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("amount", "rate", "0.5", "-1.005", "2.50", "null::numeric(5,2)"),
    fc
      .tuple(tie("exact"), fc.constantFrom("+", "-", "*"), tie("exact"))
      .map((parts) => `(${parts.join(" ")})`),
    fc
      .tuple(tie("exact"), fc.integer({ min: -2, max: 4 }))
      .map(([value, places]) => `round(${value}, ${places})`),
    fc
      .tuple(fc.constantFrom("round", "trunc"), dividends, divisors, fc.integer({ min: -2, max: 4 }))
      .map(([name, value, by, places]) => `${name}((${value}) / (${by}), ${places})`),
    fc
      .tuple(fc.constantFrom("floor", "ceil"), dividends, divisors)
      .map(([name, value, by]) => `${name}((${value}) / (${by}))`),
    fc
      .tuple(tie("truth"), dividends, divisors, dividends)
      .map(
        ([when, value, by, other]) =>
          `round(case when ${when} then (${value}) / (${by}) else ${other} end, 2)`,
      ),
    fc.tuple(dividends, divisors).map(([value, by]) => `((${value}) / (${by}))::numeric(20,3)`),
    fc
      .tuple(tie("exact"), fc.integer({ min: 0, max: 3 }))
      .map(([value, places]) => `trunc(${value}, ${places})`),
    fc
      .tuple(fc.constantFrom("abs", "floor", "ceil", "-"), tie("exact"))
      .map(([name, value]) => `${name}(${value})`),
  ),
  text: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("customer", "'a'", "''", "'n%_'", "' x '", "null::text"),
    fc.tuple(tie("text"), tie("text")).map(([one, other]) => `(${one} || ${other})`),
    fc
      .tuple(fc.constantFrom("lower", "upper", "trim", "reverse", "initcap"), tie("text"))
      .map(([name, value]) => `${name}(${value})`),
    fc
      .tuple(tie("text"), fc.integer({ min: -3, max: 5 }), fc.integer({ min: 0, max: 4 }))
      .map(([value, from, count]) => `substring(${value}, ${from}, ${count})`),
    fc
      .tuple(fc.constantFrom("left", "right"), tie("text"), fc.integer({ min: -4, max: 4 }))
      .map(([name, value, count]) => `${name}(${value}, ${count})`),
    fc
      .tuple(tie("text"), fc.constantFrom("a", "n", " ", ""), fc.constantFrom(-2, -1, 1, 2))
      .map(([value, at, field]) => `split_part(${value}, '${at}', ${field})`),
    tie("whole").map((value) => `(${value})::text`),
    tie("exact").map((value) => `(${value})::text`),
    fc.tuple(dividends, divisors).map(([value, by]) => `((${value}) / (${by}))::text`),
    fc
      .tuple(fc.oneof(tie("exact"), tie("whole")), templates)
      .map(([value, as]) => `to_char(${value}, '${as}')`),
    fc
      .tuple(tie("text"), tie("text"), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 }))
      .map(([value, by, from, count]) => `overlay(${value} placing ${by} from ${from} for ${count})`),
    fc.tuple(tie("text"), tie("whole")).map(([one, other]) => `format('%s-%s', ${one}, ${other})`),
    tie("text").map((value) => `quote_literal(${value})`),
    fc
      .tuple(
        fc.constantFrom("justify_interval", "justify_days", "justify_hours", ""),
        tie("moment"),
        tie("moment"),
      )
      .map(([name, one, other]) => `${name}(${one}::timestamp - ${other}::timestamp)::text`),
    fc
      .tuple(tie("exact"), tie("text"), tie("moment"))
      .map((parts) => `json_build_array(${parts.join(", ")})::text`),
    tie("day").map((value) => `(${value})::text`),
    fc
      .tuple(tie("text"), fc.constantFrom("n", "ab", "ö"))
      .map(([value, what]) => `replace(${value}, '${what}', '-')`),
  ),
  day: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom("day", "date '2024-02-29'", "date '2025-12-31'"),
    fc
      .tuple(tie("day"), fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 400 }))
      .map(([value, sign, count]) => `(${value} ${sign} ${count})`),
    tie("moment").map((moment) => `(${moment})::date`),
  ),
  moment: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("made_at", "sold_at", "timestamp '2026-03-31 12:00'"),
    fc
      .tuple(
        tie("moment"),
        fc.constantFrom("+", "-"),
        fc.constantFrom("1 month", "1 day", "25 hours", "1 year -1 day", "90 minutes"),
      )
      .map(([value, sign, span]) => `(${value} ${sign} interval '${span}')`),
    fc
      .tuple(fc.constantFrom("year", "quarter", "month", "week", "day", "hour"), tie("moment"))
      .map(([unit, value]) => `date_trunc('${unit}', ${value})`),
  ),
  truth: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom("flag", "true", "null::bool"),
    fc
      .tuple(tie("whole"), fc.constantFrom("=", "<", ">=", "<>", "is distinct from"), tie("whole"))
      .map((parts) => `(${parts.join(" ")})`),
    fc
      .tuple(
        tie("text"),
        fc.constantFrom("like", "not ilike", "<", "="),
        fc.constantFrom("'%n%'", "'a_%'", "'\\%'"),
      )
      .map((parts) => `(${parts.join(" ")})`),
    fc.tuple(tie("truth"), fc.constantFrom("and", "or"), tie("truth")).map((parts) => `(${parts.join(" ")})`),
    fc.tuple(tie("day"), fc.constantFrom("<", "="), tie("moment")).map((parts) => `(${parts.join(" ")})`),
    fc
      .tuple(dividends, divisors, fc.constantFrom("=", "<", ">="), tie("exact"))
      .map(([value, by, operator, other]) => `((${value}) / (${by}) ${operator} ${other})`),
    tie("truth").map((value) => `(not ${value})`),
  ),
}));

export const selections: fc.Arbitrary<string> = fc.oneof(
  numbers.whole,
  numbers.exact,
  numbers.text,
  numbers.day,
  numbers.moment,
  numbers.truth,
);

export function expressionOf(selection: string): string {
  return `select id, ${selection} from sales where id not in (5, 6) order by sales.id`;
}
