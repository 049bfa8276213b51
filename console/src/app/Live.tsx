import { IconPlugConnectedX } from "@tabler/icons-react";
import { type Connection, connection } from "../api/events.ts";
import classes from "./Live.module.css";

const WORDS: Record<Connection, { text: string; title: string }> = {
  connecting: { text: "Connecting", title: "The stream of events is being opened" },
  live: { text: "Live", title: "Pages follow what happens" },
  lost: { text: "Not live", title: "The stream of events broke off; it is opened again by itself" },
};

/** Whether the pages follow what happens. */
export function LiveLight() {
  const state = connection.use();
  const { text, title } = WORDS[state];
  return (
    <span className={classes.light} data-state={state} title={title} role="status">
      <i aria-hidden />
      {text}
    </span>
  );
}

export function ConnectionLost() {
  if (connection.use() !== "lost") return null;
  return (
    <div className={classes.lost} role="alert">
      <IconPlugConnectedX size={16} aria-hidden />
      The connection to Lotus is lost. What is shown may be old; it goes on by itself once Lotus answers.
    </div>
  );
}
