import { raise } from "./raised.ts";

/** The call of a macro. */
export function macro(name: string, ...values: string[]): string {
  return `memory.postgres.${name}(${values.join(", ")})`;
}

const negativeLength = raise("22011", "negative substring length not allowed");
const fieldZero = raise("22023", "field position must not be zero");
const badInteger = raise("22P02", "invalid input syntax for an integer");
const badNumber = raise("22P02", "invalid input syntax for a number");
const badBoolean = raise("22P02", "invalid input syntax for type boolean");
const notIsoDate = raise(
  "0A000",
  "text that is not written YYYY-MM-DD as a date is not supported on lake tables",
);
const notIsoTime = raise(
  "0A000",
  "text that is not written YYYY-MM-DD HH:MI:SS as a timestamp is not supported on lake tables",
);
const otherBits = raise(
  "0A000",
  "bits that are not written as hexadecimal digits of the number's length are not supported on lake tables",
);
const noStep = raise("22023", "step size cannot equal zero");
const noYear = raise("22008", "date/time field value out of range");
const notIsoClock = raise(
  "0A000",
  "text that is not written HH:MI:SS as a time is not supported on lake tables",
);
const notIntervalText = raise(
  "0A000",
  "text that is not written like 3 days 2 hours as an interval is not supported on lake tables",
);
const escapedBytes = raise(
  "0A000",
  "text with a backslash that does not begin with \\x as bytea is not supported on lake tables",
);
const longNumber = raise(
  "0A000",
  "text with more than 15 digits as a numeric is not supported on lake tables",
);
const infiniteField = raise(
  "0A000",
  "a field of an infinite time, which is an infinite numeric, is not supported on lake tables",
);
const overflow = raise("22003", "value out of range: overflow");
const zeroPower = raise("2201F", "zero raised to a negative power is undefined");
const negativePower = raise(
  "2201F",
  "a negative number raised to a non-integer power yields a complex result",
);
const negativeRoot = raise("2201F", "cannot take square root of a negative number");
const zeroLogarithm = raise("2201E", "cannot take logarithm of zero");
const negativeLogarithm = raise("2201E", "cannot take logarithm of a negative number");
const secondsOfZone = raise(
  "0A000",
  "the text of a time whose zone is off by seconds is not supported on lake tables",
);
const outOfRange = raise("22003", "input is out of range");
const nullCharacter = raise("54000", "null character not permitted");
const noCharacter = raise("54000", "requested character is not valid for encoding");
const beforeChrist = raise(
  "0A000",
  "date_trunc of a time before Christ to decades and more is not supported on lake tables",
);
const rewritten = raise(
  "0A000",
  "the text of a part of a json document that is not written the shortest way (1.50, blanks) is not supported on lake tables",
);
const containerText = raise(
  "0A000",
  "the text of a jsonb object or array is not supported on lake tables: use json",
);
const castOfNull = raise("0A000", "the cast of a jsonb null is not supported on lake tables");
const noScalar = raise("22023", "cannot cast this jsonb to the type");
const noMembers = raise("0A000", "a key taken from jsonb that is no object is not supported on lake tables");
const strangeKey = raise(
  "0A000",
  'a JSON key that is empty or has ", \\ or * in it is not supported on lake tables',
);
const noArray = raise("22023", "cannot call this function on JSON that is no array");
const noObject = raise("22023", "cannot call this function on JSON that is no object");
const longQuotient = raise(
  "0A000",
  "the text of a quotient of this many digits is not supported on lake tables",
);
const badJson = raise("22P02", "invalid input syntax for type json");

/** Dates and times as ISO 8601 has them, and the forms of intervals that numbers and units are put together to. */
const isoClock = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?";
const isoMoment = `[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]${isoClock})?`;
const isoText = `[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]${isoClock}( ?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?))?)?`;
const isoOffsetEnd = ":[0-9.]+ ?(Z|[+-][0-9]{2}:?[0-9]{0,2})";
const amount = "[+-]?[0-9]+";
const intervalPart =
  "(?:[+-]?[0-9]{1,11}(?:\\.[0-9]{1,6})?\\s*(?:seconds?|secs?)|[+-]?[0-9]{1,7}\\s*(?:minutes?|mins?|hours?|hrs?|days?|weeks?|months?|mons?|years?|yrs?))";

