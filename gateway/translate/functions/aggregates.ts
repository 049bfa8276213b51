import { unsupported } from "../../pg-error.ts";
import { asDouble, cast, type Expression, expression, numericExpression } from "../expression.ts";
import { macro } from "../macros.ts";
import { arrayOf, decimal, double, duckdbType, oid, raggedAs } from "../types.ts";
import { quotient, shapeOf } from "./arithmetic.ts";
import { operands } from "./operands.ts";
import type { AggregateSite, AggregateTranslator } from "./registry.ts";

type Entry = [string, AggregateTranslator];

const extremes = [
  "int2",
  "int4",
  "int8",
  "oid",
  "float4",
  "float8",
  "numeric",
  "text",
  "bpchar",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "interval",
  "bytea",
  "anyarray",
];
const exact = ["int2", "int4", "int8", "numeric"];
const spreads = [
  ["stddev", "stddev_samp"],
  ["stddev_samp", "stddev_samp"],
  ["stddev_pop", "stddev_pop"],
  ["variance", "var_samp"],
  ["var_samp", "var_samp"],
  ["var_pop", "var_pop"],
] as const;
const pairs = [
  ["corr", "corr"],
  ["covar_pop", "covar_pop"],
  ["covar_samp", "covar_samp"],
  ["regr_avgx", "regr_avgx"],
  ["regr_avgy", "regr_avgy"],
  ["regr_slope", "regr_slope"],
  ["regr_intercept", "regr_intercept"],
  ["regr_r2", "regr_r2"],
  ["regr_sxx", "regr_sxx"],
  ["regr_syy", "regr_syy"],
  ["regr_sxy", "regr_sxy"],
] as const;

/** Aggregates, by signature; those that also serve as window functions say so by `over`. */
export const aggregateFunctions: Entry[] = [
  ["count()", (_, site) => expression(site.print("count", ["*"]), oid.int8)],
  ["count(any)", ([value], site) => expression(site.print("count", [operands(value)[0].sql]), oid.int8)],
  ...["min", "max"].flatMap((name) =>
    extremes.map((type): Entry => [`${name}(${type})`, ([value], site) => alike(name, value, site)]),
  ),
  ["any_value(anyelement)", ([value], site) => alike("any_value", value, site)],
  ["sum(int2)", sumOfIntegers],
  ["sum(int4)", sumOfIntegers],
  ["sum(int8)", ([value], site) => exactSum(...operands(value), site)],
  ["sum(numeric)", ([value], site) => exactSum(...operands(value), site)],
  ["sum(float4)", ([value], site) => floats("sum", "FLOAT", value, site)],
  ["sum(float8)", ([value], site) => floats("sum", "DOUBLE", value, site)],
  ["sum(interval)", ([value], site) => sumOfIntervals(...operands(value), site)],
  ["avg(interval)", ([value], site) => averageOfIntervals(...operands(value), site)],
  ["avg(float4)", ([value], site) => floats("avg", "DOUBLE", value, site)],
  ["avg(float8)", ([value], site) => floats("avg", "DOUBLE", value, site)],
  ...exact.map((type): Entry => [`avg(${type})`, average]),
  ...spreads.flatMap(([name, duckdb]): Entry[] => [
    ...exact.map(
      (type): Entry => [
        `${name}(${type})`,
        ([value], site) => numericExpression(site.print(duckdb, [asDouble(...operands(value))]), double),
      ],
    ),
    ...["float4", "float8"].map(
      (type): Entry => [`${name}(${type})`, ([value], site) => floats(duckdb, "DOUBLE", value, site)],
    ),
  ]),
  ...pairs.map(
    ([name, duckdb]): Entry => [
      `${name}(float8,float8)`,
      (values, site) =>
        expression(
          site.print(
            duckdb,
            values.map((value) => value.sql),
          ),
          oid.float8,
        ),
    ],
  ),
  [
    "regr_count(float8,float8)",
    (values, site) =>
      expression(
        site.print(
          "regr_count",
          values.map((value) => value.sql),
        ),
        oid.int8,
      ),
  ],
  ...["bool_and", "every"].map(
    (name): Entry => [`${name}(bool)`, ([value], site) => alike("bool_and", value, site)],
  ),
  ["bool_or(bool)", ([value], site) => alike("bool_or", value, site)],
  ...["int2", "int4", "int8"].flatMap((type) =>
    ["bit_and", "bit_or", "bit_xor"].map(
      (name): Entry => [`${name}(${type})`, ([value], site) => alike(name, value, site)],
    ),
  ),
  ["string_agg(text,text)", joined],
  ["array_agg(anynonarray)", collected],
  [
    "percentile_cont(float8,float8)",
    ([fraction, value], site) => percentile("quantile_cont", fraction, value, site),
  ],
  [
    "percentile_cont(_float8,float8)",
    ([fractions, value], site) => {
      const [at, only] = operands(fractions, value);
      requireAscending(at, site);
      return expression(
        site.print("quantile_cont", [only.sql, at.sql], { order: false }),
        arrayOf(oid.float8),
      );
    },
  ],
  [
    "percentile_disc(_float8,anyelement)",
    ([fractions, value], site) => {
      const [at, only] = operands(fractions, value);
      requireAscending(at, site);
      const sql = site.print("quantile_disc", [only.sql, at.sql], { order: false });
      return { sql, type: arrayOf(only.type), numeric: only.numeric };
    },
  ],
  ["mode(anyelement)", ([value], site) => mostFrequent(...operands(value), site)],
  [
    "percentile_disc(float8,anyelement)",
    ([fraction, value], site) => percentile("quantile_disc", fraction, value, site),
  ],
];

