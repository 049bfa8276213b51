import { z } from "zod";
import type { Stream } from "../assets/definitions.ts";
import { comparePlaces, rawPrefix, readPlace } from "../sensors/raw-layout.ts";
import { type Check, outcome } from "./check.ts";
import { ofStream, streamName } from "./subjects.ts";

const cursorRow = z.object({ cursor_path: z.string() });
const keyRow = z.object({ key: z.string() });

/** A stream's cursor is the furthest file that was ever fed, in feeding order. */
export function cursorCheck(stream: Stream): Check {
  const subject = streamName(stream);
  return {
    name: "cursor",
    subject,
    run: async (look) => {
      const [cursor] = await look.query(cursorRow, cursorSql(stream));
      const candidates = await look.query(keyRow, lastDaySql(stream));
      const furthest = furthestKey(stream, candidates);
      const wanted = furthest === null ? null : look.store.url(furthest);
      const actual = cursor?.cursor_path ?? null;
      if (actual === wanted) return outcome(candidates.length);
      const culprits = [
        { name: subject, detail: `it is ${actual ?? "not set"}, and not ${wanted ?? "unset"}` },
      ];
      return outcome(candidates.length, { faults: [{ code: "cursor-differs", count: 1, culprits }] });
    },
  };
}

// What meta.feeder_cursors says, by another way.
function cursorSql(stream: Stream): string {
  return `
    SELECT cursor_path FROM audit_batches JOIN (
      SELECT max(epoch) AS epoch FROM audit_batches WHERE ${ofStream(stream)} AND cursor_path IS NOT NULL) USING (epoch)
    WHERE ${ofStream(stream)} AND cursor_path IS NOT NULL LIMIT 1`;
}

// File names are compared with numbers as numbers, which SQL cannot: the last day's only.
function lastDaySql(stream: Stream): string {
  return `
    WITH fed AS (
      SELECT DISTINCT key, regexp_extract(key, '/year=(\\d+)/month=(\\d+)/day=(\\d+)/', ['y', 'm', 'd']) AS day
      FROM audit_log WHERE ${ofStream(stream)} AND state = 'fed'
    ), dated AS (SELECT key, [TRY_CAST(day.y AS INTEGER), TRY_CAST(day.m AS INTEGER), TRY_CAST(day.d AS INTEGER)] AS day FROM fed)
    SELECT key FROM dated WHERE day = (SELECT max(day) FROM dated)`;
}

function furthestKey(stream: Stream, candidates: readonly z.infer<typeof keyRow>[]): string | null {
  const prefix = rawPrefix(stream.source, stream.stream);
  const placed = candidates.flatMap(({ key }) => {
    const place = readPlace(prefix, key);
    return "reason" in place ? [] : [{ key, place }];
  });
  placed.sort((left, right) => comparePlaces(right.place, left.place));
  return placed[0]?.key ?? null;
}
