import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCloudOff, IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiProblem } from "../api/problem.ts";
import classes from "./Feedback.module.css";
import { LotusMark } from "./LotusMark.tsx";

/** There is nothing, and that is an answer: says what would bring something. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={classes.state}>
      <LotusMark size={40} />
      <Text fw={600}>{title}</Text>
      {children && (
        <Text c="dimmed" maw={440}>
          {children}
        </Text>
      )}
    </div>
  );
}

/** Something failed: in the API's own words, with the id to find it in the log by. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  const Icon = problem?.status === 0 ? IconCloudOff : IconAlertTriangle;
  return (
    <div className={classes.state} role="alert">
      <Icon size={36} stroke={1.5} color="var(--bad)" aria-hidden />
      <Text fw={600}>{titleOf(problem)}</Text>
      <Text c="dimmed" maw={560} style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
        {error instanceof Error ? error.message : String(error)}
      </Text>
      {problem?.instance && (
        <Text c="dimmed" size="xs" className="mono">
          {problem.code} · request {problem.instance}
        </Text>
      )}
      {retry && (
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function titleOf(problem: ApiProblem | null): string {
  if (problem?.status === 404) return "There is no such thing";
  if (problem?.status === 0) return "Lotus cannot be reached";
  if (problem?.code === "QUERY_FAILED") return "The statement failed";
  if (problem?.code === "QUERY_TIMEOUT") return "The statement took too long";
  return "This could not be shown";
}

/** The shape of what comes. */
export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading" role="status" p="md">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <Skeleton key={row} height={18} radius="sm" width={`${92 - ((row * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}
