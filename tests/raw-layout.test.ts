import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  comparePlaces,
  dayOf,
  isIgnored,
  listingStart,
  rawPrefix,
  readPlace,
} from "../sensors/raw-layout.ts";

const PREFIX = rawPrefix("shopify", "orders");

test("the prefix closes the stream's name, so that no other stream's files are under it", () => {
  expect(PREFIX).toBe("raw/shopify/orders/");
  expect("raw/shopify/orders_archive/year=2026/x.parquet".startsWith(PREFIX)).toBe(false);
});

describe("a place is read from a key", () => {
  test.each([
    ["year=2026/month=01/day=09/a.parquet", { year: 2026, month: 1, day: 9, file: "a.parquet" }],
    ["year=2026/month=1/day=9/a.parquet", { year: 2026, month: 1, day: 9, file: "a.parquet" }],
    ["year=2024/month=02/day=29/a.parquet", { year: 2024, month: 2, day: 29, file: "a.parquet" }],
    ["year=2026/month=01/day=09/x/y=z/a.parquet", { year: 2026, month: 1, day: 9, file: "x/y=z/a.parquet" }],
    ["year=2026/month=01/day=09//a.parquet", { year: 2026, month: 1, day: 9, file: "/a.parquet" }],
    ["year=2026/month=01/day=09/\n/a.parquet", { year: 2026, month: 1, day: 9, file: "\n/a.parquet" }],
    [
      "year=2026/month=12/day=31/a=b c%2F'?\n🦆.parquet",
      { year: 2026, month: 12, day: 31, file: "a=b c%2F'?\n🦆.parquet" },
    ],
  ])("%s", (path, place) => {
    expect(readPlace(PREFIX, PREFIX + path)).toEqual(place);
  });

  test.each([
    ["a.parquet", /outside the layout raw\/shopify\/orders\/year=YYYY/],
    ["year=2026/month=01/a.parquet", /outside the layout/],
    ["year=2026/month=01/day=01/deeper/a.csv", /not a Parquet file by its name/],
    ["year=2026/month=01/day=01/a.parquet/", /not a Parquet file by its name/],
    ["year=2026/month=01/day=01/a\u2400.parquet", /holds bytes that are no text/],
    ["year=2026/month=01/day=01/", /outside the layout/],
    ["year=26/month=01/day=01/a.parquet", /outside the layout/],
    ["Year=2026/month=01/day=01/a.parquet", /outside the layout/],
    ["year=2026/day=01/month=01/a.parquet", /outside the layout/],
    ["year=2026/month=001/day=01/a.parquet", /outside the layout/],
    ["x/year=2026/month=01/day=01/a.parquet", /outside the layout/],
    ["year=2026/month=13/day=01/a.parquet", /no day of the calendar: 2026-13-1/],
    ["year=2026/month=00/day=01/a.parquet", /no day of the calendar/],
    ["year=2026/month=02/day=29/a.parquet", /no day of the calendar/],
    ["year=2026/month=01/day=00/a.parquet", /no day of the calendar/],
    ["year=2026/month=01/day=01/SUCCESS", /not a Parquet file by its name/],
    ["year=2026/month=01/day=01/a.parquet.tmp", /not a Parquet file by its name/],
    ["year=2026/month=01/day=01/a.PARQUET", /not a Parquet file by its name/],
  ])("or the reason why there is none: %s", (path, reason) => {
    expect(readPlace(PREFIX, PREFIX + path)).toEqual({ reason: expect.stringMatching(reason) });
  });
});

test.each([
  ["year=2026/month=01/day=01/_SUCCESS", true],
  ["year=2026/month=01/day=01/_temporary/0/a.parquet", true],
  ["year=2026/month=01/day=01/.a.parquet.crc", true],
  ["year=2026/month=01/day=01/x/.hidden/a.parquet", true],
  ["_delta_log/0.json", true],
  ["year=2026/month=01/day=01/a_b.parquet", false],
  ["year=2026/month=01/day=01/a._b", false],
  ["x/year=2026/month=01/day=01/a.parquet", false],
])("names that begin with _ or . are a writer's own: %s %s", (path, ignored) => {
  expect(isIgnored(PREFIX, PREFIX + path)).toBe(ignored);
});

const day = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
const padded = fc.boolean();

function keyOf(date: Date, pad: boolean, file = "a.parquet"): string {
  const part = (value: number) => String(value).padStart(pad ? 2 : 1, "0");
  return `${PREFIX}year=${date.getUTCFullYear()}/month=${part(date.getUTCMonth() + 1)}/day=${part(date.getUTCDate())}/${file}`;
}

test("days as text sort as places do", () => {
  fc.assert(
    fc.property(day, day, (left, right) => {
      const [a, b] = [left, right].map((date) => readPlace(PREFIX, keyOf(date, true)));
      if (!a || !b || "reason" in a || "reason" in b) throw new Error("not read");
      const byText = dayOf(a) < dayOf(b) ? -1 : dayOf(a) > dayOf(b) ? 1 : 0;
      expect(Math.sign(comparePlaces(a, b))).toBe(byText);
    }),
  );
});

describe("where a listing starts", () => {
  test("at the cursor's day less the look-back, over ends of months, years and leap days", () => {
    expect(listingStart(PREFIX, keyOf(new Date("2026-03-01"), true), 2)).toBe(
      `${PREFIX}year=2026/month=02/day=27/`,
    );
    expect(listingStart(PREFIX, keyOf(new Date("2024-03-01"), true), 1)).toBe(
      `${PREFIX}year=2024/month=02/day=29/`,
    );
    expect(listingStart(PREFIX, keyOf(new Date("2026-01-01"), true), 2)).toBe(
      `${PREFIX}year=2025/month=12/day=30/`,
    );
    expect(listingStart(PREFIX, keyOf(new Date("2026-01-01"), true), 0)).toBe(
      `${PREFIX}year=2026/month=01/day=01/`,
    );
  });

  test("at the beginning when the cursor is no raw file's key", () => {
    expect(listingStart(PREFIX, `${PREFIX}loose.parquet`, 2)).toBeNull();
  });

  test("no file of a day from there on sorts before it, with padded folders or without", () => {
    fc.assert(
      fc.property(
        day,
        fc.nat(60),
        fc.nat(90),
        padded,
        padded,
        (cursor, lookback, ahead, padCursor, padFile) => {
          const start = listingStart(PREFIX, keyOf(cursor, padCursor), lookback);
          const later = new Date(cursor.getTime() + (ahead - lookback) * 86_400_000);
          expect(keyOf(later, padFile, "!.parquet") > (start as string)).toBe(true);
        },
      ),
    );
  });

  test("with padded folders, no file of an earlier day sorts after it", () => {
    fc.assert(
      fc.property(day, fc.nat(60), fc.integer({ min: 1, max: 90 }), (cursor, lookback, before) => {
        const start = listingStart(PREFIX, keyOf(cursor, true), lookback);
        const earlier = new Date(cursor.getTime() - (lookback + before) * 86_400_000);
        expect(keyOf(earlier, true, "~.parquet") < (start as string)).toBe(true);
      }),
    );
  });
});
