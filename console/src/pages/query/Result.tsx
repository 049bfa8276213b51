import { Group, SegmentedControl, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Question } from "../../api/query.ts";
import type { QueryResult } from "../../api/types.ts";
import { CopyText } from "../../components/CopyText.tsx";
import { Empty, Loading } from "../../components/Feedback.tsx";
import { plural } from "../../format/numbers.ts";
import { duration } from "../../format/time.ts";
import { Downloads } from "./Downloads.tsx";
import classes from "./Result.module.css";
import { ResultGrid } from "./ResultGrid.tsx";
import { tabbed } from "./values.ts";

const ResultChart = lazy(() => import("./ResultChart.tsx"));

/** More than this nobody pastes, and the clipboard takes seconds for it. */
const MOST_COPIED = 20_000;

export function Result({ result, question }: { result: QueryResult; question: Question }) {
  const [shown, setShown] = useState("table");
  return (
    <>
      <Group gap="xs" className={classes.bar}>
        <SegmentedControl
          size="xs"
          aria-label="Show the result as"
          value={shown}
          onChange={setShown}
          data={[
            { value: "table", label: "Table" },
            { value: "chart", label: "Chart" },
          ]}
        />
        <Text size="sm" role="status">
          {plural(result.rowCount, "row")} in {duration(result.seconds)}
          {result.truncated && <span className={classes.more}> · there are more: raise the limit</span>}
        </Text>
        <Group gap={4} ml="auto">
          {result.rowCount <= MOST_COPIED && <CopyText text={() => tabbed(result)} what="all rows" />}
          <Downloads question={question} />
        </Group>
      </Group>
      {result.rowCount === 0 ? (
        <Empty title="No rows">The statement ran, and nothing fits it.</Empty>
      ) : shown === "table" ? (
        <ResultGrid result={result} />
      ) : (
        <Suspense fallback={<Loading />}>
          <ResultChart result={result} />
        </Suspense>
      )}
    </>
  );
}
