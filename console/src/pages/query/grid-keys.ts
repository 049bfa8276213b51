export interface Cell {
  row: number;
  column: number;
}

/** The id of a cell's element, by which the grid says which is active. */
export function idOf({ row, column }: Cell): string {
  return `cell-${row}-${column}`;
}

interface Bounds {
  rows: number;
  columns: number;
  /** The rows that are seen: a page is as many. */
  page: { startIndex: number; endIndex: number } | null;
}

/** Where a key leads from a cell; null for keys that lead nowhere. Pure. */
export function moved(
  from: Cell | null,
  { key, ctrlKey, metaKey }: { key: string; ctrlKey: boolean; metaKey: boolean },
  { rows, columns, page }: Bounds,
): Cell | null {
  const { row, column } = from ?? { row: 0, column: 0 };
  const height = page ? Math.max(1, page.endIndex - page.startIndex - 1) : 20;
  const far = ctrlKey || metaKey;
  const steps: Record<string, Cell> = {
    ArrowDown: { row: far ? rows : row + 1, column },
    ArrowUp: { row: far ? 0 : row - 1, column },
    ArrowRight: { row, column: far ? columns : column + 1 },
    ArrowLeft: { row, column: far ? 0 : column - 1 },
    PageDown: { row: row + height, column },
    PageUp: { row: row - height, column },
    Home: { row: far ? 0 : row, column: 0 },
    End: { row: far ? rows : row, column: columns },
  };
  const step = steps[key];
  if (!step) return null;
  if (from === null) return { row: 0, column: 0 };
  return {
    row: Math.min(Math.max(step.row, 0), rows - 1),
    column: Math.min(Math.max(step.column, 0), columns - 1),
  };
}
