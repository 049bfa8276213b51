import { z } from "zod";
import type { Project } from "../assets/definitions.ts";
import { literal } from "../lake/sql.ts";
import { type Check, onlyFound, outcome } from "./check.ts";
import type { Look } from "./look.ts";
import { knownPathsSql } from "./look-tables.ts";
import { ofStream } from "./subjects.ts";

const countRow = z.object({ files: z.coerce.number() });

/**
 * Every live data file and delete file of every table is in S3, of the size that the catalog says; and what lies under
 * the lake's data path and belongs to nothing is younger than `orphanAgeMs`, so that it may be a commit under way.
 */
export function lakeFilesCheck(project: Project, orphanAgeMs: number): Check {
  return {
    name: "lake files",
    subject: null,
    run: async (look) => {
      const { files } = await look.one(countRow, "SELECT count(*) AS files FROM audit_files");
      await look.run(`CREATE OR REPLACE TEMP TABLE audit_known AS ${knownPathsSql()}`);
      const faults = [
        await look.fault("lake-file-missing", missingSql(project)),
        await look.fault("lake-file-size", sizeSql()),
        await look.fault("orphan", orphanSql(look, orphanAgeMs)),
      ];
      return outcome(files, { faults: onlyFound(faults) });
    },
  };
}

// What streams were fed with, and lost, their own check reports.
function missingSql({ streams }: Project): string {
  const audited = streams.map((stream) => `(${ofStream(stream)})`).join(" OR ") || "FALSE";
  return `
    SELECT f.path AS name, f.schema_name || '.' || f.table_name AS detail
    FROM audit_files AS f
    ANTI JOIN audit_objects AS o ON o.key = f.key
    ANTI JOIN (SELECT registered_path FROM audit_ledger WHERE state = 'fed' AND (${audited})) AS fed ON fed.registered_path = f.path`;
}

// One that was overwritten since it was fed is another finding.
function sizeSql(): string {
  return `
    SELECT f.path AS name, concat(f.schema_name, '.', f.table_name, ': ', o.size, ' bytes in S3, ', f.size, ' in the catalog') AS detail
    FROM audit_files AS f JOIN audit_objects AS o USING (key)
    WHERE f.size <> o.size AND NOT EXISTS (
      SELECT 1 FROM audit_ledger AS fed WHERE fed.key = f.key AND fed.state = 'fed' AND fed.etag <> o.etag)`;
}

function orphanSql(look: Look, orphanAgeMs: number): string {
  const bucket = look.store.url("");
  return `
    SELECT ${literal(bucket)} || o.key AS name,
      concat(o.size, ' bytes, of ', strftime(o.modified AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M UTC')) AS detail
    FROM (SELECT * FROM audit_objects WHERE starts_with(key, 'lakehouse/')
      AND modified < now() - to_milliseconds(${literal(orphanAgeMs)})) AS o
    ANTI JOIN audit_known AS known ON known.path = ${literal(bucket)} || o.key`;
}
