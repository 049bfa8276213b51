import { PostgreSQL } from "@codemirror/lang-sql";
import { highlightCode } from "@lezer/highlight";
import { type ReactNode, useMemo } from "react";
import classes from "./SqlText.module.css";
import { sqlColours } from "./sql-colours.ts";

/** SQL to be read, highlighted by the editor's own grammar. */
export default function SqlText({ sql }: { sql: string }) {
  const parts = useMemo(() => {
    const found: ReactNode[] = [];
    const tree = PostgreSQL.language.parser.parse(sql);
    const put = (text: string, colour: string) =>
      found.push(
        colour === "" ? (
          text
        ) : (
          <span key={found.length} className={colour}>
            {text}
          </span>
        ),
      );
    highlightCode(sql, tree, sqlColours, put, () => found.push("\n"));
    return found;
  }, [sql]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard
    <section className={classes.code} tabIndex={0} aria-label="SQL">
      <pre>
        <code>{parts}</code>
      </pre>
    </section>
  );
}
