import {
  Group,
  MultiSelect,
  NumberInput,
  Radio,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { assetsQuery } from "../../api/assets.ts";
import { streamsQuery } from "../../api/streams.ts";
import type { BackfillMode } from "../../api/types.ts";
import classes from "./DraftFields.module.css";
import { type Draft, isReversed, type Target } from "./draft.ts";
import { modes } from "./modes.ts";

const TARGETS: { value: Target; label: string; hint: string }[] = [
  { value: "streams", label: "Streams", hint: "Their processed tables" },
  { value: "assets", label: "Tables", hint: "Just these tables" },
  {
    value: "downstreamOf",
    label: "All downstream of",
    hint: "These, and everything that reads them, near or far",
  },
];

interface Props {
  draft: Draft;
  edit: (changes: Partial<Draft>) => void;
}

export function DraftFields({ draft, edit }: Props) {
  return (
    <>
      <Radio.Group
        label="Mode"
        value={draft.mode}
        onChange={(mode) => edit({ mode: mode as BackfillMode })}
        classNames={{ label: classes.label }}
      >
        <div className={classes.modes}>
          {Object.entries(modes).map(([value, { label, meaning, when }]) => (
            <Radio.Card
              key={value}
              value={value}
              className={classes.mode}
              aria-label={`${label}: ${meaning}`}
            >
              <Group gap="xs" wrap="nowrap" align="flex-start">
                <Radio.Indicator mt={1} />
                <Stack gap={4}>
                  <Text fw={600}>{label}</Text>
                  <Text size="sm">{meaning}</Text>
                  <Text size="sm" c="dimmed">
                    {when}
                  </Text>
                </Stack>
              </Group>
            </Radio.Card>
          ))}
        </div>
      </Radio.Group>
      <Targets draft={draft} edit={edit} />
      <Group align="flex-start">
        <TextInput
          type="date"
          label="First day"
          description="Empty: the earliest there is"
          value={draft.from}
          error={isReversed(draft.from, draft.to) && "Lies after the last day"}
          onChange={({ currentTarget }) => edit({ from: currentTarget.value })}
        />
        <TextInput
          type="date"
          label="Last day"
          description="Included. Empty: the latest"
          value={draft.to}
          onChange={({ currentTarget }) => edit({ to: currentTarget.value })}
        />
        <NumberInput
          label="Chunks at once"
          description="Live batches take turns with them"
          min={1}
          max={16}
          clampBehavior="strict"
          allowDecimal={false}
          value={draft.maxConcurrent}
          onChange={(value) => edit({ maxConcurrent: Number(value) || 1 })}
        />
      </Group>
    </>
  );
}

function Targets({ draft, edit }: Props) {
  const streams = useQuery(streamsQuery).data ?? [];
  const assets = useQuery(assetsQuery).data ?? [];
  const tables = assets.filter(({ kind }) => kind === "processed" || kind === "enriched");
  const choices =
    draft.target === "streams"
      ? streams.map(({ source, stream }) => `${source}/${stream}`)
      : tables.map(({ key }) => key);
  const hint = TARGETS.find(({ value }) => value === draft.target)?.hint;
  return (
    <Stack gap={6}>
      <Text className={classes.label}>Of what</Text>
      <SegmentedControl
        aria-label="Of what"
        className={classes.targets}
        value={draft.target}
        onChange={(target) => edit({ target: target as Target, names: [] })}
        data={TARGETS.map(({ value, label }) => ({ value, label }))}
      />
      <MultiSelect
        aria-label={hint ?? "Of what"}
        description={hint}
        placeholder={draft.names.length === 0 ? "Choose one or more" : ""}
        data={choices}
        value={draft.names}
        onChange={(names) => edit({ names })}
        searchable
        clearable
        clearButtonProps={{ "aria-label": "Choose none" }}
        hidePickedOptions
        nothingFoundMessage="No such name"
      />
    </Stack>
  );
}
