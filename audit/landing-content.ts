import { z } from "zod";
import { findColumn } from "../assets/columns.ts";
import type { Column, Stream } from "../assets/definitions.ts";
import { readFilesSql } from "../assets/feeder/landing.ts";
import { type InspectedFile, inspectFiles } from "../assets/feeder/raw-files.ts";
import { firstLine } from "../lake/faults.ts";
import { identifiers, literal } from "../lake/sql.ts";
import { rawPrefix, readPlace } from "../sensors/raw-layout.ts";
import {
  type Check,
  CULPRITS,
  type Culprit,
  type Fault,
  nothingCompared,
  onlyFound,
  outcome,
} from "./check.ts";
import { listedSql } from "./landing-files.ts";
import type { Look } from "./look.ts";
import { whyLandingIsBroken } from "./objects.ts";
import { landingTable, ofStream, streamName } from "./subjects.ts";
import { isUnreadable } from "./unreadable.ts";

/** Files that are read directly at once. */
const CHUNK = 500;
/** The virtual column that says which file a row comes from. */
const FILE: Column = { name: "filename", type: "VARCHAR" };

const rowsRow = z.object({ rows: z.coerce.number() });
const fileRow = z.object({
  key: z.string(),
  etag: z.string(),
  path: z.string(),
  size: z.coerce.number(),
});

/**
 * Every file has as many rows in the landing table as the ledger says, and the same rows as the file itself: read
 * through the table and directly, each row's columns hashed, the hashes of each file summed up.
 */
export function landingContentCheck(stream: Stream): Check {
  const subject = streamName(stream);
  return {
    name: "landing rows",
    subject,
    run: async (look) => {
      const columns = await look.columns(landingTable(stream));
      if (columns === null) return outcome(0);
      if (findColumn(columns, FILE.name)) {
        return nothingCompared(
          subject,
          `its landing table has a column ${FILE.name}, which hides the files' names`,
        );
      }
      const broken = await whyLandingIsBroken(look, stream);
      if (broken !== null) return nothingCompared(subject, broken);
      const failure = await readThroughTable(look, stream, columns);
      const unreadable = await readDirectly(look, stream, columns);
      if (failure !== null && unreadable.length === 0) unreadable.push(failure);
      const faults: Fault[] = [
        { code: "landing-unreadable", count: unreadable.length, culprits: unreadable.slice(0, CULPRITS) },
        await look.fault("landing-content-differs", CONTENT_SQL),
      ];
      if (failure === null) {
        faults.push(await look.fault("landing-file-unknown", unknownRowsSql(stream)));
        faults.push(await look.fault("landing-rows-differ", rowsSql(stream)));
      }
      const { rows } = await look.one(rowsRow, "SELECT coalesce(sum(rows), 0) AS rows FROM audit_through");
      return outcome(rows, { faults: onlyFound(faults) });
    },
  };
}

function hashedSql(columns: readonly Column[]): string {
  return `filename, count(*) AS rows, sum(hash(${identifiers(columns.map((column) => column.name))})) AS hash`;
}

/** Fills `audit_through (filename, rows, hash)`; the answer says why the table cannot be read, if it cannot. */
async function readThroughTable(
  look: Look,
  stream: Stream,
  columns: readonly Column[],
): Promise<Culprit | null> {
  try {
    await look.run(
      `CREATE OR REPLACE TEMP TABLE audit_through AS
       SELECT ${hashedSql(columns)} FROM ${look.at(landingTable(stream))} GROUP BY filename`,
    );
    return null;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    await look.run(
      "CREATE OR REPLACE TEMP TABLE audit_through (filename VARCHAR, rows BIGINT, hash HUGEINT)",
    );
    return { name: stream.landing.table, detail: firstLine(error) };
  }
}

