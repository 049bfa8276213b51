import type { Look } from "../format/states.ts";
import classes from "./StateBadge.module.css";

/** A state by colour, shape and word. `bare`: without the word, for places that say it beside. */
export function StateBadge({ look, title, bare }: { look: Look; title?: string | null; bare?: boolean }) {
  const { icon: Icon, label, tone } = look;
  return (
    <span
      className={bare ? classes.bare : classes.badge}
      style={{ "--tone": `var(--${tone})` }}
      data-busy={tone === "busy" || undefined}
      title={title ?? undefined}
    >
      <Icon size={bare ? 15 : 13} stroke={2.2} aria-hidden />
      {bare ? <span className="for-readers">{label}</span> : label}
    </span>
  );
}
