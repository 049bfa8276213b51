import { Group, SegmentedControl, Select } from "@mantine/core";
import { useMemo, useState } from "react";
import type { QueryResult } from "../../api/types.ts";
import { Chart } from "../../components/Chart.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { compact } from "../../format/numbers.ts";
import { chartData } from "./chart-data.ts";
import classes from "./ResultChart.module.css";
import { isNumber, isTime, type ResultColumn } from "./values.ts";

/** A first look at a result as a line or bars. */
export default function ResultChart({ result }: { result: QueryResult }) {
  const { columns } = result;
  const numbers = columns.flatMap((column, index) => (isNumber(column) ? [index] : []));
  const [y, setY] = useState(() => numbers.find((index) => !isId(columns[index])) ?? numbers[0] ?? -1);
  const [x, setX] = useState(() => firstX(columns, y));
  const [shape, setShape] = useState<"line" | "bars">("line");
  const data = useMemo(() => chartData(result, x, y), [result, x, y]);
  const name = columns[y]?.name ?? "";
  const series = useMemo(
    () => [
      { label: name, colour: "--petal", shape, values: data.y, format: (value: number) => compact(value) },
    ],
    [name, shape, data],
  );
  if (numbers.length === 0)
    return <Empty title="Nothing to draw">A chart needs at least one column of numbers.</Empty>;
  const choice = (index: number) => ({ value: String(index), label: columns[index]?.name ?? "" });
  return (
    <div className={classes.chart}>
      <Group gap="xs">
        <Select
          aria-label="Along x"
          leftSection="x"
          data={columns.map((_, index) => choice(index))}
          value={String(x)}
          onChange={(value) => setX(Number(value))}
          allowDeselect={false}
          searchable
        />
        <Select
          aria-label="Along y"
          leftSection="y"
          data={numbers.map(choice)}
          value={String(y)}
          onChange={(value) => setY(Number(value))}
          allowDeselect={false}
          searchable
        />
        <SegmentedControl
          size="xs"
          aria-label="Shape"
          value={shape}
          onChange={(value) => setShape(value as "line" | "bars")}
          data={[
            { value: "line", label: "Line" },
            { value: "bars", label: "Bars" },
          ]}
        />
      </Group>
      <Chart
        label={`${name} by ${columns[x]?.name}`}
        x={data.x}
        time={data.time}
        {...(data.names ? { names: data.names } : {})}
        series={series}
        height={320}
      />
    </div>
  );
}

/** Numbers that only name something say nothing as a height. */
function isId(column: ResultColumn | undefined): boolean {
  return column !== undefined && /(^|_)id$/i.test(column.name);
}

/** Time where there is one, otherwise the first that is not drawn already. */
function firstX(columns: ResultColumn[], y: number): number {
  const time = columns.findIndex(isTime);
  if (time >= 0) return time;
  return Math.max(
    0,
    columns.findIndex((_, index) => index !== y),
  );
}
