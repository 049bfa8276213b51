import { LotusError } from "../../common/errors.ts";
import type { Session } from "../../lake/session.ts";
import { rowChanges } from "../../lake/snapshots.ts";
import { identifier } from "../../lake/sql.ts";
import type { Column, EnrichedModel } from "../definitions.ts";

/** The temporary table of the keys to redo. */
export const TOUCHED = "lotus_touched";

/**
 * Fills TOUCHED with every key that a changed upstream row leads to: inserts, deletes and both images of updates,
 * each once (two statements in one transaction can show an update twice, ducklake issue 1387).
 * @param changed upstream → the snapshot after which its changes count; `until` is the last that counts.
 */
export async function collectTouchedKeys(
  session: Session,
  model: EnrichedModel,
  output: readonly Column[],
  changed: ReadonlyMap<string, number>,
  until: number,
): Promise<void> {
  const types = keyTypes(model, output);
  const columns = types.map((type, index) => `${keyColumn(index)} ${type}`).join(", ");
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${TOUCHED} (${columns})`);
  const selects: string[] = [];
  for (const [upstream, since] of changed) {
    const feed = await rowChanges(session, { schema: "main", name: upstream }, since, until);
    if (feed === null) continue;
    const rule = model.upkeep.mode === "incremental" ? model.upkeep.upstreams[upstream] : undefined;
    for (const tuple of rule?.keys ?? []) {
      const expressions = tuple.map((expression, index) => keyValue(expression, types[index]));
      selects.push(`SELECT DISTINCT ${expressions.join(", ")} FROM ${feed}`);
    }
  }
  if (selects.length > 0) await session.execute(`INSERT INTO ${TOUCHED} ${selects.join(" UNION ")}`);
}

/** A condition: the values of these expressions are among the touched keys; NULL is a value like others. */
export function inTouched(expressions: readonly string[]): string {
  const equalities = expressions.map(
    (expression, index) => `lotus_k.${keyColumn(index)} IS NOT DISTINCT FROM (${expression})`,
  );
  // A subquery, unlike a table, has no `rowid` of its own that would hide a column of that name.
  return `EXISTS (SELECT 1 FROM (SELECT * FROM ${TOUCHED}) AS lotus_k WHERE ${equalities.join(" AND ")})`;
}

/** A key expression as a value of its key column; NULL where it cannot be one, and so equals no other key. */
export function keyValue(expression: string, type: string | undefined): string {
  return `TRY_CAST((${expression}\n) AS ${type})`;
}

/** The types of the columns by which the model is redone. */
export function keyTypes(model: EnrichedModel, output: readonly Column[]): string[] {
  return model.redoBy.map((name) => {
    const column = output.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (column) return column.type;
    throw new LotusError(
      "MODEL_FAILED",
      `${model.asset} (${model.file}): redo_by names ${name}, which the SELECT does not return. Correct the head.`,
    );
  });
}

function keyColumn(index: number): string {
  return identifier(`lotus_key_${index}`);
}
