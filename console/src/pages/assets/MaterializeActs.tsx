import { Checkbox, Group, Stack, Text } from "@mantine/core";
import { IconHammer, IconLockOpen, IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { materialize, release } from "../../api/assets.ts";
import type { AssetSummary } from "../../api/types.ts";
import { Act } from "../../components/Act.tsx";

/** Bring a table up to date, or make it anew; nothing for what is no table of ours. */
export function MaterializeActs({ asset }: { asset: AssetSummary }) {
  const [keepOlder, setKeepOlder] = useState(false);
  const { key, kind, state } = asset;
  if (kind !== "processed" && kind !== "enriched") return null;
  const processed = kind === "processed";
  if (state === "held") return <Release asset={asset} />;
  return (
    <Group gap="xs">
      <Act
        label="Bring up to date"
        name={`Bring up to date: ${key}`}
        icon={<IconRefresh size={16} aria-hidden />}
        primary
        disabled={state === "disabled"}
        act={() => materialize(key, { full: false, keepOlder: false })}
        meaning={
          <Text size="sm">
            {processed
              ? "The files that wait in S3 are fed now, batch by batch. Nothing else of the table changes."
              : "Rows that upstream changes lead to are recomputed now, instead of when its turn comes. Tables that read it follow by themselves."}
          </Text>
        }
      />
      <Act
        label="Rebuild"
        name={`Rebuild ${key}`}
        icon={<IconHammer size={16} aria-hidden />}
        disabled={state === "disabled"}
        act={() => materialize(key, { full: true, keepOlder })}
        meaning={
          <Stack gap="sm">
            <Text size="sm">
              The whole table is made anew from {processed ? "its landing files" : "what it reads"}, in one
              transaction: readers see the old rows until it is done. On a large table this takes a while, and
              everything downstream follows.
            </Text>
            {processed && (
              <Checkbox
                checked={keepOlder}
                onChange={({ currentTarget }) => setKeepOlder(currentTarget.checked)}
                label="Keep rows of files that landing no longer has"
                description="Without it, the rebuild is refused where retention has removed files that were fed."
              />
            )}
          </Stack>
        }
      />
    </Group>
  );
}

function Release({ asset: { key } }: { asset: AssetSummary }) {
  return (
    <Act
      label="Release"
      name={`Release ${key}`}
      primary
      icon={<IconLockOpen size={16} aria-hidden />}
      act={() => release(key)}
      meaning={
        <Text size="sm">
          It was rolled back and is held. Released, it is rebuilt from what lies upstream and goes on: take
          away what was wrong there first.
        </Text>
      }
    />
  );
}
