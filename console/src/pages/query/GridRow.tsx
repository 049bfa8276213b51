// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and the keys
// biome-ignore-all lint/a11y/useSemanticElements: only what is seen exists, each cell at its place; a <table> would lay it out anew
import type { VirtualItem } from "@tanstack/react-virtual";
import { type Cell, idOf } from "./grid-keys.ts";
import classes from "./ResultGrid.module.css";
import { isNumber, type ResultColumn, textOf } from "./values.ts";

interface Props {
  index: number;
  top: number;
  row: unknown[];
  columns: ResultColumn[];
  seen: VirtualItem[];
  active: number | null;
  onChoose: (cell: Cell) => void;
}

export function GridRow({ index, top, row, columns, seen, active, onChoose }: Props) {
  return (
    <div
      className={classes.row}
      role="row"
      aria-rowindex={index + 2}
      data-odd={index % 2 === 1 || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      {seen.map(({ index: at, start, size }) => {
        const column = columns[at];
        const value = row[at];
        if (!column) return null;
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
          <div
            key={at}
            id={idOf({ row: index, column: at })}
            role="gridcell"
            aria-colindex={at + 1}
            aria-selected={active === at}
            className={classes.cell}
            data-number={isNumber(column) || undefined}
            data-null={value === null || undefined}
            style={{ left: start, width: size }}
            onClick={() => onChoose({ row: index, column: at })}
          >
            {textOf(value)}
          </div>
        );
      })}
    </div>
  );
}
