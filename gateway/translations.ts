import type { PgNode } from "./analysis/tree.ts";
import type { ShadowTable } from "./shadow/shadow-table.ts";
import { translate } from "./translate/translate.ts";
import type { TranslateContext, Translation } from "./translate/translation.ts";

interface Kept {
  context: TranslateContext;
  /** What each table that it reads was read from. */
  sources: ReadonlyMap<ShadowTable, string>;
  translation: Translation;
}

/** Each statement's last translation, which holds while it would come out the same. */
export class Translations {
  readonly #kept = new WeakMap<PgNode, Kept>();

  /** As `translate` does. `context.source` is asked for each table that the statement reads, every time. */
  translate(query: PgNode, context: TranslateContext): Translation {
    const kept = this.#kept.get(query);
    if (kept && holds(kept, context)) return kept.translation;
    const sources = new Map<ShadowTable, string>();
    const source = (table: ShadowTable) => {
      const found = context.source(table);
      sources.set(table, found);
      return found;
    };
    const translation = translate(query, { ...context, source });
    this.#kept.set(query, { context, sources, translation });
    return translation;
  }
}

function holds({ context: before, sources }: Kept, context: TranslateContext): boolean {
  return (
    before.tables === context.tables &&
    before.timeZone === context.timeZone &&
    before.user === context.user &&
    before.database === context.database &&
    before.catalog === context.catalog &&
    before.parameters.length === context.parameters.length &&
    before.parameters.every((parameter, index) => parameter === context.parameters[index]) &&
    // All of them: one that is not in memory is asked for by that.
    [...sources].map(([table, found]) => context.source(table) === found).every(Boolean)
  );
}