/** Fills `audit_direct (filename, rows, hash)` from the files themselves; the answer has those that cannot be read. */
async function readDirectly(look: Look, stream: Stream, columns: readonly Column[]): Promise<Culprit[]> {
  await look.run("CREATE OR REPLACE TEMP TABLE audit_direct (filename VARCHAR, rows BIGINT, hash HUGEINT)");
  const unreadable: Culprit[] = [];
  let after = "";
  for (;;) {
    const files = await nextFiles(look, stream, after);
    const last = files.at(-1);
    if (!last) return unreadable;
    after = last.path;
    const { inspected, rejected, vanished } = await inspectFiles(look.session, files);
    for (const file of rejected) unreadable.push({ name: pathOf(files, file.key), detail: file.reason });
    for (const file of vanished)
      unreadable.push({ name: pathOf(files, file.key), detail: "gone, or of another size" });
    // Files of equal columns together: a union of unlike ones could need types that some values do not fit.
    const groups = new Map<readonly Column[], InspectedFile[]>();
    for (const file of inspected) groups.set(file.columns, [...(groups.get(file.columns) ?? []), file]);
    for (const group of groups.values()) await readGroup(look, group, columns, unreadable);
  }
}

async function readGroup(
  look: Look,
  group: readonly InspectedFile[],
  columns: readonly Column[],
  unreadable: Culprit[],
): Promise<void> {
  const named = group.map((file) => ({ ...file, columns: [...file.columns, FILE] }));
  try {
    await look.run(
      `INSERT INTO audit_direct SELECT ${hashedSql(columns)}
       FROM (${readFilesSql(named, [...columns, FILE])}) GROUP BY filename`,
    );
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const [file] = group;
    if (group.length === 1 && file) unreadable.push({ name: file.path, detail: firstLine(error) });
    else for (const single of group) await readGroup(look, [single], columns, unreadable);
  }
}

/** The next of the files that the ledger and the landing table agree on. */
async function nextFiles(look: Look, stream: Stream, after: string) {
  const rows = await look.query(
    fileRow,
    `SELECT entry.key, entry.etag, listed.path, listed.size
     FROM (SELECT DISTINCT path, size FROM (${listedSql(stream)})) AS listed
     JOIN audit_ledger AS entry ON entry.registered_path = listed.path
     WHERE ${ofStream(stream)} AND entry.state = 'fed' AND listed.path > ${literal(after)}
     ORDER BY listed.path LIMIT ${literal(CHUNK)}`,
  );
  const prefix = rawPrefix(stream.source, stream.stream);
  return rows.flatMap((row) => {
    const place = readPlace(prefix, row.key);
    return "reason" in place ? [] : [{ ...row, place }];
  });
}

function pathOf(files: readonly { key: string; path: string }[], wanted: string): string {
  return files.find((file) => file.key === wanted)?.path ?? wanted;
}

// Rows that were inserted lie in a file of their own, which the catalog lists, or in the catalog itself.
function unknownRowsSql(stream: Stream): string {
  return `SELECT t.filename AS name, t.rows || ' rows' AS detail FROM audit_through AS t
    ANTI JOIN (${listedSql(stream)}) AS listed ON listed.path = t.filename`;
}

function rowsSql(stream: Stream): string {
  return `
    SELECT entry.registered_path AS name, coalesce(t.rows, 0) || ' in the table, ' || entry.rows || ' in the ledger' AS detail
    FROM audit_ledger AS entry
    JOIN (SELECT path FROM (${listedSql(stream)}) GROUP BY path HAVING count(*) = 1) AS listed
      ON listed.path = entry.registered_path
    LEFT JOIN audit_through AS t ON t.filename = entry.registered_path
    WHERE ${ofStream(stream)} AND entry.state = 'fed' AND coalesce(t.rows, 0) <> entry.rows`;
}

// Where the numbers differ, too, another fault says so.
const CONTENT_SQL = `
  SELECT t.filename AS name, NULL AS detail FROM audit_through AS t JOIN audit_direct AS d USING (filename)
  WHERE t.rows = d.rows AND t.hash <> d.hash`;
