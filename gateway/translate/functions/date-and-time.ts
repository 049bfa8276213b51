import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import type { TranslateContext } from "../translation.ts";
import { oid } from "../types.ts";
import { divisionByZero } from "./arithmetic.ts";
import { dateParts } from "./date-parts.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";
import { parsedTime } from "./time-parsing.ts";
import { timeText } from "./time-text.ts";
import { instantOf, isUtc, localOf } from "./zones.ts";

type Entry = [string, FunctionTranslator];

const zoned = "TIMESTAMP WITH TIME ZONE";
const moments = ["timestamp", "timestamptz"];

export const dateAndTime: Entry[] = [
  ...["now", "transaction_timestamp", "statement_timestamp"].map(
    (name): Entry => [`${name}()`, () => expression("now()", oid.timestamptz)],
  ),
  // The transaction's time stands still in DuckDB; that within a new UUID does not.
  [
    "clock_timestamp()",
    () => expression("greatest(now(), uuid_extract_timestamp(uuidv7()))", oid.timestamptz),
  ],
  ...dateParts,
  ["date_trunc(text,timestamp)", ([unit, value]) => truncated(...operands(unit, value), oid.timestamp)],
  [
    "date_trunc(text,timestamptz)",
    ([unit, value], { context }) => {
      const [name, instant] = operands(unit, value);
      if (!isUtc(context)) return truncated(name, instant, oid.timestamptz);
      const local = expression(localOf(instant.sql, context), oid.timestamp);
      return expression(instantOf(truncated(name, local, oid.timestamp).sql, context), oid.timestamptz);
    },
  ],
  [
    "date_trunc(text,timestamptz,text)",
    ([unit, value, zone]) => {
      const [one, moment, at] = operands(unit, value, zone);
      const local = expression(call("timezone", at.sql, moment.sql), oid.timestamp);
      return expression(call("timezone", at.sql, truncated(one, local, oid.timestamp).sql), oid.timestamptz);
    },
  ],
  ["date_bin(interval,timestamp,timestamp)", binned],
  ["date_bin(interval,timestamptz,timestamptz)", binned],
  ...moments.flatMap((type): Entry[] => [
    [`age(${type},${type})`, ([left, right]) => age(...operands(left, right))],
    [
      `age(${type})`,
      ([value]) => {
        const [moment] = operands(value);
        return age(expression(cast("current_date", "TIMESTAMP"), oid.timestamp), moment);
      },
    ],
    [`-(${type},${type})`, ([left, right]) => difference(...operands(left, right))],
    [`+(${type},interval)`, ([moment, span]) => shifted("+", ...operands(moment, span))],
    [`-(${type},interval)`, ([moment, span]) => shifted("-", ...operands(moment, span))],
    [`+(interval,${type})`, ([span, moment]) => shifted("+", ...operands(moment, span))],
    [`isfinite(${type})`, ([value]) => finite(...operands(value))],
  ]),
  ["isfinite(date)", ([value]) => finite(...operands(value))],
  ["+(date,interval)", ([day, span]) => shifted("+", ...operands(day, span))],
  ["-(date,interval)", ([day, span]) => shifted("-", ...operands(day, span))],
  ["+(interval,date)", ([span, day]) => shifted("+", ...operands(day, span))],
  ["+(date,int4)", ([day, days]) => daysAway("+", ...operands(day, days))],
  ["-(date,int4)", ([day, days]) => daysAway("-", ...operands(day, days))],
  ["+(int4,date)", ([days, day]) => daysAway("+", ...operands(day, days))],
  [
    "-(date,date)",
    ([left, right]) => {
      const [one, other] = operands(left, right);
      const infinite = `isinf(${one.sql}) OR isinf(${other.sql})`;
      return expression(
        `(CASE WHEN ${infinite} THEN error('[postgres 22008] cannot subtract infinite dates') ELSE CAST(${one.sql} - ${other.sql} AS INTEGER) END)`,
        oid.int4,
      );
    },
  ],
  [
    "+(date,time)",
    ([day, time]) => expression(`(${operands(day)[0].sql} + ${operands(time)[0].sql})`, oid.timestamp),
  ],
  [
    "+(time,date)",
    ([time, day]) => expression(`(${operands(day)[0].sql} + ${operands(time)[0].sql})`, oid.timestamp),
  ],
  [
    "+(time,interval)",
    ([time, span]) => expression(`(${operands(time)[0].sql} + ${operands(span)[0].sql})`, oid.time),
  ],
  [
    "-(time,interval)",
    ([time, span]) => expression(`(${operands(time)[0].sql} - ${operands(span)[0].sql})`, oid.time),
  ],
  [
    "-(time,time)",
    ([left, right]) => {
      const [one, other] = operands(left, right);
      const micros = (value: Expression) => call("date_diff", "'microsecond'", "TIME '00:00:00'", value.sql);
      return expression(call("to_microseconds", `${micros(one)} - ${micros(other)}`), oid.interval);
    },
  ],
  [
    "+(interval,interval)",
    ([left, right]) => expression(`(${operands(left)[0].sql} + ${operands(right)[0].sql})`, oid.interval),
  ],
  [
    "-(interval,interval)",
    ([left, right]) => expression(`(${operands(left)[0].sql} - ${operands(right)[0].sql})`, oid.interval),
  ],
  ["-(interval)", ([span]) => expression(`(-${operands(span)[0].sql})`, oid.interval)],
  [
    "*(interval,float8)",
    ([span, factor]) =>
      expression(macro("interval_times", operands(span)[0].sql, operands(factor)[0].sql), oid.interval),
  ],
  [
    "*(float8,interval)",
    ([factor, span]) =>
      expression(macro("interval_times", operands(span)[0].sql, operands(factor)[0].sql), oid.interval),
  ],
  [
    "make_date(int4,int4,int4)",
    ([year, month, day]) => {
      const [y, m, d] = operands(year, month, day);
      return expression(`make_date(${y.sql}, ${m.sql}, ${d.sql})`, oid.date);
    },
  ],
  [
    "make_timestamp(int4,int4,int4,int4,int4,float8)",
    (values) => expression(call("make_timestamp", ...values.map((value) => value.sql)), oid.timestamp),
  ],
  [
    "make_interval(int4,int4,int4,int4,int4,int4,float8)",
    (values) => {
      const [years, months, weeks, days, hours, minutes, seconds] = Array.from(
        { length: 7 },
        (_, index) => values[index]?.sql ?? "0",
      );
      return expression(
        `(to_months(${years} * 12 + ${months}) + to_days(${weeks} * 7 + ${days}) + to_microseconds(CAST(CAST(${hours} AS BIGINT) * 3600000000 + CAST(${minutes} AS BIGINT) * 60000000 + CAST(round(${seconds} * 1000000) AS BIGINT) AS BIGINT)))`,
        oid.interval,
      );
    },
  ],
  [
    "make_timestamptz(int4,int4,int4,int4,int4,float8)",
    (values) =>
      expression(cast(call("make_timestamp", ...values.map((value) => value.sql)), zoned), oid.timestamptz),
  ],
  [
    "make_time(int4,int4,float8)",
    (values) => expression(call("make_time", ...values.map((value) => value.sql)), oid.time),
  ],
  ["timezone(text,timestamp)", ([zone, value], site) => inZone(zone, value, oid.timestamptz, site.context)],
  ["timezone(text,timestamptz)", ([zone, value], site) => inZone(zone, value, oid.timestamp, site.context)],
  ...["timestamp", "timestamptz", "time"].flatMap((type): Entry[] =>
    [`${type},${type}`, `${type},interval`].flatMap((one) =>
      [`${type},${type}`, `${type},interval`].map(
        (other): Entry => [`overlaps(${one},${other})`, overlapping],
      ),
    ),
  ),
  // AT LOCAL.
  [
    "timezone(timestamptz)",
    ([value], { context }) => expression(localOf(operands(value)[0].sql, context), oid.timestamp),
  ],
  [
    "timezone(timestamp)",
    ([value], { context }) => expression(instantOf(operands(value)[0].sql, context), oid.timestamptz),
  ],
  ["date_add(timestamptz,interval)", ([moment, span]) => shifted("+", ...operands(moment, span))],
  ["date_subtract(timestamptz,interval)", ([moment, span]) => shifted("-", ...operands(moment, span))],
  [
    "to_timestamp(float8)",
    ([seconds]) => {
      const [only] = operands(seconds);
      return expression(
        call("make_timestamptz", `CAST(round_even(${only.sql} * 1000000, 0) AS BIGINT)`),
        oid.timestamptz,
      );
    },
  ],
  ...moments.map(
    (type): Entry => [`to_char(${type},text)`, ([value, template]) => timeText(...operands(value, template))],
  ),
  [
    "to_date(text,text)",
    ([value, template]) => expression(cast(parsedTime(...operands(value, template)), "DATE"), oid.date),
  ],
  [
    "to_timestamp(text,text)",
    ([value, template]) => expression(cast(parsedTime(...operands(value, template)), zoned), oid.timestamptz),
  ],
  ["time(time,int4)", declaredPrecision],
  ["timestamp(timestamp,int4)", declaredPrecision],
  ["timestamptz(timestamptz,int4)", declaredPrecision],
  [
    "/(interval,float8)",
    ([span, divisor]) => {
      const [one, by] = operands(span, divisor);
      return expression(
        `(CASE WHEN ${by.sql} = 0 AND ${one.sql} IS NOT NULL THEN ${divisionByZero} ELSE ${macro("interval_divided", one.sql, by.sql)} END)`,
        oid.interval,
      );
    },
  ],
];