function requireAscending(fractions: Expression, site: AggregateSite): void {
  if (fractions.constant === undefined) throw unsupported("percentiles that are not constant");
  if (site.order[0]?.includes(" DESC ")) throw unsupported("a list of percentiles in descending order");
}

/** An aggregate whose result is one of its values. */
function alike(name: string, value: Expression | undefined, site: AggregateSite): Expression {
  const [only] = operands(value);
  return { sql: site.print(name, [only.sql]), type: only.type, numeric: only.numeric };
}

function floats(
  name: string,
  type: "FLOAT" | "DOUBLE",
  value: Expression | undefined,
  site: AggregateSite,
): Expression {
  const [only] = operands(value);
  const result = site.print(name, [asDouble(only)]);
  return expression(type === "FLOAT" ? cast(result, type) : result, site.resultType);
}

function sumOfIntegers([value]: Expression[], site: AggregateSite): Expression {
  return expression(cast(site.print("sum", [operands(value)[0].sql]), "BIGINT"), oid.int8);
}

/** Of whole numbers or numerics, as numeric: an error beyond 38 digits. */
function exactSum(value: Expression, site: AggregateSite): Expression {
  if (value.type === oid.numeric && shapeOf(value).kind === "double") {
    return numericExpression(site.print("sum", [value.sql]), double);
  }
  const shape =
    value.numeric?.kind === "decimal"
      ? raggedAs(decimal(38, value.numeric.scale), value.numeric)
      : decimal(38, 0);
  return numericExpression(cast(site.print("sum", [value.sql]), duckdbType(oid.numeric, shape)), shape);
}

/** Sum by count: the average of nothing is NULL, as a quotient by NULL is. */
function average([value]: Expression[], site: AggregateSite): Expression {
  const [only] = operands(value);
  const count = `nullif(${site.print("count", [only.sql])}, 0)`;
  const divisor = { ...numericExpression(cast(count, "DECIMAL(19,0)"), decimal(19, 0)), constant: 1 };
  return quotient(exactSum(only, site), divisor);
}

function joined([value, separator]: Expression[], site: AggregateSite): Expression {
  const [only, between] = operands(value, separator);
  if (between.constant === null) return expression(site.print("string_agg", [only.sql, "''"]), oid.text);
  if (between.constant === undefined) throw unsupported("string_agg with a separator that is not constant");
  return expression(site.print("string_agg", [only.sql, between.sql]), oid.text);
}

function collected([value]: Expression[], site: AggregateSite): Expression {
  const [only] = operands(value);
  return { sql: site.print("list", [only.sql]), type: arrayOf(only.type), numeric: only.numeric };
}

/** `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`. */
function percentile(
  name: string,
  fraction: Expression | undefined,
  value: Expression | undefined,
  site: AggregateSite,
): Expression {
  const [at, only] = operands(fraction, value);
  if (at.constant === undefined) throw unsupported("a percentile that is not constant");
  const [order] = site.order;
  // The order is in the fraction for DuckDB.
  const descending = order?.includes(" DESC ") ?? false;
  // Which of two values in the middle is taken depends on where it is counted from; of 0 DuckDB loses from where.
  const result =
    descending && name === "quantile_disc"
      ? site.print(name, [only.sql, `greatest(${at.sql}, 1e-300)`])
      : site.print(name, [only.sql, descending ? `1 - ${at.sql}` : at.sql], { order: false });
  return { sql: result, type: site.resultType, numeric: name === "quantile_disc" ? only.numeric : null };
}

/** Of values that are as frequent the first in the order that is asked for. */
function mostFrequent(value: Expression, site: AggregateSite): Expression {
  if (site.over !== "") throw unsupported("mode as a window function");
  const counts = `map_entries(${site.print("histogram", [value.sql], { order: false })})`;
  const descending = site.order[0]?.includes(" DESC ") ?? false;
  const count = `CAST(entry['value'] AS BIGINT)`;
  const ranked = `list_transform(${counts}, lambda entry : { 'count': ${descending ? count : `-${count}`}, 'key': entry['key'] })`;
  const sql = `(${descending ? "list_max" : "list_min"}(${ranked}))['key']`;
  return { sql, type: value.type, numeric: value.numeric };
}

function averageOfIntervals(value: Expression, site: AggregateSite): Expression {
  const count = `nullif(${site.print("count", [value.sql])}, 0)`;
  return expression(
    macro("interval_divided", sumOfIntervals(value, site).sql, cast(count, "DOUBLE")),
    oid.interval,
  );
}

function sumOfIntervals(value: Expression, site: AggregateSite): Expression {
  const parts = ["interval_months", "interval_days", "interval_micros"].map((part) =>
    site.print("sum", [macro(part, value.sql)]),
  );
  return expression(macro("interval_of", ...parts), oid.interval);
}
