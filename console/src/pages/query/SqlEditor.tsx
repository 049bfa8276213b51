import type { EditorView } from "@codemirror/view";
import { useImperativeHandle, useLayoutEffect, useRef } from "react";
import type { LakeTable } from "../../api/types.ts";
import { completionOf, editorOf, schemaSlot } from "./editor.ts";
import classes from "./SqlEditor.module.css";

export interface EditorHandle {
  insert: (text: string) => void;
  replace: (text: string) => void;
}

interface Props {
  ref: React.Ref<EditorHandle>;
  sql: string;
  tables: LakeTable[];
  onChange: (sql: string) => void;
  onRun: () => void;
}

/** CodeMirror in a React skin. */
export function SqlEditor({ ref, sql, tables, onChange, onRun }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const calls = useRef({ onChange, onRun });
  calls.current = { onChange, onRun };

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; what changes afterwards is handed in below
  useLayoutEffect(() => {
    const made = editorOf({
      parent: host.current as HTMLElement,
      sql,
      onChange: (text) => calls.current.onChange(text),
      onRun: () => calls.current.onRun(),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useLayoutEffect(() => {
    view.current?.dispatch({ effects: schemaSlot.reconfigure(completionOf(tables)) });
  }, [tables]);

  // A shared address was opened in this very tab.
  useLayoutEffect(() => {
    if (view.current && view.current.state.doc.toString() !== sql) replaceAll(view.current, sql);
  }, [sql]);

  useImperativeHandle(ref, () => ({
    insert: (text) => {
      if (!view.current) return;
      view.current.dispatch(view.current.state.replaceSelection(text));
      view.current.focus();
    },
    replace: (text) => {
      if (!view.current) return;
      replaceAll(view.current, text);
      view.current.focus();
    },
  }));

  return <div ref={host} className={classes.host} />;
}

function replaceAll(view: EditorView, text: string): void {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}