/** By name, parameters and body. A parameter stands in the body as often as it is named there. */
const definitions: readonly (readonly [string, string])[] = [
  [
    "substring_for(s, start, count)",
    `CASE WHEN count < 0 AND s IS NOT NULL AND start IS NOT NULL THEN ${negativeLength} ELSE substring(s, greatest(start, 1), greatest(0, CAST(start AS BIGINT) + count - greatest(start, 1))) END`,
  ],
  [
    "split_part(s, delimiter, field)",
    `CASE WHEN field = 0 AND s IS NOT NULL AND delimiter IS NOT NULL THEN ${fieldZero} WHEN delimiter = '' THEN CASE WHEN field IN (1, -1) THEN s ELSE left(s, 0) END ELSE split_part(s, delimiter, field) END`,
  ],
  ["padded_left(s, count, fill)", pad("lpad")],
  ["padded_right(s, count, fill)", pad("rpad")],
  // Capital of one letter by one letter: ß has none.
  [
    "upper(s)",
    "CASE WHEN contains(s, 'ß') THEN replace(upper(replace(s, 'ß', chr(57344))), chr(57344), 'ß') ELSE upper(s) END",
  ],
  [
    "string_to_array(s, delimiter)",
    "CASE WHEN s IS NULL THEN NULL WHEN s = '' THEN CAST([] AS VARCHAR[]) WHEN delimiter = '' THEN [s] ELSE string_split(s, coalesce(delimiter, '')) END",
  ],
  [
    "initcap(s)",
    "CASE WHEN s IS NULL THEN NULL ELSE coalesce(array_to_string(list_transform(regexp_extract_all(s, '[\\p{L}\\p{Nl}0-9]+|[^\\p{L}\\p{Nl}0-9]+'), lambda word : memory.postgres.upper(word[1]) || lower(word[2:])), ''), '') END",
  ],
  // `size`: how many numbers the type has; what lies beyond comes in again at the other end.
  [
    "shifted_left(n, places, size)",
    "(CAST(n AS HUGEINT) * CAST(pow(2, places) AS HUGEINT) % size + size + size // 2) % size - size // 2",
  ],
  // A float as Postgres writes it: the shortest digits, with an exponent from `plain` digits on.
  ["float_digits(t)", "rtrim(replace(t, '.', ''), '0')"],
  [
    "float_text(x, plain)",
    `CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
      WHEN abs(x) >= plain AND NOT contains(CAST(x AS VARCHAR), 'e')
      THEN CASE WHEN x < 0 THEN '-' ELSE '' END
        || substring(memory.postgres.float_digits(CAST(abs(x) AS VARCHAR)), 1, 1)
        || CASE WHEN length(memory.postgres.float_digits(CAST(abs(x) AS VARCHAR))) > 1
             THEN '.' || substring(memory.postgres.float_digits(CAST(abs(x) AS VARCHAR)), 2) ELSE '' END
        || 'e+' || lpad(CAST(strpos(CAST(abs(x) AS VARCHAR), '.') - 2 AS VARCHAR), 2, '0')
      WHEN ends_with(CAST(x AS VARCHAR), '.0') THEN CAST(x AS VARCHAR)[:-3]
      ELSE CAST(x AS VARCHAR) END`,
  ],
  [
    "date_text(d)",
    "CASE WHEN contains(CAST(d AS VARCHAR), '(BC)') THEN replace(CAST(d AS VARCHAR), ' (BC)', '') || ' BC' ELSE CAST(d AS VARCHAR) END",
  ],
  [
    "zoned_text(t)",
    `CASE WHEN isfinite(t) AND datepart('timezone', t) % 60 <> 0 THEN ${secondsOfZone} ELSE memory.postgres.date_text(t) END`,
  ],
  ["interval_months(i)", "CAST(datepart('year', i) * 12 + datepart('month', i) AS BIGINT)"],
  ["interval_days(i)", "CAST(datepart('day', i) AS BIGINT)"],
  [
    "interval_micros(i)",
    "CAST(datepart('hour', i) * 3600000000 + datepart('minute', i) * 60000000 + datepart('microsecond', i) AS BIGINT)",
  ],
  [
    "interval_of(months, days, micros)",
    "to_months(CAST(months AS INTEGER)) + to_days(CAST(days AS INTEGER)) + to_microseconds(CAST(micros AS BIGINT))",
  ],
  // As interval_mul of Postgres's timestamp.c: fractions of months become days, fractions of days time.
  ["to_micros(x)", "round_even(x * 1000000.0, 0) / 1000000.0"],
  // A list of one and its lambda: what is given is evaluated, and printed, once. Fields in brackets: `r.days` would be the
  // column days of a table or column r, were there one.
  [
    "interval_carried(r)",
    `list_transform([{ 'months': r['months'], 'days': r['days'], 'micros': r['micros'], 'rest_days': r['rest_days'],
        'seconds': memory.postgres.to_micros((r['all_days'] - r['days'] + r['rest_days'] - trunc(r['rest_days'])) * 86400) }], lambda c :
      memory.postgres.interval_of(c['months'],
        c['days'] + trunc(c['rest_days']) + CASE WHEN abs(c['seconds']) >= 86400 THEN trunc(c['seconds'] / 86400) ELSE 0 END,
        round_even(c['micros'] + (c['seconds'] - CASE WHEN abs(c['seconds']) >= 86400 THEN trunc(c['seconds'] / 86400) * 86400 ELSE 0 END) * 1000000, 0)))[1]`,
  ],
  [
    "interval_scaled(s)",
    `list_transform([{ 'months': trunc(s['months']), 'days': trunc(s['days']), 'micros': s['micros'], 'all_days': s['days'],
        'rest_days': memory.postgres.to_micros((s['months'] - trunc(s['months'])) * 30) }], lambda r : memory.postgres.interval_carried(r))[1]`,
  ],
  [
    "interval_times(i, factor)",
    `list_transform([{ 'i': i, 'by': factor }], lambda v : memory.postgres.interval_scaled({
        'months': memory.postgres.interval_months(v['i']) * v['by'], 'days': memory.postgres.interval_days(v['i']) * v['by'],
        'micros': memory.postgres.interval_micros(v['i']) * v['by'] }))[1]`,
  ],
  [
    "interval_divided(i, divisor)",
    `list_transform([{ 'i': i, 'by': divisor }], lambda v : memory.postgres.interval_scaled({
        'months': memory.postgres.interval_months(v['i']) / v['by'], 'days': memory.postgres.interval_days(v['i']) / v['by'],
        'micros': memory.postgres.interval_micros(v['i']) / v['by'] }))[1]`,
  ],
  [
    "clock_text(micros)",
    `lpad(CAST(micros // 3600000000 AS VARCHAR), CAST(greatest(2, length(CAST(micros // 3600000000 AS VARCHAR))) AS INTEGER), '0') || ':' || lpad(CAST(micros // 60000000 % 60 AS VARCHAR), 2, '0') || ':'
      || lpad(CAST(micros // 1000000 % 60 AS VARCHAR), 2, '0')
      || CASE WHEN micros % 1000000 = 0 THEN '' ELSE '.' || rtrim(lpad(CAST(micros % 1000000 AS VARCHAR), 6, '0'), '0') END`,
  ],
  ["unit_text(n, unit)", "CAST(n AS VARCHAR) || ' ' || unit || CASE WHEN n = 1 THEN '' ELSE 's' END"],
  [
    "interval_parts_text(months, days, micros)",
    `concat_ws(' ',
      CASE WHEN months // 12 <> 0 THEN memory.postgres.unit_text(months // 12, 'year') END,
      CASE WHEN months % 12 <> 0 THEN memory.postgres.unit_text(months % 12, 'mon') END,
      CASE WHEN days <> 0 THEN CASE WHEN months < 0 AND days > 0 THEN '+' ELSE '' END || memory.postgres.unit_text(days, 'day') END,
      CASE WHEN micros <> 0 OR (months = 0 AND days = 0)
        THEN CASE WHEN micros < 0 THEN '-' WHEN days < 0 OR (days = 0 AND months < 0) THEN '+' ELSE '' END
          || memory.postgres.clock_text(abs(micros)) END)`,
  ],
  [
    "interval_text(i)",
    `list_transform([i], lambda v : CASE WHEN v IS NOT NULL THEN list_transform([{ 'months': memory.postgres.interval_months(v),
        'days': memory.postgres.interval_days(v), 'micros': memory.postgres.interval_micros(v) }],
      lambda p : memory.postgres.interval_parts_text(p['months'], p['days'], p['micros']))[1] END)[1]`,
  ],
  [
    "text_to_integer(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\\s*[+-]?[0-9]+\\s*') THEN trim(s, e' \\t\\n\\r\\f\\v') ELSE ${badInteger} END`,
  ],
  [
    "text_to_double(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*|\\s*[+-]?(?i:nan|inf|infinity)\\s*') THEN CAST(trim(s, e' \\t\\n\\r\\f\\v') AS DOUBLE) ELSE ${badNumber} END`,
  ],
  [
    "text_to_numeric(s)",
    `CASE WHEN NOT regexp_full_match(s, '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*') THEN ${badNumber} WHEN length(regexp_replace(regexp_replace(s, '[eE].*', ''), '[^0-9]', '', 'g')) > 15 THEN ${longNumber} ELSE CAST(trim(s, e' \\t\\n\\r\\f\\v') AS DOUBLE) END`,
  ],
  [
    "text_to_boolean(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN lower(trim(s, e' \\t\\n\\r\\f\\v')) IN ('t','tr','tru','true','y','ye','yes','on','1') THEN TRUE WHEN lower(trim(s, e' \\t\\n\\r\\f\\v')) IN ('f','fa','fal','fals','false','n','no','of','off','0') THEN FALSE ELSE ${badBoolean} END`,
  ],
  [
    "text_to_date(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN starts_with(s, '0000') THEN ${noYear} WHEN regexp_full_match(s, '${isoText}') THEN CAST(left(s, 10) AS DATE) ELSE ${notIsoDate} END`,
  ],
  // A zone says nothing to a timestamp without one.
  [
    "text_to_timestamp(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN starts_with(s, '0000') THEN ${noYear} WHEN regexp_full_match(s, '${isoText}') THEN CAST(regexp_extract(s, '^${isoMoment}') AS TIMESTAMP) ELSE ${notIsoTime} END`,
  ],
  ["offset_hours(t)", "CAST(coalesce(nullif(regexp_extract(t, '^[+-]?([0-9]{2})', 1), ''), '0') AS BIGINT)"],
  [
    "offset_minutes(t)",
    "CAST(coalesce(nullif(regexp_extract(t, '^[+-][0-9]{2}:?([0-9]{2})', 1), ''), '0') AS BIGINT)",
  ],
  [
    "offset_micros(t)",
    "(memory.postgres.offset_hours(t) * 60 + memory.postgres.offset_minutes(t)) * CASE WHEN starts_with(t, '-') THEN -60000000 ELSE 60000000 END",
  ],
  [
    "text_to_instant(s)",
    `CASE WHEN NOT regexp_matches(s, '${isoOffsetEnd}$') THEN CAST(memory.postgres.text_to_timestamp(s) AS TIMESTAMP WITH TIME ZONE)
      ELSE timezone('UTC', memory.postgres.text_to_timestamp(s)) - to_microseconds(memory.postgres.offset_micros(regexp_extract(s, '${isoOffsetEnd}$', 1))) END`,
  ],
  [
    "text_to_time(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '${isoClock}') THEN CAST(s AS TIME) ELSE ${notIsoClock} END`,
  ],
  [
    "text_to_bytes(s)",
    `CASE WHEN s IS NULL THEN NULL WHEN NOT contains(s, '\\') THEN encode(s) WHEN regexp_full_match(s, '\\\\x([0-9a-fA-F]{2})*') THEN unhex(s[3:]) ELSE ${escapedBytes} END`,
  ],
  // How many of a unit an interval's text has; each unit may be there once.
  [
    "units_in(s, pattern)",
    `CASE len(regexp_extract_all(s, pattern, 1)) WHEN 0 THEN 0 WHEN 1 THEN CAST(regexp_extract(s, pattern, 1) AS BIGINT) ELSE ${notIntervalText} END`,
  ],
  [
    "seconds_in(s)",
    `CASE len(regexp_extract_all(s, '(${amount})\\s*s')) WHEN 0 THEN 0 WHEN 1 THEN CAST(CAST(regexp_extract(s, '(${amount}(?:\\.[0-9]{1,6})?)\\s*s', 1) AS DECIMAL(24, 6)) * 1000000 AS BIGINT) ELSE ${notIntervalText} END`,
  ],
  [
    "text_to_interval(s)",
    `list_transform([lower(trim(s))], lambda t : CASE WHEN t IS NULL THEN NULL
      WHEN regexp_full_match(t, '${intervalPart}(\\s+${intervalPart})*') THEN memory.postgres.interval_of(
        memory.postgres.units_in(t, '(${amount})\\s*y') * 12 + memory.postgres.units_in(t, '(${amount})\\s*mon'),
        memory.postgres.units_in(t, '(${amount})\\s*w') * 7 + memory.postgres.units_in(t, '(${amount})\\s*d'),
        memory.postgres.units_in(t, '(${amount})\\s*h') * 3600000000 + memory.postgres.units_in(t, '(${amount})\\s*min') * 60000000 + memory.postgres.seconds_in(t))
      ELSE ${notIntervalText} END)[1]`,
  ],
  ["text_to_json(s)", `CASE WHEN s IS NULL OR json_valid(s) THEN CAST(s AS JSON) ELSE ${badJson} END`],
  // Years before Christ have no year 0 in Postgres.
  [
    "zoned_months(t, n)",
    "CASE WHEN n = 0 THEN t ELSE CAST(CAST(t AS TIMESTAMP) + to_months(CAST(n AS INTEGER)) AS TIMESTAMP WITH TIME ZONE) END",
  ],
  [
    "zoned_days(t, n)",
    "CASE WHEN n = 0 THEN t ELSE CAST(CAST(t AS TIMESTAMP) + to_days(CAST(n AS INTEGER)) AS TIMESTAMP WITH TIME ZONE) END",
  ],
  ["zoned_micros(t, n)", "t + to_microseconds(n)"],
  ["civil_year(y)", "CASE WHEN y <= 0 THEN y - 1 ELSE y END"],
  ["decade_of(y)", "CASE WHEN y >= 0 THEN y // 10 ELSE -((8 - (y - 1)) // 10) END"],
  ["century_of(y)", "CASE WHEN y > 0 THEN (y + 99) // 100 ELSE -((99 - (y - 1)) // 100) END"],
  ["millennium_of(y)", "CASE WHEN y > 0 THEN (y + 999) // 1000 ELSE -((999 - (y - 1)) // 1000) END"],
  [
    "interval_epoch(i)",
    `CAST(CAST(trunc(datepart('year', i)) * 31557600 + datepart('month', i) * 2592000 + datepart('day', i) * 86400 AS DECIMAL(30, 0)) AS DECIMAL(36, 6))
      + CAST(memory.postgres.interval_micros(i) AS DECIMAL(20, 0)) * CAST('0.000001' AS DECIMAL(7, 6))`,
  ],
  ["finite_or_raise(t)", `CASE WHEN isinf(t) THEN ${infiniteField} ELSE t END`],
  [
    "float_finite(x, a, b)",
    `CASE WHEN isinf(x) AND NOT isinf(a) AND NOT isinf(b) THEN ${overflow} ELSE x END`,
  ],
  [
    "power(a, b)",
    `CASE WHEN a = 0 AND b < 0 THEN ${zeroPower} WHEN a < 0 AND b <> trunc(b) AND NOT isinf(b) THEN ${negativePower} ELSE memory.postgres.float_finite(power(a, b), a, b) END`,
  ],
  ["sqrt(x)", `CASE WHEN x < 0 THEN ${negativeRoot} ELSE sqrt(x) END`],
  ["ln(x)", `CASE WHEN x = 0 THEN ${zeroLogarithm} WHEN x < 0 THEN ${negativeLogarithm} ELSE ln(x) END`],
  [
    "log10(x)",
    `CASE WHEN x = 0 THEN ${zeroLogarithm} WHEN x < 0 THEN ${negativeLogarithm} ELSE log10(x) END`,
  ],
  // The last of like keys counts, to Postgres; to DuckDB the first. Looked for only where the key might be there twice.
  [
    "json_get(d, k, path, quoted)",
    `CASE WHEN NOT contains(CAST(d AS VARCHAR), '\\') AND length(CAST(d AS VARCHAR)) - length(replace(CAST(d AS VARCHAR), quoted, '')) <= length(quoted)
      THEN json_extract(d, path)
      ELSE CAST(json_extract(d, '$.*') AS JSON[])[len(json_keys(d)) + 1 - nullif(list_position(list_reverse(json_keys(d)), k), 0)] END`,
  ],
  // Whether the document is written as DuckDB writes it, blanks aside.
  ["json_plain(d)", "replace(CAST(d AS VARCHAR), ' ', '') = replace(CAST(json(d) AS VARCHAR), ' ', '')"],
  [
    "json_number(x, d, quoted)",
    `CASE WHEN memory.postgres.json_plain(d) THEN x ->> '$'
      WHEN quoted IS NOT NULL AND NOT contains(CAST(d AS VARCHAR), '\\') AND len(string_split(CAST(d AS VARCHAR), quoted)) = 2
      THEN regexp_extract(string_split(CAST(d AS VARCHAR), quoted)[2], '^\\s*:\\s*(-?[0-9.eE+-]+)', 1)
      ELSE ${rewritten} END`,
  ],
  [
    "json_text(x, d, quoted)",
    `CASE json_type(x) WHEN 'DOUBLE' THEN memory.postgres.json_number(x, d, quoted)
      WHEN 'OBJECT' THEN CASE WHEN CAST(json(d) AS VARCHAR) = CAST(d AS VARCHAR) THEN CAST(x AS VARCHAR) ELSE ${rewritten} END
      WHEN 'ARRAY' THEN CASE WHEN CAST(json(d) AS VARCHAR) = CAST(d AS VARCHAR) THEN CAST(x AS VARCHAR) ELSE ${rewritten} END
      ELSE x ->> '$' END`,
  ],
  [
    "json_output(x, d, quoted)",
    "CASE WHEN json_type(x) IN ('VARCHAR', 'NULL') THEN CAST(x AS VARCHAR) ELSE memory.postgres.json_text(x, d, quoted) END",
  ],
  [
    "array_item_text(s)",
    `CASE WHEN s = '' OR lower(s) = 'null' OR regexp_matches(s, '[{},"\\\\ \\t\\n\\r\\v\\f]') THEN '"' || replace(replace(s, '\\', '\\\\'), '"', '\\"') || '"' ELSE s END`,
  ],
  [
    "jsonb_text(x, d, quoted)",
    `CASE json_type(x) WHEN 'DOUBLE' THEN CASE WHEN contains(lower(memory.postgres.json_number(x, d, quoted)), 'e') THEN ${rewritten} ELSE memory.postgres.json_number(x, d, quoted) END
      WHEN 'OBJECT' THEN ${containerText} WHEN 'ARRAY' THEN ${containerText} ELSE x ->> '$' END`,
  ],
  // jsonb as JSON in some form.
  [
    "jsonb_source(x, d, quoted)",
    `CASE json_type(x) WHEN 'DOUBLE' THEN memory.postgres.json_number(x, d, quoted)
      WHEN 'OBJECT' THEN CASE WHEN memory.postgres.json_plain(d) THEN CAST(x AS VARCHAR) ELSE ${rewritten} END
      WHEN 'ARRAY' THEN CASE WHEN memory.postgres.json_plain(d) THEN CAST(x AS VARCHAR) ELSE ${rewritten} END
      ELSE CAST(x AS VARCHAR) END`,
  ],
  [
    "jsonb_text_of(x, d, quoted)",
    `CASE json_type(x) WHEN 'VARCHAR' THEN CAST(json(x) AS VARCHAR) WHEN 'NULL' THEN 'null' ELSE memory.postgres.jsonb_text(x, d, quoted) END`,
  ],
  [
    "jsonb_number(x, d, quoted)",
    `CASE WHEN json_type(x) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN CAST(x AS VARCHAR) WHEN json_type(x) = 'DOUBLE' THEN memory.postgres.json_number(x, d, quoted)
      WHEN json_type(x) = 'NULL' THEN ${castOfNull} WHEN x IS NOT NULL THEN ${noScalar} END`,
  ],
  [
    "jsonb_boolean(x)",
    `CASE WHEN json_type(x) = 'BOOLEAN' THEN (x ->> '$') = 'true' WHEN json_type(x) = 'NULL' THEN ${castOfNull} WHEN x IS NOT NULL THEN ${noScalar} END`,
  ],
  [
    "number_digits(t)",
    `CASE WHEN contains(lower(t), 'e') THEN ${rewritten} WHEN contains(t, '.') THEN replace(rtrim(rtrim(t, '0'), '.'), '-0', CASE WHEN regexp_full_match(t, '-0(\\.0*)?') THEN '0' ELSE '-0' END) ELSE CASE WHEN t = '-0' THEN '0' ELSE t END END`,
  ],
  [
    "jsonb_same_number(x, d, quoted, sought)",
    `CASE WHEN json_type(x) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN CAST(x AS VARCHAR) = sought
      WHEN json_type(x) = 'DOUBLE' THEN memory.postgres.number_digits(memory.postgres.json_number(x, d, quoted)) = sought ELSE FALSE END`,
  ],
  ["json_within(t)", "trim(t[2:-2], e' \\t\\n\\r')"],
  [
    "json_listed(t)",
    "CASE WHEN json_type(t) = 'ARRAY' THEN memory.postgres.json_within(trim(t, e' \\t\\n\\r')) ELSE t END",
  ],
  // The last of like keys counts, so that one text behind the other is both objects in one.
  [
    "jsonb_joined(a, b)",
    `CASE WHEN a IS NULL OR b IS NULL THEN NULL
      WHEN json_type(a) = 'OBJECT' AND json_type(b) = 'OBJECT'
      THEN '{' || concat_ws(',', nullif(memory.postgres.json_within(trim(a, e' \\t\\n\\r')), ''), nullif(memory.postgres.json_within(trim(b, e' \\t\\n\\r')), '')) || '}'
      ELSE '[' || concat_ws(',', nullif(memory.postgres.json_listed(a), ''), nullif(memory.postgres.json_listed(b), '')) || ']' END`,
  ],
  [
    "jsonb_without(x, d, keys)",
    `CASE WHEN x IS NULL OR keys IS NULL OR keys[1] IS NULL THEN NULL WHEN json_type(x) <> 'OBJECT' THEN ${noMembers} WHEN NOT memory.postgres.json_plain(d) THEN ${rewritten}
      ELSE list_transform([{ 'names': json_keys(x), 'items': CAST(json_extract(x, '$.*') AS JSON[]) }], lambda o : '{' || coalesce(array_to_string(
        list_transform(list_filter(range(1, len(o['names']) + 1), lambda i : NOT list_contains(keys, o['names'][i])),
          lambda i : CAST(to_json(o['names'][i]) AS VARCHAR) || ':' || CAST(o['items'][i] AS VARCHAR)), ','), '') || '}')[1] END`,
  ],
  // Where the keys of jsonb stand among those that were written: by length and bytes, of like ones the last.
  [
    "jsonb_places(n)",
    `list_transform(list_sort(list_transform(list_filter(range(1, len(n) + 1), lambda i : NOT list_contains(n[i + 1:], n[i])), lambda i : { 'l': strlen(n[i]), 'k': n[i], 'i': i })), lambda e : e['i'])`,
  ],
  ["jsonb_names(n)", "list_transform(memory.postgres.jsonb_places(n), lambda place : n[place])"],
  ["jsonb_values(n, v)", "list_transform(memory.postgres.jsonb_places(n), lambda place : v[place])"],
  // A key or an index that is known row by row.
  [
    "json_member(d, k)",
    `CASE WHEN k = '' OR regexp_matches(k, '["\\\\*]') THEN ${strangeKey} WHEN k IS NOT NULL THEN memory.postgres.json_get(d, k, '$."' || k || '"', '"' || k || '"') END`,
  ],
  ["json_item(d, i)", "json_extract(d, CASE WHEN i < 0 THEN '$[#' || i || ']' ELSE '$[' || i || ']' END)"],
  [
    "json_kind(x)",
    "CASE json_type(x) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' WHEN 'BIGINT' THEN 'number' WHEN 'UBIGINT' THEN 'number' WHEN 'DOUBLE' THEN 'number' WHEN 'HUGEINT' THEN 'number' END",
  ],
  [
    "json_length(x)",
    `CASE WHEN json_type(x) = 'ARRAY' THEN json_array_length(x) WHEN x IS NOT NULL THEN ${noArray} END`,
  ],
  [
    "json_names(x)",
    `CASE json_type(x) WHEN 'OBJECT' THEN json_keys(x) WHEN 'VARCHAR' THEN [x ->> '$']
      WHEN 'ARRAY' THEN list_transform(list_filter(CAST(json_extract(x, '$[*]') AS JSON[]), lambda item : json_type(item) = 'VARCHAR'), lambda item : item ->> '$')
      ELSE CASE WHEN x IS NOT NULL THEN CAST([] AS VARCHAR[]) END END`,
  ],
  [
    "json_items(x)",
    `CASE WHEN json_type(x) = 'ARRAY' THEN CAST(json_extract(x, '$[*]') AS JSON[]) WHEN x IS NOT NULL THEN ${noArray} END`,
  ],
  [
    "json_object_names(x)",
    `CASE WHEN json_type(x) = 'OBJECT' THEN json_keys(x) WHEN x IS NOT NULL THEN ${noObject} END`,
  ],
  [
    "json_object_values(x)",
    `CASE WHEN json_type(x) = 'OBJECT' THEN CAST(json_extract(x, '$.*') AS JSON[]) WHEN x IS NOT NULL THEN ${noObject} END`,
  ],
  // Of a number without its sign, as text: which group of four digits its first one is in, and that group.
  [
    "numeric_weight(t)",
    `CASE WHEN regexp_matches(t, '^[1-9]') THEN (length(split_part(t, '.', 1)) - 1) // 4
      WHEN regexp_matches(t, '[1-9]') THEN -((length(regexp_extract(split_part(t, '.', 2), '^0*'))) // 4 + 1) ELSE 0 END`,
  ],
  [
    "numeric_group(t)",
    `CASE WHEN regexp_matches(t, '^[1-9]') THEN CAST(left(t, (length(split_part(t, '.', 1)) - 1) % 4 + 1) AS INTEGER)
      WHEN regexp_matches(t, '[1-9]') THEN CAST(left(rpad(substring(split_part(t, '.', 2), length(regexp_extract(split_part(t, '.', 2), '^0*')) // 4 * 4 + 1), 4, '0'), 4) AS INTEGER) ELSE 0 END`,
  ],
  // As select_div_scale of Postgres's numeric.c: at least 16 digits that count.
  [
    "quotient_scale(a, b)",
    `greatest(length(split_part(a, '.', 2)), length(split_part(b, '.', 2)),
      16 - 4 * (memory.postgres.numeric_weight(a) - memory.postgres.numeric_weight(b)
        - CASE WHEN memory.postgres.numeric_group(a) <= memory.postgres.numeric_group(b) THEN 1 ELSE 0 END))`,
  ],
  [
    "quotient_digits(a, b, scale)",
    `CASE WHEN length(replace(a, '.', '')) + scale + length(split_part(b, '.', 2)) - length(split_part(a, '.', 2)) > 37 THEN ${longQuotient}
      ELSE CAST(list_transform([{ 'a': CAST(replace(a, '.', '') || repeat('0', scale + length(split_part(b, '.', 2)) - length(split_part(a, '.', 2))) AS HUGEINT), 'b': CAST(replace(b, '.', '') AS HUGEINT) }],
        lambda q : (q['a'] * 2 + q['b']) // (q['b'] * 2))[1] AS VARCHAR) END`,
  ],
  [
    "quotient_text(a, b)",
    `CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN list_transform(list_transform(
        [{ 'a': CAST(abs(a) AS VARCHAR), 'b': CAST(abs(b) AS VARCHAR), 'sign': CASE WHEN (a < 0) <> (b < 0) THEN '-' ELSE '' END }],
        lambda q : { 'sign': q['sign'], 'scale': memory.postgres.quotient_scale(q['a'], q['b']),
          'digits': memory.postgres.quotient_digits(q['a'], q['b'], memory.postgres.quotient_scale(q['a'], q['b'])) }),
      lambda q : CASE WHEN regexp_matches(q['digits'], '[1-9]') THEN q['sign'] ELSE '' END
        || memory.postgres.pointed(CASE WHEN length(q['digits']) > q['scale'] THEN q['digits'] ELSE lpad(q['digits'], CAST(q['scale'] + 1 AS INTEGER), '0') END, q['scale']))[1] END`,
  ],
  [
    "pointed(digits, scale)",
    "CASE WHEN scale = 0 THEN digits ELSE left(digits, length(digits) - scale) || '.' || right(digits, scale) END",
  ],
  ["sin(x)", `CASE WHEN isinf(x) THEN ${outOfRange} ELSE sin(x) END`],
  ["cos(x)", `CASE WHEN isinf(x) THEN ${outOfRange} ELSE cos(x) END`],
  ["tan(x)", `CASE WHEN isinf(x) THEN ${outOfRange} ELSE tan(x) END`],
  ["asin(x)", `CASE WHEN abs(x) > 1 AND NOT isnan(x) THEN ${outOfRange} ELSE asin(x) END`],
  ["acos(x)", `CASE WHEN abs(x) > 1 AND NOT isnan(x) THEN ${outOfRange} ELSE acos(x) END`],
  [
    "chr(code)",
    `CASE WHEN code = 0 THEN ${nullCharacter} WHEN code < 0 OR code > 1114111 OR code BETWEEN 55296 AND 57343 THEN ${noCharacter} ELSE chr(code) END`,
  ],
  [
    "quote_literal(s)",
    "CASE WHEN contains(s, '\\') THEN 'E' ELSE '' END || '''' || replace(replace(s, '\\', '\\\\'), '''', '''''') || ''''",
  ],
  [
    "overlay(s, by_text, start, count)",
    `CASE WHEN start <= 0 AND s IS NOT NULL AND by_text IS NOT NULL AND count IS NOT NULL THEN ${negativeLength}
      ELSE substring(s, 1, start - 1) || by_text || substring(s, greatest(1, CAST(start AS BIGINT) + count)) END`,
  ],
  // A time within JSON: with a T, and minutes in its offset.
  [
    "json_time(t)",
    "'\"' || regexp_replace(regexp_replace(t, '^([^ ]*[0-9]) ', '\\1T'), '(T.*[+-][0-9]{2})( BC)?$', '\\1:00\\2') || '\"'",
  ],
  // A period without an end, or a beginning, begins with what there is of it.
  [
    "overlapping(a, b, c, d)",
    `list_transform([{ 's': least(a, b), 'e': CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN greatest(a, b) END, 'os': least(c, d), 'oe': CASE WHEN c IS NOT NULL AND d IS NOT NULL THEN greatest(c, d) END }], lambda p :
      CASE WHEN p['s'] IS NULL OR p['os'] IS NULL THEN NULL
      WHEN p['s'] > p['os'] THEN CASE WHEN p['oe'] IS NULL THEN NULL WHEN p['s'] < p['oe'] THEN TRUE WHEN p['e'] IS NOT NULL THEN FALSE END
      WHEN p['s'] < p['os'] THEN CASE WHEN p['e'] IS NULL THEN NULL WHEN p['os'] < p['e'] THEN TRUE WHEN p['oe'] IS NOT NULL THEN FALSE END
      WHEN p['e'] IS NOT NULL AND p['oe'] IS NOT NULL THEN TRUE END)[1]`,
  ],
  [
    "quote_ident(s, keywords)",
    `CASE WHEN regexp_full_match(s, '[a-z_][a-z0-9_]*') AND NOT list_contains(keywords, s) THEN s ELSE '"' || replace(s, '"', '""') || '"' END`,
  ],
  [
    "decimal_series(a, b, step)",
    `CASE WHEN a IS NULL OR b IS NULL OR step IS NULL THEN NULL WHEN step = 0 THEN ${noStep}
      ELSE list_transform(range(0, CAST(greatest(0, floor(CAST((b - a) / step AS DOUBLE) + 1e-9) + 1) AS BIGINT)), lambda i : a + i * step) END`,
  ],
  [
    "bits_number(s, count)",
    `CASE WHEN s IS NULL THEN NULL WHEN NOT regexp_full_match(s, '[xX][0-9a-fA-F]+') OR length(s) <> count + 1 THEN ${otherBits}
      ELSE list_transform([CAST(CAST('0x' || s[2:] AS UBIGINT) AS HUGEINT)], lambda n : CASE WHEN n >= CAST(2 ** (4 * count - 1) AS HUGEINT) THEN n - CAST(2 ** (4 * count) AS HUGEINT) ELSE n END)[1] END`,
  ],
  // Of the first list's numbers without those of the second, in two halves: each sum has more digits than a number may.
  ["halves_sum(l, factor)", "list_sum(list_transform(l, lambda n : n // factor))"],
  ["rests_sum(l, factor)", "list_sum(list_transform(l, lambda n : n % factor))"],
  [
    "symmetric_sum(one, other)",
    `(memory.postgres.halves_sum(one, CAST(18446744073709551616 AS HUGEINT)) - memory.postgres.halves_sum(other, CAST(18446744073709551616 AS HUGEINT))) * CAST(18446744073709551616 AS HUGEINT)
      + (memory.postgres.rests_sum(one, CAST(18446744073709551616 AS HUGEINT)) - memory.postgres.rests_sum(other, CAST(18446744073709551616 AS HUGEINT)))`,
  ],
  // 1st, 2nd, 3rd, 11th.
  [
    "ordinal(t)",
    `t || CASE WHEN regexp_matches(t, '1[0-9]$') THEN 'th' WHEN ends_with(t, '1') THEN 'st' WHEN ends_with(t, '2') THEN 'nd' WHEN ends_with(t, '3') THEN 'rd' ELSE 'th' END`,
  ],
  [
    "justified(months, days, micros)",
    `list_transform([{ 'months': months, 'days': days, 'micros': micros }], lambda j : memory.postgres.interval_of(j['months'],
      j['days'] + CASE WHEN j['days'] > 0 AND j['micros'] < 0 THEN -1 WHEN j['days'] < 0 AND j['micros'] > 0 THEN 1 ELSE 0 END,
      j['micros'] + CASE WHEN j['days'] > 0 AND j['micros'] < 0 THEN 86400000000 WHEN j['days'] < 0 AND j['micros'] > 0 THEN -86400000000 ELSE 0 END))[1]`,
  ],
  [
    "justify_hours(i)",
    `CASE WHEN i IS NOT NULL THEN memory.postgres.justified(memory.postgres.interval_months(i), memory.postgres.interval_days(i) + memory.postgres.interval_micros(i) // 86400000000,
      memory.postgres.interval_micros(i) % 86400000000) END`,
  ],
  [
    "justify_days(i)",
    `CASE WHEN i IS NOT NULL THEN list_transform([{ 'months': memory.postgres.interval_months(i) + memory.postgres.interval_days(i) // 30, 'days': memory.postgres.interval_days(i) % 30, 'i': i }],
      lambda j : memory.postgres.interval_of(
        j['months'] + CASE WHEN j['months'] > 0 AND j['days'] < 0 THEN -1 WHEN j['months'] < 0 AND j['days'] > 0 THEN 1 ELSE 0 END,
        j['days'] + CASE WHEN j['months'] > 0 AND j['days'] < 0 THEN 30 WHEN j['months'] < 0 AND j['days'] > 0 THEN -30 ELSE 0 END,
        memory.postgres.interval_micros(j['i'])))[1] END`,
  ],
  [
    "justify_interval(i)",
    `CASE WHEN i IS NOT NULL THEN list_transform(list_transform([{ 'months': memory.postgres.interval_months(i), 'days': memory.postgres.interval_days(i) + memory.postgres.interval_micros(i) // 86400000000, 'micros': memory.postgres.interval_micros(i) % 86400000000 }],
        lambda j : { 'months': j['months'] + j['days'] // 30, 'days': j['days'] % 30, 'micros': j['micros'] }),
      lambda j : memory.postgres.justified(
        j['months'] + CASE WHEN j['months'] > 0 AND (j['days'] < 0 OR (j['days'] = 0 AND j['micros'] < 0)) THEN -1 WHEN j['months'] < 0 AND (j['days'] > 0 OR (j['days'] = 0 AND j['micros'] > 0)) THEN 1 ELSE 0 END,
        j['days'] + CASE WHEN j['months'] > 0 AND (j['days'] < 0 OR (j['days'] = 0 AND j['micros'] < 0)) THEN 30 WHEN j['months'] < 0 AND (j['days'] > 0 OR (j['days'] = 0 AND j['micros'] > 0)) THEN -30 ELSE 0 END,
        j['micros']))[1] END`,
  ],
  // What is infinite has no microseconds, and goes the long way.
  ["utc_instant(t)", "coalesce(make_timestamptz(epoch_us(t)), CAST(t AS TIMESTAMP WITH TIME ZONE))"],
  ["utc_local(t)", "coalesce(make_timestamp(epoch_us(t)), CAST(t AS TIMESTAMP))"],
  [
    "began(t, year)",
    `CASE WHEN isinf(t) THEN t WHEN datepart('year', t) < 1 THEN ${beforeChrist} ELSE make_timestamp(CAST(year AS BIGINT), 1, 1, 0, 0, 0) END`,
  ],
];

function pad(name: string): string {
  return `CASE WHEN count <= 0 THEN CASE WHEN s IS NULL OR fill IS NULL THEN NULL ELSE '' END WHEN fill = '' THEN left(s, count) ELSE ${name}(s, count, fill) END`;
}

/**
 * What has to be run once in each DuckDB instance before translations run there: functions that one expression cannot
 * say, in the schema `postgres` of the database `memory`.
 */
export const macros: readonly string[] = [
  "CREATE SCHEMA IF NOT EXISTS memory.postgres",
  ...definitions.map(([head, body]) => `CREATE OR REPLACE MACRO memory.postgres.${head} AS ${body}`),
];
