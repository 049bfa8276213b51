import { Alert, Anchor, Button, Group, Modal, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useIsViewer } from "../api/me.ts";
import type { Accepted } from "../api/types.ts";

interface Props {
  label: string;
  icon?: ReactNode;
  /** What the button is about where its label alone does not say: "Retry raw/shop/1.parquet". */
  name?: string;
  act: () => Promise<Accepted>;
  /** What it means, told before it is done. Without it, it is done at once. */
  meaning?: ReactNode;
  danger?: boolean;
  primary?: boolean;
  small?: boolean;
  disabled?: boolean;
}

/** A button that changes something: asks first, says what came of it, and explains itself to viewers. */
export function Act({ label, icon, name, act, meaning, danger, primary, small, disabled }: Props) {
  const [asking, { open, close }] = useDisclosure(false);
  const queries = useQueryClient();
  const viewer = useIsViewer();
  const work = useMutation({
    mutationFn: act,
    onSuccess: (accepted) => {
      close();
      tell(accepted);
      void queries.invalidateQueries();
    },
    onError: (error) => {
      if (!asking) notifications.show({ color: "red", title: `${label}: refused`, message: error.message });
    },
  });
  const button = (
    <Button
      size={small ? "compact-sm" : "sm"}
      variant={primary ? "filled" : "default"}
      leftSection={icon}
      aria-label={name}
      disabled={disabled === true}
      // Not `disabled`, which could not be focused, and so not be explained, by keyboard.
      {...(viewer ? { "data-disabled": true, "aria-disabled": true } : {})}
      loading={work.isPending && !asking}
      onClick={() => {
        if (viewer) return;
        work.reset();
        if (meaning === undefined) work.mutate();
        else open();
      }}
    >
      {label}
    </Button>
  );
  return (
    <>
      {viewer ? (
        <Tooltip
          label="Your token may look and not touch. Sign in with an operator's token to do this."
          events={{ hover: true, focus: true, touch: true }}
        >
          {button}
        </Tooltip>
      ) : (
        button
      )}
      <Modal opened={asking} onClose={close} title={<Text fw={640}>{name ?? label}?</Text>}>
        <Stack>
          <div>{meaning}</div>
          {work.error && (
            <Alert color="red" role="alert" title="It was refused">
              {work.error.message}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              Leave it
            </Button>
            <Button color={danger ? "red" : "lotus"} loading={work.isPending} onClick={() => work.mutate()}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function tell({ message, run }: Accepted): void {
  notifications.show({
    color: "teal",
    title: message,
    message: run.url ? (
      <Anchor href={run.url} target="_blank" size="sm">
        Follow {run.workflowId} in Temporal
      </Anchor>
    ) : (
      <code>{run.workflowId}</code>
    ),
  });
}