const units = new Set([
  "microseconds",
  "milliseconds",
  "second",
  "minute",
  "hour",
  "day",
  "week",
  "month",
  "quarter",
  "year",
]);

/** The year that a decade, century or millennium begins with, of a year after Christ. */
const longUnits: Readonly<Record<string, (year: string) => string>> = {
  decade: (year) => `(${year} // 10 * 10)`,
  century: (year) => `((${year} - 1) // 100 * 100 + 1)`,
  millennium: (year) => `((${year} - 1) // 1000 * 1000 + 1)`,
};

/** A unit's name as `date_trunc` and `extract` take it: in any case, some in the plural too. */
export function unitOf(unit: Expression): string {
  if (typeof unit.constant !== "string") throw unsupported("a unit of time that is not constant");
  return unit.constant.toLowerCase();
}

function truncated(unit: Expression, value: Expression, type: number): Expression {
  const name = unitOf(unit).replace(/^(second|minute|hour|day|week|month|quarter|year|decade)s$/, "$1");
  const long = longUnits[name];
  if (long !== undefined) {
    const local = type === oid.timestamptz ? cast(value.sql, "TIMESTAMP") : value.sql;
    const began = macro("began", local, long(`datepart('year', ${local})`));
    return expression(type === oid.timestamptz ? cast(began, zoned) : began, type);
  }
  if (!units.has(name)) throw unsupported(`date_trunc to ${name}`);
  const duckdbUnit = text(name.replace(/(milli|micro)seconds/, "$1second"));
  const local = cast(value.sql, "TIMESTAMP");
  if (type === oid.timestamptz && /second|minute|hour/.test(name)) {
    // DuckDB goes by the local time, which an hour of the year has twice.
    const rest = call("date_diff", "'microsecond'", call("date_trunc", duckdbUnit, local), local);
    return expression(`(${value.sql} - ${call("to_microseconds", rest)})`, type);
  }
  // Without greatest() DuckDB's optimiser finds `date_trunc('year', NULL) = '2026-03-01'` false, which is unknown.
  return expression(call("greatest", call("date_trunc", duckdbUnit, value.sql)), type);
}

