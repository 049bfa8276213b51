import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconListSearch, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { planBackfill, startBackfill } from "../../api/backfills.ts";
import { useIsViewer } from "../../api/me.ts";
import type { BackfillRequest } from "../../api/types.ts";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { DraftFields } from "./DraftFields.tsx";
import { blankDraft, type Draft, isComplete, requestOf } from "./draft.ts";
import { PlanView } from "./PlanView.tsx";

/** First what would happen, then, and only for just that, the start. */
export default function NewBackfillPage() {
  const [draft, setDraft] = useState<Draft>(blankDraft);
  const dryRun = useMutation({ mutationFn: planBackfill });
  const edit = (changes: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changes }));
    // A plan of something else than what the form says could be started by mistake.
    dryRun.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    dryRun.mutate(requestOf(draft));
  };
  return (
    <Page title="New backfill" above={{ label: "Backfills", href: "/backfills" }}>
      <form onSubmit={submit}>
        <Panel title="What">
          <Stack gap="lg">
            <DraftFields draft={draft} edit={edit} />
            <div>
              <Button
                type="submit"
                variant={dryRun.data ? "default" : "filled"}
                disabled={!isComplete(draft)}
                loading={dryRun.isPending}
                leftSection={<IconListSearch size={16} aria-hidden />}
              >
                Show what would happen
              </Button>
            </div>
          </Stack>
        </Panel>
      </form>
      <div aria-live="polite">
        {dryRun.error && (
          <Alert color="red" title="This cannot be planned">
            {dryRun.error.message}
          </Alert>
        )}
        {dryRun.data && (
          <PlanView plan={dryRun.data}>
            <Start request={dryRun.variables} empty={dryRun.data.chunks === 0} />
          </PlanView>
        )}
      </div>
    </Page>
  );
}

function Start({ request, empty }: { request: BackfillRequest; empty: boolean }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const viewer = useIsViewer();
  // Made once for this plan: a second click, or a retry after a lost answer, starts nothing twice.
  const [idempotencyKey] = useState(newKey);
  const start = useMutation({
    mutationFn: () => startBackfill(request, idempotencyKey),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ["backfills"] });
      navigate(`/backfills/${id}`);
    },
  });
  const why = viewer
    ? "Your token may look and not touch."
    : empty
      ? "There is nothing to do in this range."
      : "Begins at once. It can be paused or cancelled at any time.";
  return (
    <Stack gap="sm" align="flex-start">
      {start.error && (
        <Alert color="red" title="It was refused" role="alert">
          {start.error.message}
        </Alert>
      )}
      <Group>
        <Button
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          disabled={viewer || empty}
          loading={start.isPending}
          onClick={() => start.mutate()}
        >
          Start this backfill
        </Button>
        <Text size="sm" c="dimmed">
          {why}
        </Text>
      </Group>
    </Stack>
  );
}

/** `crypto.randomUUID` is for HTTPS alone. */
function newKey(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return `console-${[...numbers].map((number) => number.toString(16).padStart(8, "0")).join("")}`;
}
