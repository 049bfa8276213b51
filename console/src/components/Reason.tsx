import type { Tone } from "../format/states.ts";
import classes from "./Reason.module.css";

/** Why something is as it is: the first thing that somebody on call reads. */
export function Reason({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return (
    <div className={classes.reason} style={{ "--tone": `var(--${tone})` }}>
      {children}
    </div>
  );
}
