import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import classes from "./Chart.module.css";

export interface Series {
  label: string;
  /** A CSS custom property: `--petal`. */
  colour: string;
  shape: "line" | "bars" | "points";
  values: (number | null)[];
  format: (value: number) => string;
  /** A second scale, on the right. */
  right?: boolean;
}

interface Props {
  label: string;
  /** Seconds since 1970 where x is time; otherwise numbers. */
  x: number[];
  time: boolean;
  /** Names for x where it only counts. */
  names?: string[];
  series: Series[];
  height?: number;
}

/** A chart that fits its frame and the colour scheme. The cursor's values are shown below it. */
export function Chart({ label, x, time, names, series, height = 200 }: Props) {
  const { ref: frame, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what the custom properties give
  useEffect(() => {
    if (!host.current || width === 0) return;
    const style = getComputedStyle(host.current);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const resolved = (name: string) => resolveColour(host.current as HTMLElement, name);
    const chart = new uPlot(
      {
        width,
        height,
        legend: { live: true },
        cursor: { points: { size: 7 }, drag: { x: false, y: false } },
        scales: { x: { time, range: padded }, y: { range: fromZero }, right: { range: fromZero } },
        axes: axesOf({
          series,
          names,
          time,
          ink: resolved("--ink-soft"),
          grid: resolved("--line"),
          font: colour("font-family"),
        }),
        series: [
          { label: time ? "UTC" : "At", value: (_, value) => nameOf(value, { time, names }) },
          ...series.map((entry) => seriesOf(entry, resolved(entry.colour))),
        ],
        tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), "Etc/UTC"),
      },
      [x, ...series.map(({ values }) => values)],
      host.current,
    );
    return () => chart.destroy();
  }, [x, series, names, time, width, height, scheme]);

  return (
    <div ref={frame} className={classes.frame} role="img" aria-label={label}>
      <div ref={host} />
    </div>
  );
}

function seriesOf({ label, shape, format, right }: Series, stroke: string): uPlot.Series {
  return {
    label,
    scale: right ? "right" : "y",
    stroke,
    width: shape === "points" ? 0 : 1.6,
    fill: shape === "bars" ? `${stroke}b0` : undefined,
    value: (_: uPlot, value: number | null) => (value === null ? "–" : format(value)),
    points: { show: shape === "points", size: 6, fill: stroke },
    ...(shape === "bars" && uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.7, 48] }) } : {}),
  } as uPlot.Series;
}

function axesOf({
  series,
  names,
  time,
  ink,
  grid,
  font,
}: {
  series: Series[];
  names: string[] | undefined;
  time: boolean;
  ink: string;
  grid: string;
  font: string;
}): uPlot.Axis[] {
  const look = { stroke: ink, font: `11px ${font || "sans-serif"}`, ticks: { show: false } };
  const [first] = series.filter(({ right }) => !right);
  const second = series.find(({ right }) => right);
  const values = (format: (value: number) => string) => (_: uPlot, splits: number[]) => splits.map(format);
  return [
    {
      ...look,
      size: 30,
      space: names ? 96 : 64,
      grid: { show: false },
      ...(time ? { values: (_: uPlot, splits: number[]) => clockNames(splits) } : {}),
      ...(names ? { values: values((at) => names[at] ?? ""), incrs: [1, 2, 5, 10, 50, 100, 1000] } : {}),
    },
    {
      ...look,
      scale: "y",
      size: 58,
      grid: { stroke: grid, width: 1 },
      ...(first ? { values: values(first.format) } : {}),
      ...(first?.values.every((value) => Number.isInteger(value ?? 0)) ? { incrs: WHOLE } : {}),
    },
    ...(second
      ? [
          {
            ...look,
            scale: "right",
            side: 1 as const,
            size: 58,
            grid: { show: false },
            values: values(second.format),
          },
        ]
      : []),
  ];
}

/** What is counted has no halves: 1, 2, 5, 10, ... */
const WHOLE = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

function nameOf(
  value: number | null,
  { time, names }: { time: boolean; names: string[] | undefined },
): string {
  if (value === null) return "–";
  if (names) return names[value] ?? "";
  return time ? new Date(value * 1000).toISOString().slice(0, 16).replace("T", " ") : String(value);
}

/** Hours within a day, days beyond it; in UTC, as everything here. */
function clockNames(splits: number[]): string[] {
  const day = (splits[1] ?? 0) - (splits[0] ?? 0) >= 86_400;
  return splits.map((at) => {
    const iso = new Date(at * 1000).toISOString();
    return day || iso.slice(11, 16) === "00:00" ? iso.slice(5, 10) : iso.slice(11, 16);
  });
}

/** Half a step of room on both sides, so that the first and the last bar are whole. */
function padded(chart: uPlot, low: number, high: number): [number, number] {
  const step = (high - low) / Math.max(1, (chart.data[0]?.length ?? 2) - 1) || 1;
  return [low - step * 0.6, high + step * 0.6];
}

function fromZero(_: uPlot, low: number, high: number): [number, number] {
  if (low === high) return high > 0 ? [0, high * 1.1] : [Math.min(low, 0) * 1.1, 1];
  return [Math.min(0, low), high * 1.06];
}

/** Canvas knows no custom properties and no light-dark(): the browser resolves the colour on an element. */
function resolveColour(element: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return `#${[red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}
