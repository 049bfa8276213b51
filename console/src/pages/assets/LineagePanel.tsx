import { Button, Group, Stack, Text } from "@mantine/core";
import { IconAffiliate } from "@tabler/icons-react";
import { Link } from "wouter";
import type { AssetDetail, AssetState } from "../../api/types.ts";
import { AssetChip } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";

/** What it is made from, and what is made from it. */
export function LineagePanel({ asset, states }: { asset: AssetDetail; states: Map<string, AssetState> }) {
  return (
    <Panel
      title="Lineage"
      aside={
        <Button
          component={Link}
          href={`/?asset=${encodeURIComponent(asset.key)}`}
          size="compact-sm"
          variant="subtle"
          leftSection={<IconAffiliate size={15} aria-hidden />}
        >
          In the graph
        </Button>
      }
    >
      <Stack gap="md">
        <Chips
          title="Made from"
          keys={asset.upstream}
          states={states}
          none="nothing: it is where data begins"
        />
        <Chips title="Read by" keys={asset.downstream} states={states} none="no other asset" />
      </Stack>
    </Panel>
  );
}

function Chips({
  title,
  keys,
  states,
  none,
}: {
  title: string;
  keys: string[];
  states: Map<string, AssetState>;
  none: string;
}) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={6}>
        {title}
      </Text>
      {keys.length === 0 && <Text size="sm">{none}</Text>}
      <Group gap={6}>
        {keys.map((key) => (
          <AssetChip key={key} name={key} state={states.get(key)} />
        ))}
      </Group>
    </div>
  );
}
