import { z } from "zod";
import type { Stream } from "../assets/definitions.ts";
import { literal } from "../lake/sql.ts";
import { type Check, onlyFound, outcome } from "./check.ts";
import { landingTable, ofStream, streamName } from "./subjects.ts";

const countRow = z.object({ files: z.coerce.number() });

/**
 * The files of a landing table, by the catalog, are those that the ledger has as fed, each once; and no file belongs
 * to two tables.
 */
export function landingFilesCheck(stream: Stream): Check {
  return {
    name: "landing files",
    subject: streamName(stream),
    run: async (look) => {
      const { files } = await look.one(countRow, `SELECT count(*) AS files FROM (${listedSql(stream)})`);
      const faults = [
        await look.fault("landing-file-unknown", unknownSql(stream)),
        await look.fault("landing-file-missing", missingSql(stream)),
        await look.fault("landing-file-twice", twiceSql(stream)),
      ];
      return outcome(files, { faults: onlyFound(faults) });
    },
  };
}

/** Data files of the landing table: `path`, `size`, `key`. */
export function listedSql(stream: Stream): string {
  const { schema, name } = landingTable(stream);
  return `SELECT path, size, key FROM audit_files WHERE kind = 'data'
    AND schema_name = ${literal(schema)} AND table_name = ${literal(name)}`;
}

function unknownSql(stream: Stream): string {
  return `
    SELECT listed.path AS name, 'the ledger says ' || any_value(entry.state) AS detail
    FROM (${listedSql(stream)}) AS listed
    LEFT JOIN (SELECT * FROM audit_ledger WHERE ${ofStream(stream)}) AS entry ON entry.registered_path = listed.path
    GROUP BY listed.path HAVING count(*) FILTER (entry.state = 'fed') = 0`;
}

// DuckLake takes a file without rows for no file.
function missingSql(stream: Stream): string {
  return `
    SELECT coalesce(fed.registered_path, fed.key) AS name, NULL AS detail
    FROM (SELECT * FROM audit_ledger WHERE ${ofStream(stream)} AND state = 'fed' AND rows > 0) AS fed
    ANTI JOIN (${listedSql(stream)}) AS listed ON listed.path = fed.registered_path`;
}

function twiceSql(stream: Stream): string {
  return `
    SELECT path AS name, 'in ' || string_agg(DISTINCT schema_name || '.' || table_name, ' and ') AS detail
    FROM audit_files WHERE kind = 'data' AND path IN (SELECT path FROM (${listedSql(stream)}))
    GROUP BY path HAVING count(*) > 1`;
}
