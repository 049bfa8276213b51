import { messageOf } from "../common/errors.ts";
import type { Session } from "../lake/session.ts";
import { qualified } from "../lake/sql.ts";
import { parseSelect, referencedTables } from "./parse-tree.ts";

/** A view of the lake, seen through to the tables that it reads. */
export interface View {
  name: string;
  sql: string;
  /** Views that it reads, by their key in the map. */
  views: string[];
  /** Other names that it reads, lower case: assets of schema `main`, if all is well. */
  tables: string[];
  /** Why it cannot be read through; null when it can. */
  problem: string | null;
}

/** The lake's views by their names in lower case; `definitions` maps a view of schema `main` to its SELECT. */
export async function readViews(
  scratch: Session,
  definitions: Readonly<Record<string, string>>,
): Promise<Map<string, View>> {
  const names = new Set(Object.keys(definitions).map((name) => name.toLowerCase()));
  const views = new Map<string, View>();
  for (const [name, sql] of Object.entries(definitions)) {
    const view: View = { name, sql, views: [], tables: [], problem: null };
    views.set(name.toLowerCase(), view);
    try {
      for (const table of referencedTables(await parseSelect(scratch, sql))) {
        const inMain = (table.catalog ?? "lakehouse") === "lakehouse" && (table.schema ?? "main") === "main";
        const key = table.name.toLowerCase();
        if (!inMain) view.problem = `it reads ${table.schema}.${table.name}`;
        else if (names.has(key) && key !== name.toLowerCase()) view.views.push(key);
        else view.tables.push(key);
      }
    } catch (error) {
      view.problem = messageOf(error);
    }
  }
  return views;
}

/** A view and all that it reads through, innermost first, so that they can be created in that order. */
export function viewsBehind(views: ReadonlyMap<string, View>, key: string): View[] {
  const found = new Set<View>();
  const visit = (name: string, path: readonly string[]) => {
    const view = views.get(name);
    // Views cannot be created in a circle; one that was described so is left to fail when it is bound.
    if (!view || found.has(view) || path.includes(name)) return;
    for (const inner of view.views) visit(inner, [...path, name]);
    found.add(view);
  };
  visit(key, []);
  return [...found];
}

/** Creates a view in the scratch lake unless it is there. @throws LotusError when it cannot be bound. */
export async function createScratchView(scratch: Session, view: View): Promise<void> {
  await scratch.execute(
    `CREATE VIEW IF NOT EXISTS ${qualified("lakehouse", "main", view.name)} AS ${view.sql}`,
  );
}
