import { lazy, Suspense } from "react";
import { CopyText } from "./CopyText.tsx";
import { Loading } from "./Feedback.tsx";
import { Panel } from "./Panel.tsx";

const SqlText = lazy(() => import("./SqlText.tsx"));

/** SQL on a page: its grammar is loaded when it is first needed. */
export function SqlPanel({ title, sql }: { title: string; sql: string }) {
  return (
    <Panel title={title} flush aside={<CopyText text={sql} what={title} />}>
      <Suspense fallback={<Loading rows={8} />}>
        <SqlText sql={sql} />
      </Suspense>
    </Panel>
  );
}
