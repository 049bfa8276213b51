import { z } from "zod";
import type { Stream } from "../assets/definitions.ts";
import { literal } from "../lake/sql.ts";
import { rawPrefix } from "../sensors/raw-layout.ts";
import { type Check, onlyFound, outcome } from "./check.ts";
import type { Look } from "./look.ts";
import { ofStream, streamName } from "./subjects.ts";

const countsRow = z.object({
  objects: z.coerce.number(),
  waiting: z.coerce.number(),
});
const brokenRow = z.object({ broken: z.coerce.number() });

/**
 * Every object under a stream's prefix was fed as it is, is set aside with a reason, or waits; and what landing reads
 * is still there. An object waits when nothing is known of its key, or of its etag under a key that was never fed:
 * the sensor sees it so, whatever it then makes of it.
 */
export function objectsCheck(stream: Stream): Check {
  const subject = streamName(stream);
  return {
    name: "objects",
    subject,
    run: async (look) => {
      await look.run(`CREATE OR REPLACE TEMP TABLE audit_standing AS ${standingSql(stream)}`);
      const counts = await look.one(
        countsRow,
        `SELECT count(*) AS objects, count(*) FILTER (standing = 'waiting') AS waiting FROM audit_standing`,
      );
      const faults = [
        await look.fault("object-missing", missingSql(stream)),
        await look.fault("object-overwritten", overwrittenSql(stream)),
        await look.fault("object-fed-twice", fedTwiceSql(stream)),
        await look.fault("set-aside-without-reason", WITHOUT_REASON_SQL),
      ];
      const message = `${counts.waiting} objects wait to be fed or set aside`;
      return outcome(counts.objects, {
        faults: onlyFound(faults),
        notes: counts.waiting > 0 ? [{ subject, message }] : [],
      });
    },
  };
}

/** Why nothing can be said of the rows of a stream's landing table, or null: files that it reads are gone or changed. */
export async function whyLandingIsBroken(look: Look, stream: Stream): Promise<string | null> {
  const { broken } = await look.one(
    brokenRow,
    `SELECT count(*) AS broken FROM (${missingSql(stream)} UNION ALL ${changedSql(stream)})`,
  );
  return broken === 0 ? null : `${broken} files that its landing table reads are gone or were overwritten`;
}

function standingSql(stream: Stream): string {
  return `
    SELECT o.key, o.etag, fed.etag AS fed_etag, aside.reason,
      CASE WHEN o.etag = fed.etag THEN 'fed'
        WHEN o.etag = aside.etag AND aside.state IN ('waiting', 'dropped') THEN aside.state || ' in quarantine'
        WHEN fed.key IS NOT NULL THEN 'overwritten'
        ELSE 'waiting' END AS standing
    FROM audit_objects AS o
    LEFT JOIN (SELECT * FROM audit_ledger WHERE ${ofStream(stream)}) AS fed ON fed.key = o.key
    LEFT JOIN (SELECT * FROM audit_quarantine WHERE ${ofStream(stream)}) AS aside ON aside.key = o.key
    WHERE starts_with(o.key, ${literal(rawPrefix(stream.source, stream.stream))})`;
}

// A file without rows is in no table.
function missingSql(stream: Stream): string {
  return `
    SELECT fed.registered_path AS name, CASE WHEN fed.registered_key <> fed.key THEN 'the copy of ' || fed.key END AS detail
    FROM (SELECT * FROM audit_ledger WHERE ${ofStream(stream)} AND state = 'fed' AND rows > 0) AS fed
    ANTI JOIN audit_objects AS o ON o.key = fed.registered_key`;
}

function changedSql(stream: Stream): string {
  return `
    SELECT fed.key AS name, NULL AS detail
    FROM audit_ledger AS fed JOIN audit_objects AS o ON o.key = fed.registered_key
    WHERE ${ofStream(stream)} AND fed.state = 'fed' AND fed.rows > 0 AND fed.registered_key = fed.key AND fed.etag <> o.etag`;
}

// An object that is set aside in its new form has not left landing in its old one.
function overwrittenSql(stream: Stream): string {
  return `
    SELECT key AS name, 'etag ' || etag || ' in S3, ' || fed_etag || ' in the ledger' AS detail
    FROM audit_standing WHERE standing = 'overwritten' OR key IN (SELECT name FROM (${changedSql(stream)}))`;
}

const WITHOUT_REASON_SQL = `
  SELECT key AS name, NULL AS detail FROM audit_standing
  WHERE standing = 'waiting in quarantine' AND trim(coalesce(reason, '')) = ''`;

// Another etag between two equal ones: it was overwritten, and overwritten back. What retention had removed comes in
// again where a backfill asks for it, under another path.
function fedTwiceSql(stream: Stream): string {
  return `
    SELECT key AS name, 'in batches ' || min(before_batch) || ' and ' || max(batch) AS detail
    FROM (
      SELECT key, etag, state, batch, epoch,
        lag(etag) OVER entries AS before_etag, lag(state) OVER entries AS before_state,
        lag(batch) OVER entries AS before_batch, lag(epoch) OVER entries AS before_epoch,
        registered_path <> lag(registered_path) OVER entries AND before_state = 'removed' AS again
      FROM audit_log WHERE ${ofStream(stream)}
      WINDOW entries AS (PARTITION BY key ORDER BY epoch, state = 'fed'))
    WHERE state = 'fed' AND NOT coalesce(again, FALSE)
      AND (before_etag = etag OR before_epoch = epoch AND before_state = 'fed')
    GROUP BY key`;
}
