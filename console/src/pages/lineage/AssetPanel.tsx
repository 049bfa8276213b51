import { Button, CloseButton } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { AssetState, AssetSummary } from "../../api/types.ts";
import { Fact, Facts } from "../../components/Facts.tsx";
import { Figure } from "../../components/Figure.tsx";
import { AssetChip, assetHref } from "../../components/Links.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { assetLooks } from "../../format/states.ts";
import { MaterializeActs } from "../assets/MaterializeActs.tsx";
import classes from "./Lineage.module.css";

interface Props {
  asset: AssetSummary;
  states: Map<string, AssetState>;
  onClose: () => void;
}

/** What one wants to know of an asset without leaving the graph. */
export default function AssetPanel({ asset, states, onClose }: Props) {
  return (
    <aside className={classes.panel} aria-label={`About ${asset.key}`}>
      <header>
        <h2 className="mono">{asset.key}</h2>
        <CloseButton aria-label="Close the panel" onClick={onClose} />
      </header>
      <div className={classes.scroll}>
        <StateBadge look={assetLooks[asset.state]} />
        {asset.reason && <p className={classes.reason}>{asset.reason}</p>}
        {asset.description && <p className={classes.about}>{asset.description}</p>}
        <Facts>
          <Fact name="Kind">{asset.group ? `${asset.kind}, ${asset.group}` : asset.kind}</Fact>
          {asset.rows !== null && (
            <>
              <Fact name="Updated">
                <Time at={asset.updatedAt} />
              </Fact>
              <Fact name="Rows">
                <Figure value={asset.rows} />
              </Fact>
              <Fact name="Size">
                <Figure value={asset.bytes} unit="bytes" />
              </Fact>
            </>
          )}
          {asset.owner && <Fact name="Owner">{asset.owner}</Fact>}
        </Facts>
        <Neighbours title="Made from" keys={asset.upstream} states={states} />
        <Neighbours title="Read by" keys={asset.downstream} states={states} />
        <MaterializeActs asset={asset} />
      </div>
      <footer>
        <Button
          component={Link}
          href={assetHref(asset.key)}
          variant="light"
          fullWidth
          rightSection={<IconArrowRight size={16} aria-hidden />}
        >
          Open its page
        </Button>
      </footer>
    </aside>
  );
}

function Neighbours({
  title,
  keys,
  states,
}: {
  title: string;
  keys: string[];
  states: Map<string, AssetState>;
}): ReactNode {
  if (keys.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <div className={classes.chips}>
        {keys.map((key) => (
          <AssetChip key={key} name={key} state={states.get(key)} />
        ))}
      </div>
    </div>
  );
}
