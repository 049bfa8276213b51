// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and the keys
// biome-ignore-all lint/a11y/useSemanticElements: only what is seen exists, each cell at its place; a <table> would lay it out anew
import type { VirtualItem } from "@tanstack/react-virtual";
import classes from "./ResultGrid.module.css";
import { isNumber, type ResultColumn } from "./values.ts";

interface Props {
  columns: ResultColumn[];
  seen: VirtualItem[];
  onResize: (index: number, width: number) => void;
}

const KEY_STEP = 16;

/** Stays above the rows. The edge of a column is dragged, or moved by arrow keys. */
export function GridHeader({ columns, seen, onResize }: Props) {
  return (
    <div className={classes.header} role="row" aria-rowindex={1}>
      {seen.map(({ index, start, size }) => {
        const column = columns[index];
        if (!column) return null;
        return (
          <div
            key={index}
            role="columnheader"
            aria-colindex={index + 1}
            className={classes.head}
            data-number={isNumber(column) || undefined}
            style={{ left: start, width: size }}
            title={`${column.name} ${column.type}`}
          >
            <span>{column.name}</span>
            <small>{column.type.toLowerCase()}</small>
            <Edge name={column.name} width={size} onResize={(width) => onResize(index, width)} />
          </div>
        );
      })}
    </div>
  );
}

function Edge({ name, width, onResize }: { name: string; width: number; onResize: (width: number) => void }) {
  function onPointerDown(event: React.PointerEvent) {
    event.preventDefault();
    const edge = event.currentTarget as HTMLElement;
    const from = event.clientX;
    edge.setPointerCapture(event.pointerId);
    const move = ({ clientX }: PointerEvent) => onResize(width + clientX - from);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", () => edge.removeEventListener("pointermove", move), { once: true });
  }
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${name}`}
      aria-valuenow={Math.round(width)}
      tabIndex={0}
      className={classes.edge}
      onPointerDown={onPointerDown}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        event.stopPropagation();
        onResize(width + (event.key === "ArrowRight" ? KEY_STEP : -KEY_STEP));
      }}
    />
  );
}
