import { collectDefaultMetrics, Registry } from "prom-client";
import type { ApiContext } from "../context.ts";
import { createHistory } from "./history.ts";
import { createQueue } from "./queue.ts";
import { createStanding } from "./standing.ts";

/**
 * What Prometheus reads: how everything stands, what waits to be worked on, and what has happened since this process
 * began. One text at a time, so that nothing is counted twice.
 */
export function createMetrics(context: ApiContext): () => Promise<string> {
  const began = new Date();
  let scraping: Promise<unknown> = Promise.resolve();
  // Not before it is asked for: it watches the process.
  const create = () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const parts = [createStanding(registry, context), createQueue(registry, context)];
    return { registry, parts: [...parts, createHistory(registry, context, began)] };
  };
  let created: ReturnType<typeof create> | null = null;

  async function scrape(): Promise<string> {
    created ??= create();
    await Promise.all(created.parts.map((look) => look()));
    return created.registry.metrics();
  }

  return () => {
    const text = scraping.then(scrape);
    scraping = text.catch(() => {});
    return text;
  };
}
