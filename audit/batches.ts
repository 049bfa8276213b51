import { z } from "zod";
import type { Stream } from "../assets/definitions.ts";
import { type Check, onlyFound, outcome } from "./check.ts";
import { ofStream, streamName } from "./subjects.ts";

const countRow = z.object({ batches: z.coerce.number() });

/** A stream's batches and its ledger tell the same: each batch is recorded once, with the files that it fed. */
export function batchesCheck(stream: Stream): Check {
  return {
    name: "batches",
    subject: streamName(stream),
    run: async (look) => {
      const { batches } = await look.one(
        countRow,
        `SELECT count(*) AS batches FROM audit_batches WHERE ${ofStream(stream)}`,
      );
      const faults = [
        await look.fault("batch-repeated", repeatedSql(stream)),
        await look.fault("batch-ledger-differs", differingSql(stream)),
        await look.fault("ledger-batch-unknown", unknownSql(stream)),
      ];
      return outcome(batches, { faults: onlyFound(faults) });
    },
  };
}

function repeatedSql(stream: Stream): string {
  return `SELECT id AS name, count(*) || ' entries' AS detail FROM audit_batches WHERE ${ofStream(stream)}
    GROUP BY id HAVING count(*) > 1`;
}

// A batch that is recorded twice has a fault of its own.
function differingSql(stream: Stream): string {
  return `
    SELECT b.id AS name, concat(b.files, ' files, ', b.rows, ' rows, ', b.bytes, ' bytes in the batch; ', l.files,
      ' files, ', l.rows, ' rows, ', l.bytes, ' bytes in the ledger') AS detail
    FROM (SELECT id, any_value(files) AS files, any_value(rows) AS rows, any_value(bytes) AS bytes, any_value(epoch) AS epoch
      FROM audit_batches WHERE ${ofStream(stream)} GROUP BY id HAVING count(*) = 1) AS b
    LEFT JOIN (
      SELECT batch, count(*) AS files, sum(rows) AS rows, sum(size) AS bytes, min(epoch) AS first, max(epoch) AS last
      FROM audit_log WHERE ${ofStream(stream)} AND state = 'fed' GROUP BY batch) AS l ON l.batch = b.id
    WHERE (b.files, b.rows, b.bytes) <> (coalesce(l.files, 0), coalesce(l.rows, 0), coalesce(l.bytes, 0))
      OR l.first <> b.epoch OR l.last <> b.epoch`;
}

function unknownSql(stream: Stream): string {
  return `
    SELECT entry.key AS name, 'batch ' || coalesce(entry.batch, 'NULL') AS detail
    FROM (SELECT key, batch FROM audit_log WHERE ${ofStream(stream)} AND state = 'fed') AS entry
    ANTI JOIN (SELECT id FROM audit_batches WHERE ${ofStream(stream)}) AS b ON b.id = entry.batch`;
}
