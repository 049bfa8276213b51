import type { ReactNode } from "react";
import classes from "./Columns.module.css";

/** What is read at length on the left, what is looked up on the right; one after the other on small screens. */
export function Columns({ main, side }: { main: ReactNode; side: ReactNode }) {
  return (
    <div className={classes.columns}>
      <div className={classes.column}>{main}</div>
      <div className={classes.column}>{side}</div>
    </div>
  );
}
