import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { Fragment, memo } from "react";
import type { AssetSummary } from "../../api/types.ts";
import { Figure } from "../../components/Figure.tsx";
import { Time } from "../../components/Time.tsx";
import { assetLooks } from "../../format/states.ts";
import classes from "./AssetNode.module.css";

export type AssetNodeType = Node<{ asset: AssetSummary; dim: boolean }, "asset">;

/** An asset in the graph: its name, how it stands, and how much there is. */
export const AssetNode = memo(({ data: { asset, dim }, selected }: NodeProps<AssetNodeType>) => {
  const { icon: Icon, label, tone } = assetLooks[asset.state];
  return (
    <div
      className={`${classes.node} asset-node`}
      style={{ "--tone": `var(--${tone})` }}
      title={asset.reason ?? undefined}
      data-kind={asset.kind}
      data-selected={selected || undefined}
      data-busy={asset.state === "running" || undefined}
      data-dim={dim || undefined}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} className={classes.handle} />
      <span className={`${classes.name} mono asset-name`}>{breakable(asset.key)}</span>
      <span className={`${classes.line} asset-line`}>
        <Icon size={15} stroke={2.2} aria-hidden />
        <b>{label}</b>
        <span className={`${classes.more} asset-more`}>
          {asset.rows === null ? asset.kind : <Figure value={asset.rows} />}
          {asset.updatedAt && (
            <>
              {" · "}
              <Time at={asset.updatedAt} />
            </>
          )}
        </span>
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} className={classes.handle} />
    </div>
  );
});

/** From afar names are drawn large, on two lines: they break after an underscore where they can. */
function breakable(name: string) {
  return name.split(/(?<=_)(?!_)/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of one name, in its order
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ));
}
