import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, numericExpression } from "../expression.ts";
import { macro } from "../macros.ts";
import { decimal, duckdbType, oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

/** extract, whose result is numeric, and date_part, whose result is a float. */
export const dateParts: Entry[] = ["date", "timestamp", "timestamptz", "time", "interval"].flatMap(
  (type): Entry[] => [
    [`extract(text,${type})`, ([unit, value]) => part(...operands(unit, value))],
    [`date_part(text,${type})`, ([unit, value]) => asFloat(part(...operands(unit, moment(value))))],
  ],
);

/** `date_part` takes a date for its midnight. */
function moment(value: Expression | undefined): Expression {
  const [only] = operands(value);
  return only.type === oid.date ? expression(cast(only.sql, "TIMESTAMP"), oid.timestamp) : only;
}

function asFloat(value: Expression): Expression {
  return expression(cast(value.sql, "DOUBLE"), oid.float8);
}

function whole(sql: string): Expression {
  return numericExpression(cast(sql, "DECIMAL(19,0)"), decimal(19, 0));
}

/** Microseconds as a numeric of `scale` decimals, in units of 10 to the power of `scale`. */
function micros(sql: string, scale: 3 | 6): Expression {
  const shape = decimal(19 + scale + 1, scale);
  const unit = scale === 6 ? "0.000001" : "0.001";
  return numericExpression(
    `CAST(CAST(${sql} AS DECIMAL(19,0)) * CAST('${unit}' AS DECIMAL(${scale + 1},${scale})) AS ${duckdbType(oid.numeric, shape)})`,
    shape,
  );
}

function part(unit: Expression, value: Expression): Expression {
  if (typeof unit.constant !== "string") throw unsupported("a unit of time that is not constant");
  const name = unit.constant.toLowerCase();
  const singular = name.replace(/s$/, "");
  switch (value.type) {
    case oid.interval:
      return ofInterval(singular, value.sql);
    case oid.time:
      return ofTime(singular, value.sql);
    case oid.date:
      return ofDate(singular, value.sql);
    default:
      return ofDate(singular, value.sql) ?? refused(name);
  }
  function refused(what: string): never {
    throw unsupported(`extract of ${what}`);
  }
  function ofTime(field: string, sql: string): Expression {
    switch (field) {
      case "hour":
      case "minute":
        return whole(call("datepart", `'${field}'`, sql));
      case "second":
        return micros(call("datepart", "'microsecond'", sql), 6);
      case "millisecond":
        return micros(call("datepart", "'microsecond'", sql), 3);
      case "microsecond":
        return whole(call("datepart", "'microsecond'", sql));
      case "epoch":
        return micros(call("date_diff", "'microsecond'", "TIME '00:00:00'", sql), 6);
      default:
        return refused(name);
    }
  }
  function ofDate(field: string, sql: string): Expression {
    const year = `datepart('year', ${macro("finite_or_raise", sql)})`;
    switch (field) {
      case "year":
        return whole(macro("civil_year", year));
      case "decade":
        return whole(macro("decade_of", year));
      case "century":
      case "centurie":
        return whole(macro("century_of", year));
      case "millennium":
      case "millennia":
        return whole(macro("millennium_of", year));
      case "isoyear":
        return whole(macro("civil_year", `datepart('isoyear', ${macro("finite_or_raise", sql)})`));
      case "month":
      case "day":
      case "quarter":
      case "week":
      case "dow":
      case "isodow":
      case "doy":
        return whole(`datepart('${field}', ${sql})`);
      case "julian":
        if (value.type !== oid.date) return refused(name);
        return whole(`floor(datepart('julian', ${macro("finite_or_raise", sql)}))`);
      case "timezone":
      case "timezone_hour":
      case "timezone_minute":
        if (value.type !== oid.timestamptz) return refused(name);
        return whole(`datepart('${field}', ${sql})`);
      case "epoch":
        return value.type === oid.date
          ? whole(`(epoch_us(CAST(${macro("finite_or_raise", sql)} AS TIMESTAMP)) // 1000000)`)
          : micros(`epoch_us(${macro("finite_or_raise", sql)})`, 6);
      default:
        if (value.type === oid.date) return refused(`${name} from a date`);
        return ofTime(field, sql);
    }
  }
  function ofInterval(field: string, sql: string): Expression {
    switch (field) {
      case "year":
      case "month":
      case "day":
      case "hour":
      case "minute":
        return whole(`datepart('${field}', ${sql})`);
      case "second":
        return micros(`datepart('microsecond', ${sql})`, 6);
      case "millisecond":
        return micros(`datepart('microsecond', ${sql})`, 3);
      case "microsecond":
        return whole(`datepart('microsecond', ${sql})`);
      case "epoch":
        return numericExpression(cast(macro("interval_epoch", sql), "DECIMAL(38,6)"), decimal(38, 6));
      default:
        return refused(`${name} from an interval`);
    }
  }
}
