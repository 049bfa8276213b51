import type { ReactNode } from "react";
import classes from "./Panel.module.css";

/** A part of a page, with its name and what can be done about it. `flush`: what is inside brings its own padding. */
export function Panel({
  title,
  aside,
  flush,
  children,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={classes.panel}>
      {(title || aside) && (
        <header className={classes.head}>
          {title && <h2>{title}</h2>}
          {aside && <div className={classes.aside}>{aside}</div>}
        </header>
      )}
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
