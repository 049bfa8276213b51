import type { AssetState, AssetSummary } from "../../api/types.ts";
import { assetLooks, assetStates } from "../../format/states.ts";
import classes from "./Lineage.module.css";

interface Props {
  assets: AssetSummary[];
  chosen: AssetState | null;
  onChoose: (state: AssetState | null) => void;
}

/** How many assets are in each state, worst first; a click lights those up. */
export function Legend({ assets, chosen, onChoose }: Props) {
  const counts = new Map<AssetState, number>();
  for (const { state } of assets) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <fieldset className={classes.legend} aria-label="Assets by state">
      {assetStates
        .filter((state) => counts.has(state))
        .map((state) => {
          const { label, tone, icon: Icon } = assetLooks[state];
          return (
            <button
              key={state}
              type="button"
              aria-pressed={chosen === state}
              style={{ "--tone": `var(--${tone})` }}
              onClick={() => onChoose(chosen === state ? null : state)}
            >
              <Icon size={13} stroke={2.2} aria-hidden />
              <b>{counts.get(state)}</b>
              <span>{label}</span>
            </button>
          );
        })}
    </fieldset>
  );
}
