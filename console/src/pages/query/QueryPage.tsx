import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { tablesQuery } from "../../api/query.ts";
import { Failure } from "../../components/Feedback.tsx";
import { LotusMark } from "../../components/LotusMark.tsx";
import { remember } from "./history.ts";
import classes from "./QueryPage.module.css";
import { Result } from "./Result.tsx";
import { type EditorHandle, SqlEditor } from "./SqlEditor.tsx";
import { TableList } from "./TableList.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { useQuestion } from "./useQuestion.ts";
import { useSharedSql } from "./useSharedSql.ts";

const FIRST_LIMIT = 10_000;

/** Ask the lake: editor above, answer below, what can be asked for at the side. */
export default function QueryPage() {
  useDocumentTitle("Query · Lotus");
  const tables = useQuery(tablesQuery).data ?? [];
  const [sql, setSql] = useSharedSql();
  const [maxRows, setMaxRows] = useState(FIRST_LIMIT);
  const editor = useRef<EditorHandle>(null);
  const { state, run, cancel } = useQuestion();
  const ask = () => {
    if (sql.trim() === "") return;
    remember(sql);
    run({ sql, maxRows });
  };
  return (
    <div className={classes.page}>
      <h1 className="for-readers">Query</h1>
      <TableList tables={tables} onPick={(text) => editor.current?.insert(text)} />
      <div className={classes.work}>
        <section className={classes.editor} aria-label="SQL editor">
          <SqlEditor ref={editor} sql={sql} tables={tables} onChange={setSql} onRun={ask} />
          <Toolbar
            sql={sql}
            maxRows={maxRows}
            since={state.kind === "running" ? state.since : null}
            onMaxRows={setMaxRows}
            onRun={ask}
            onCancel={cancel}
            onRecall={(text) => editor.current?.replace(text)}
          />
        </section>
        <section className={classes.result} aria-label="Result" aria-busy={state.kind === "running"}>
          {state.kind === "failed" && <Failure error={state.error} />}
          {state.kind === "done" && (
            <Result key={state.number} result={state.result} question={state.question} />
          )}
          {(state.kind === "idle" || state.kind === "running") && (
            <Waiting running={state.kind === "running"} />
          )}
        </section>
      </div>
    </div>
  );
}

function Waiting({ running }: { running: boolean }) {
  return (
    <div className={classes.waiting} data-running={running || undefined}>
      <LotusMark size={44} />
      <span role="status">
        {running ? "The lake is asked" : "Write a SELECT and press Ctrl or ⌘ and Enter"}
      </span>
    </div>
  );
}
