import type { Backfill } from "../../api/types.ts";
import { chunkLooks } from "../../format/states.ts";
import classes from "./ChunkBar.module.css";

const ORDER = ["done", "running", "failed", "cancelled", "waiting"] as const;

/** How far a backfill is, chunk by chunk. */
export function ChunkBar({ chunks, tall }: { chunks: Backfill["chunks"]; tall?: boolean }) {
  const said = ORDER.filter((state) => chunks[state] > 0)
    .map((state) => `${chunks[state]} ${chunkLooks[state].label.toLowerCase()}`)
    .join(", ");
  const label = `${chunks.done} of ${chunks.total} chunks done: ${said || "none planned"}`;
  return (
    <div className={classes.line} title={label}>
      <div
        className={classes.bar}
        data-tall={tall || undefined}
        role="progressbar"
        aria-label={label}
        aria-valuenow={chunks.done}
        aria-valuemin={0}
        aria-valuemax={Math.max(1, chunks.total)}
      >
        {ORDER.filter((state) => chunks[state] > 0).map((state) => (
          <i
            key={state}
            data-state={state}
            style={{ flexGrow: chunks[state], "--tone": `var(--${chunkLooks[state].tone})` }}
          />
        ))}
      </div>
      <span className={classes.figure}>
        {chunks.done}/{chunks.total}
      </span>
    </div>
  );
}
