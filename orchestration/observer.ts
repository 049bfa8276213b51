import type { Client } from "@temporalio/client";
import pLimit from "p-limit";
import type { Project } from "../assets/definitions.ts";
import { readCursorKey } from "../assets/feeder/batch-record.ts";
import type { Lake } from "../lake/lake.ts";
import { currentSnapshot } from "../lake/snapshots.ts";
import { readSnapshot } from "../lake/transaction.ts";
import { Backlog, type Waiting } from "../sensors/backlog.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { type LakeView, readLake } from "./lake-view.ts";
import { feederId, materializeId } from "./names.ts";
import { judge, type LakeStatus, type Observed } from "./status.ts";

/** What was seen of the lake, and when. */
export interface Observation extends Observed {
  status: LakeStatus;
  /** The snapshot that it was seen at. */
  snapshot: number;
  at: Date;
}

/** How old an answer may be. */
const FRESH_MS = 2000;
const STREAMS_AT_ONCE = 8;

/**
 * Looks at the lake for many who ask: what it saw is good for two seconds, one look is made at a time, and a look costs
 * little: of the lake only when there is another snapshot, of S3 one short listing a stream. `lotus status` looks by
 * itself (status.ts), thoroughly and once.
 */
export class LakeObserver {
  readonly #parts: { lake: Lake; store: ObjectStore; client: Client; project: Project };
  readonly #backlogs: ReadonlyMap<string, Backlog>;
  #view: { snapshot: number; view: LakeView } | null = null;
  #last: Observation | null = null;
  #looking: Promise<Observation> | null = null;

  constructor(parts: { lake: Lake; store: ObjectStore; client: Client; project: Project }) {
    this.#parts = parts;
    this.#backlogs = new Map(
      parts.project.streams.map(({ source, stream, feeder: { lookbackDays } }) => [
        `${source}/${stream}`,
        new Backlog({ source, stream, lookbackDays }, parts.store),
      ]),
    );
  }

  /** What the lake is like, at most two seconds ago. @throws LotusError when a part cannot be reached. */
  async current(): Promise<Observation> {
    if (this.#last && Date.now() - this.#last.at.getTime() < FRESH_MS) return this.#last;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<Observation> {
    const { project } = this.#parts;
    const at = new Date();
    // Temporal first: what a writer finishes in the meantime is then seen in the lake.
    const running = await this.#runningWriters();
    const { snapshot, view } = await this.#readLake();
    const waiting = await this.#waiting();
    const status = judge(project, { view, waiting, running });
    this.#last = { view, waiting, running, status, snapshot, at };
    return this.#last;
  }

  async #readLake(): Promise<{ snapshot: number; view: LakeView }> {
    const { lake, project } = this.#parts;
    this.#view = await lake.withSession((session) =>
      readSnapshot(session, async () => {
        const snapshot = await currentSnapshot(session);
        if (this.#view?.snapshot === snapshot) return this.#view;
        return { snapshot, view: await readLake(session, project) };
      }),
    );
    return this.#view;
  }

  async #waiting(): Promise<Map<string, Waiting>> {
    const { lake, store, project } = this.#parts;
    const limit = pLimit(STREAMS_AT_ONCE);
    const entries = project.streams.map((stream) =>
      limit(async () => {
        const name = `${stream.source}/${stream.stream}`;
        const backlog = this.#backlogs.get(name) as Backlog;
        const waiting = await lake.withSession(async (session) => {
          const cursorKey = backlog.cursorKey ?? (await readCursorKey(session, store, stream));
          return backlog.scan(session, { cursorKey });
        });
        return [name, waiting] as const;
      }),
    );
    return new Map(await Promise.all(entries));
  }

  /** One question for all of them; what Temporal's visibility has not heard of yet shows two seconds later. */
  async #runningWriters(): Promise<Set<string>> {
    const { client, project } = this.#parts;
    const assets = new Map([
      ...project.streams.map(
        ({ source, stream, processed }) => [feederId(source, stream), processed.asset] as const,
      ),
      ...project.models.map(({ asset }) => [materializeId(asset), asset] as const),
    ]);
    const running = new Set<string>();
    const query = "ExecutionStatus = 'Running' AND WorkflowType IN ('feeder', 'materialize')";
    for await (const { workflowId } of client.workflow.list({ query })) {
      const asset = assets.get(workflowId);
      if (asset) running.add(asset);
    }
    return running;
  }
}
