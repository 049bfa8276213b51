import { Select } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useRef } from "react";
import type { AssetSummary } from "../../api/types.ts";
import { StateBadge } from "../../components/StateBadge.tsx";
import { assetLooks } from "../../format/states.ts";
import classes from "./Lineage.module.css";

/** Jumps to an asset by a part of its name. The key `/` leads here. */
export default function AssetSearch({
  assets,
  onFind,
}: {
  assets: AssetSummary[];
  onFind: (key: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => field.current?.focus()]]);
  const byKey = useMemo(() => new Map(assets.map((asset) => [asset.key, asset])), [assets]);
  const keys = useMemo(() => [...byKey.keys()].sort(), [byKey]);
  return (
    <Select
      ref={field}
      className={classes.search}
      aria-label="Find an asset"
      placeholder="Find an asset"
      leftSection={<IconSearch size={15} aria-hidden />}
      rightSection={<kbd className={classes.key}>/</kbd>}
      data={keys}
      value={null}
      searchable
      selectFirstOptionOnChange
      limit={40}
      nothingFoundMessage="No asset has such a name"
      onChange={(key) => {
        if (key) onFind(key);
        field.current?.blur();
      }}
      renderOption={({ option }) => {
        const asset = byKey.get(option.value);
        return (
          <span className={classes.option}>
            {asset && <StateBadge look={assetLooks[asset.state]} bare />}
            <span className="mono">{option.value}</span>
          </span>
        );
      }}
    />
  );
}
