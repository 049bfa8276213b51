import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import classes from "./DataTable.module.css";

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand under each other. */
  numeric?: boolean;
  /** Shown only where the table has this much room: 28, 38, 46, 58 or 82 em. */
  from?: "xs" | "sm" | "md" | "lg" | "xl";
  /** What to order by; a column without it cannot be ordered by. */
  order?: (row: T) => string | number | null;
  /** So many percent of the room that is left; text beyond it is cut with an ellipsis. */
  wide?: number;
}

interface Props<T> {
  /** What the table lists, for those who cannot see it. */
  label: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
}

/** A plain table: readable headers, columns that step aside on small screens, an order by click. */
export function DataTable<T>({ label, columns, rows, keyOf }: Props<T>) {
  const [order, setOrder] = useState<{ id: string; descending: boolean } | null>(null);
  const ordered = useMemo(() => {
    const by = columns.find(({ id }) => id === order?.id)?.order;
    if (!by || !order) return rows;
    const sign = order.descending ? -1 : 1;
    return [...rows].sort((left, right) => sign * compare(by(left), by(right)));
  }, [rows, columns, order]);

  const frame = useRef<HTMLElement>(null);
  const tooWide = useIsTooWide(frame);

  return (
    <section ref={frame} className={classes.frame} aria-label={label} tabIndex={tooWide ? 0 : undefined}>
      <table className={classes.table}>
        <thead>
          <tr>
            {columns.map((column) => {
              const current = order?.id === column.id ? order : null;
              return (
                <th
                  key={column.id}
                  scope="col"
                  className={classOf(column)}
                  style={widthOf(column)}
                  aria-sort={current ? (current.descending ? "descending" : "ascending") : undefined}
                >
                  {column.order ? (
                    <button
                      type="button"
                      className={classes.order}
                      onClick={() => setOrder(nextOrder(current, column))}
                    >
                      {column.header}
                      {current &&
                        (current.descending ? (
                          <IconArrowDown size={12} aria-hidden />
                        ) : (
                          <IconArrowUp size={12} aria-hidden />
                        ))}
                    </button>
                  ) : (
                    column.header
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {ordered.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.id} className={classOf(column)} style={widthOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Whether there is more of it than can be seen at once. */
function useIsTooWide(frame: RefObject<HTMLElement | null>): boolean {
  const [tooWide, setTooWide] = useState(false);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const look = () => setTooWide(element.scrollWidth > element.clientWidth);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, [frame]);
  return tooWide;
}

function classOf<T>({ numeric, from, wide }: Column<T>): string {
  return [numeric && classes.numeric, wide !== undefined && classes.wide, from && classes[from]]
    .filter(Boolean)
    .join(" ");
}

function widthOf<T>({ wide }: Column<T>) {
  return wide === undefined ? undefined : { width: `${wide}%` };
}

/** Numbers begin with the largest; the third click gives the list's own order back. */
function nextOrder<T>(current: { descending: boolean } | null, { id, numeric }: Column<T>) {
  const first = numeric === true;
  if (!current) return { id, descending: first };
  return current.descending === first ? { id, descending: !first } : null;
}

function compare(left: string | number | null, right: string | number | null): number {
  if (left === right) return 0;
  if (left === null) return -1;
  if (right === null) return 1;
  return left < right ? -1 : 1;
}