/** Months in the stride have no length: Postgres refuses them too. */
function binned(values: Expression[]): Expression {
  const [stride, value, origin] = operands(values[0], values[1], values[2]);
  const months = macro("interval_months", stride.sql);
  const sql = `(CASE WHEN ${months} <> 0 THEN error('[postgres 0A000] timestamps cannot be binned into intervals containing months or years') WHEN ${stride.sql} <= INTERVAL 0 DAY THEN error('[postgres 22008] stride must be greater than zero') ELSE time_bucket(${stride.sql}, ${value.sql}, ${origin.sql}) END)`;
  return expression(sql, value.type);
}

/** In days of 24 hours and a rest, whatever the zone. */
function difference(left: Expression, right: Expression): Expression {
  if (left.type === oid.timestamp) return expression(`(${left.sql} - ${right.sql})`, oid.interval);
  const micros = `(epoch_us(${left.sql}) - epoch_us(${right.sql}))`;
  return expression(
    macro("interval_of", "0", `${micros} // 86400000000`, `${micros} % 86400000000`),
    oid.interval,
  );
}

function age(left: Expression, right: Expression): Expression {
  if (left.type === oid.timestamptz || right.type === oid.timestamptz) {
    const local = (value: Expression) =>
      value.type === oid.timestamptz ? cast(value.sql, "TIMESTAMP") : value.sql;
    return expression(call("age", local(left), local(right)), oid.interval);
  }
  return expression(call("age", left.sql, right.sql), oid.interval);
}

function shifted(operator: "+" | "-", moment: Expression, span: Expression): Expression {
  if (moment.type === oid.timestamptz)
    return expression(shiftedInZone(operator, moment, span), oid.timestamptz);
  const source = moment.type === oid.date ? cast(moment.sql, "TIMESTAMP") : moment.sql;
  return expression(`(${source} ${operator} ${span.sql})`, oid.timestamp);
}

/**
 * Months first, then days, each by the zone's clock, then time: DuckDB has them the other way round where one is
 * negative, and takes the earlier of two like times where Postgres takes the later.
 */
