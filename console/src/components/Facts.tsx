import type { ReactNode } from "react";
import classes from "./Facts.module.css";

/** What is to be known, name by name. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Figures that are looked at first, large and side by side. */
export function Headlines({ children }: { children: ReactNode }) {
  return <dl className={classes.headlines}>{children}</dl>;
}

export function Headline({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.headline}>
      <dt>{name}</dt>
      <dd className={classes.value}>{children}</dd>
      {note && <dd className={classes.note}>{note}</dd>}
    </div>
  );
}
