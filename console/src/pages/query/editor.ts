import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, type SQLNamespace, sql as sqlLanguage } from "@codemirror/lang-sql";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import type { LakeTable } from "../../api/types.ts";
import { sqlColours } from "../../components/sql-colours.ts";

/** Where the lake's tables are put once they are known. */
export const schemaSlot = new Compartment();

/** Completion of the lake's tables and columns; those of `main` need no schema before them. */
export function completionOf(tables: LakeTable[]) {
  const schema: Record<string, Record<string, SQLNamespace>> = {};
  for (const { schema: name, name: table, columns } of tables) {
    schema[name] ??= {};
    (schema[name] as Record<string, SQLNamespace>)[table] = columns.map((column) => ({
      label: column.name,
      detail: column.type,
      type: "property",
      ...(column.description ? { info: column.description } : {}),
    }));
  }
  // DuckDB speaks PostgreSQL's dialect, near enough for names and keywords.
  return sqlLanguage({ dialect: PostgreSQL, schema, defaultSchema: "main", upperCaseKeywords: true });
}

interface Options {
  parent: HTMLElement;
  sql: string;
  onChange: (sql: string) => void;
  onRun: () => void;
}

export function editorOf({ parent, sql, onChange, onRun }: Options): EditorView {
  const run = () => {
    onRun();
    return true;
  };
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: sql,
      extensions: [
        // Before the defaults, which would put a line in.
        keymap.of([{ key: "Mod-Enter", run }]),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        history(),
        lineNumbers(),
        drawSelection(),
        highlightActiveLine(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        syntaxHighlighting(sqlColours),
        schemaSlot.of(completionOf([])),
        placeholder("SELECT ... FROM fct_..."),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "SQL. Escape, then Tab, leaves the editor." }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) onChange(state.doc.toString());
        }),
        look,
      ],
    }),
  });
}

const look = EditorView.theme({
  "&": { fontSize: "13px", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--petal)" },
  ".cm-gutters": { backgroundColor: "transparent", border: "none", color: "var(--ink-soft)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--petal) 4%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--petal)", borderLeftWidth: "2px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--petal) 22%, transparent)",
  },
  ".cm-placeholder": { color: "var(--ink-soft)" },
  ".cm-tooltip": {
    border: "1px solid var(--line)",
    borderRadius: "8px",
    overflow: "hidden",
    backgroundColor: "var(--surface)",
    boxShadow: "var(--shadow)",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12.5px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--petal)",
    backgroundColor: "var(--petal-soft)",
  },
  ".cm-completionDetail": { color: "var(--ink-soft)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-matchingBracket": { outline: "1px solid var(--line-strong)" },
});
