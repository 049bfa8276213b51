import type { z } from "zod";
import type { TemporalConnection } from "../common/settings.ts";
import type { runLink } from "./schemas/common.ts";

/** A run in Temporal's UI; null where its address is not known. */
export function runUrl(
  { ui, namespace }: TemporalConnection,
  workflowId: string,
  runId: string | null,
): string | null {
  if (ui === null) return null;
  const path = [
    "namespaces",
    namespace,
    "workflows",
    workflowId,
    ...(runId === null ? [] : [runId, "history"]),
  ];
  return `${ui.replace(/\/+$/, "")}/${path.map(encodeURIComponent).join("/")}`;
}

/** `{workflow id}/{run id}` as a link. */
export function linkOf(temporal: TemporalConnection, run: string): z.infer<typeof runLink> {
  const cut = run.lastIndexOf("/");
  const [workflowId, runId] = cut < 0 ? [run, null] : [run.slice(0, cut), run.slice(cut + 1)];
  return { workflowId, runId, url: runUrl(temporal, workflowId, runId) };
}

/** What the lake says that did something, as a link; null where that is no run. */
export function recordedLink(
  temporal: TemporalConnection,
  run: string | null,
): z.infer<typeof runLink> | null {
  return run?.includes("/") ? linkOf(temporal, run) : null;
}
