import { ActionIcon, Button, Group, Menu, Select, Text } from "@mantine/core";
import { IconHistory, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { CopyText } from "../../components/CopyText.tsx";
import { exact } from "../../format/numbers.ts";
import { duration, relative } from "../../format/time.ts";
import { askedBefore } from "./history.ts";
import classes from "./Toolbar.module.css";
import { linkTo } from "./useSharedSql.ts";

const LIMITS = [1000, 10_000, 100_000];

interface Props {
  sql: string;
  maxRows: number;
  /** When the question that runs was asked; null while none runs. */
  since: number | null;
  onMaxRows: (rows: number) => void;
  onRun: () => void;
  onCancel: () => void;
  onRecall: (sql: string) => void;
}

export function Toolbar({ sql, maxRows, since, onMaxRows, onRun, onCancel, onRecall }: Props) {
  return (
    <Group gap="xs" className={classes.bar}>
      {since === null ? (
        <Button
          leftSection={<IconPlayerPlay size={15} aria-hidden />}
          rightSection={<kbd className={classes.key}>Ctrl ⏎</kbd>}
          disabled={sql.trim() === ""}
          onClick={onRun}
        >
          Run
        </Button>
      ) : (
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={15} aria-hidden />}
          rightSection={<Elapsed since={since} />}
          onClick={onCancel}
        >
          Cancel
        </Button>
      )}
      <Select
        w={138}
        aria-label="At most so many rows"
        data={LIMITS.map((rows) => ({ value: String(rows), label: `${exact(rows)} rows` }))}
        value={String(maxRows)}
        onChange={(value) => onMaxRows(Number(value ?? LIMITS[0]))}
        allowDeselect={false}
      />
      <Group gap={4} ml="auto">
        <CopyText text={() => linkTo(sql)} what="the link to this query" />
        <History onRecall={onRecall} />
      </Group>
    </Group>
  );
}

function History({ onRecall }: { onRecall: (sql: string) => void }) {
  const [asked, setAsked] = useState(askedBefore);
  return (
    <Menu position="bottom-end" width={420} onOpen={() => setAsked(askedBefore())}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Earlier queries" title="Earlier queries">
          <IconHistory size={17} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown mah={380} style={{ overflowY: "auto" }} maw="92vw">
        <Menu.Label>Asked in this browser</Menu.Label>
        {asked.length === 0 && (
          <Text size="sm" c="dimmed" px="sm" pb="xs">
            Nothing yet
          </Text>
        )}
        {asked.map(({ sql, at }) => (
          <Menu.Item key={at} onClick={() => onRecall(sql)}>
            <code className={classes.earlier}>{sql}</code>
            <Text size="xs" c="dimmed">
              {relative(at, Date.now())}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 200);
    return () => clearInterval(timer);
  }, []);
  return <span className={classes.elapsed}>{duration(Math.max(0, now - since) / 1000)}</span>;
}