function shiftedInZone(operator: "+" | "-", moment: Expression, span: Expression): string {
  const sign = operator === "-" ? "-" : "";
  const counts = /'(-?\d+) months (-?\d+) days (-?\d+) microseconds'/.exec(span.sql)?.slice(1);
  const parts = ["months", "days", "micros"].map((part, index) =>
    span.constant === undefined || counts === undefined
      ? macro(`interval_${part}`, span.sql)
      : (counts[index] ?? "0"),
  );
  return parts.reduce(
    (shiftedSoFar, count, index) =>
      count === "0"
        ? shiftedSoFar
        : macro(
            ["zoned_months", "zoned_days", "zoned_micros"][index] ?? "",
            shiftedSoFar,
            `${sign}(${count})`,
          ),
    moment.sql,
  );
}

function daysAway(operator: string, day: Expression, days: Expression): Expression {
  return expression(`(${day.sql} ${operator} ${days.sql})`, oid.date);
}

/** Of two periods, each with its end or with how long it is. */
function overlapping(values: Expression[]): Expression {
  const [start, end, otherStart, otherEnd] = operands(values[0], values[1], values[2], values[3]);
  const ended = (from: Expression, to: Expression) => {
    if (to.type !== oid.interval) return to.sql;
    if (from.type === oid.time) throw unsupported("OVERLAPS of times with intervals");
    return shifted("+", from, to).sql;
  };
  return expression(
    macro("overlapping", start.sql, ended(start, end), otherStart.sql, ended(otherStart, otherEnd)),
    oid.bool,
  );
}

function finite(value: Expression): Expression {
  return expression(call("isfinite", value.sql), oid.bool);
}

/** Zones by what they are called in a season: hours from UTC, the same in all places that call theirs so. */
const abbreviations: Readonly<Record<string, number>> = {
  GMT: 0,
  WET: 0,
  WEST: 1,
  BST: 1,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
};

/** Elsewhere, as in Shanghai and Manila, the same letters are, or were, other zones to a session there. */
function abbreviated(name: string, context: TranslateContext): number | undefined {
  const { timeZone } = context;
  const usual =
    isUtc(context) || (/^(Europe|America|US)\//.test(timeZone) && !/Havana|Adak|Nome|Moscow/.test(timeZone));
  return usual ? abbreviations[name.toUpperCase()] : undefined;
}

function inZone(
  zone: Expression | undefined,
  value: Expression | undefined,
  type: number,
  context: TranslateContext,
): Expression {
  const [at, moment] = operands(zone, value);
  const name = at.constant;
  const hours = typeof name === "string" ? abbreviated(name, context) : undefined;
  if (hours !== undefined) {
    const away = `to_hours(${type === oid.timestamptz ? -hours : hours})`;
    return expression(`(${call("timezone", "'UTC'", moment.sql)} + ${away})`, type);
  }
  // Abbreviations and offsets (`EST`, `+05`) mean other things to both.
  if (
    typeof name !== "string" ||
    !(name.toUpperCase() === "UTC" || /^[A-Z][A-Za-z_]+\/[A-Za-z_/+-]+$/.test(name))
  ) {
    throw unsupported("a time zone that is not given as UTC or by a name like Europe/Vienna");
  }
  return expression(call("timezone", text(name), moment.sql), type);
}

function declaredPrecision([value, precision]: Expression[]): Expression {
  const [moment, { constant }] = operands(value, precision);
  if (typeof constant !== "number") throw unsupported("a precision of a time that is not constant");
  return toPrecision(moment, constant);
}

const midnight = raise("0A000", "a time that is rounded to 24:00:00 is not supported on lake tables");

/** `timestamp(0)`; a precision of -1 is none. */
export function toPrecision(value: Expression, precision: number): Expression {
  if (precision === 6 || precision === -1) return value;
  if (precision !== 0 && precision !== 3) throw unsupported("this precision of a timestamp");
  if (value.type === oid.time) {
    // The last half second of a day would be 24:00:00.
    const micros = `epoch_us(CAST(${value.sql} AS TIME))`;
    const step = precision === 0 ? 1_000_000 : 1_000;
    const rounded = `(${micros} + ${step / 2}) // ${step} * ${step}`;
    return expression(
      `(CASE WHEN ${rounded} >= 86400000000 THEN ${midnight} ELSE CAST(make_timestamp(${rounded}) AS TIME) END)`,
      oid.time,
    );
  }
  const unit = precision === 0 ? "second" : "millisecond";
  const half = precision === 0 ? "500 MILLISECOND" : "500 MICROSECOND";
  return expression(call("date_trunc", text(unit), `${value.sql} + INTERVAL ${half}`), value.type);
}
