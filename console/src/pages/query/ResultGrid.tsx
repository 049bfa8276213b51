// biome-ignore-all lint/a11y/useSemanticElements: only what is seen exists, each cell at its place; a <table> would lay it out anew
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useRef, useState } from "react";
import type { QueryResult } from "../../api/types.ts";
import { GridHeader } from "./GridHeader.tsx";
import { GridRow } from "./GridRow.tsx";
import { type Cell, idOf, moved } from "./grid-keys.ts";
import { firstWidths } from "./grid-widths.ts";
import classes from "./ResultGrid.module.css";
import { textOf } from "./values.ts";

const ROW_HEIGHT = 28;
const HEADER_HEIGHT = 32;

/** A result of any size: only the rows and columns that are seen exist. Arrows walk, Ctrl or ⌘ and C copy a cell. */
export function ResultGrid({ result }: { result: QueryResult }) {
  const { columns, rows } = result;
  const frame = useRef<HTMLDivElement>(null);
  const [widths, setWidths] = useState(() => firstWidths(result));
  const [cell, setCell] = useState<Cell | null>(null);
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    // The header lies over what is at the top.
    paddingStart: HEADER_HEIGHT,
    scrollPaddingStart: HEADER_HEIGHT,
    overscan: 12,
  });
  const across = useVirtualizer({
    count: columns.length,
    horizontal: true,
    getScrollElement: () => frame.current,
    estimateSize: (index) => widths[index] ?? 120,
    overscan: 3,
  });

  const resize = useCallback(
    (index: number, width: number) => {
      setWidths((before) => before.map((old, at) => (at === index ? Math.max(48, width) : old)));
      requestAnimationFrame(() => across.measure());
    },
    [across],
  );

  function onCopy(event: React.ClipboardEvent) {
    const value = cell && rows[cell.row]?.[cell.column];
    if (!cell || getSelection()?.toString()) return;
    event.clipboardData.setData("text/plain", value === null ? "" : textOf(value));
    event.preventDefault();
  }

  function onKeyDown(event: React.KeyboardEvent) {
    const next = moved(cell, event, { rows: rows.length, columns: columns.length, page: down.range });
    if (!next) return;
    event.preventDefault();
    setCell(next);
    down.scrollToIndex(next.row);
    across.scrollToIndex(next.column);
  }

  const seen = across.getVirtualItems();
  return (
    <div
      ref={frame}
      className={classes.frame}
      role="grid"
      aria-label="Query result"
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={cell ? idOf(cell) : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onCopy={onCopy}
    >
      <div
        className={classes.sheet}
        style={{ height: down.getTotalSize(), width: across.getTotalSize() }}
        role="rowgroup"
      >
        <GridHeader columns={columns} seen={seen} onResize={resize} />
        {down.getVirtualItems().map(({ index, start }) => (
          <GridRow
            key={index}
            index={index}
            top={start}
            row={rows[index] ?? []}
            columns={columns}
            seen={seen}
            active={cell?.row === index ? cell.column : null}
            onChoose={setCell}
          />
        ))}
      </div>
    </div>
  );
}
