import { IconExternalLink } from "@tabler/icons-react";
import { Link } from "wouter";
import type { AssetState } from "../api/types.ts";
import { assetLooks } from "../format/states.ts";
import classes from "./Links.module.css";
import { StateBadge } from "./StateBadge.tsx";

export function assetHref(key: string): string {
  return `/assets/${encodeURIComponent(key)}`;
}

export function streamHref({ source, stream }: { source: string; stream: string }): string {
  return `/streams/${encodeURIComponent(source)}/${encodeURIComponent(stream)}`;
}

function runHref(workflowId: string, runId: string | null): string {
  const path = `/runs/${workflowId.split("/").map(encodeURIComponent).join("/")}`;
  return runId === null ? path : `${path}?run=${encodeURIComponent(runId)}`;
}

/** An asset by name, with how it stands where that is known. */
export function AssetChip({ name, state }: { name: string; state: AssetState | undefined }) {
  return (
    <Link href={assetHref(name)} className={classes.chip} title={name}>
      {state && <StateBadge look={assetLooks[state]} bare />}
      <span className="mono">{name}</span>
    </Link>
  );
}

/** A name that leads somewhere. */
export function Name({ href, children }: { href: string; children: string }) {
  return (
    <Link href={href} className={`${classes.name} mono`} title={children}>
      {children}
    </Link>
  );
}

/** A run: here, and in Temporal's UI where its address is known. */
export function RunLinks({ run }: { run: { workflowId: string; runId: string | null; url: string | null } }) {
  return (
    <span className={classes.run}>
      <Name href={runHref(run.workflowId, run.runId)}>{run.workflowId}</Name>
      <TemporalLink run={run} />
    </span>
  );
}

function TemporalLink({ run }: { run: { workflowId: string; url: string | null } }) {
  if (run.url === null) return null;
  return (
    <a
      href={run.url}
      target="_blank"
      rel="noreferrer"
      className={classes.temporal}
      aria-label={`${run.workflowId} in Temporal`}
      title="Open in Temporal"
    >
      <IconExternalLink size={14} aria-hidden />
    </a>
  );
}
