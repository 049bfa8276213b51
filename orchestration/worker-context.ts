import type { Client } from "@temporalio/client";
import type { Project, Stream } from "../assets/definitions.ts";
import type { FeederContext } from "../assets/feeder/feed-batch.ts";
import { RunnableModel } from "../assets/feeder/runnable-model.ts";
import { LotusError } from "../common/errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { Backlog } from "../sensors/backlog.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import type { LotusEvents } from "./events.ts";

/** What a worker's activities work with. */
export interface WorkerContext {
  lake: Lake;
  store: ObjectStore;
  project: Project;
  client: Client;
  events: LotusEvents;
  feeders: Feeders;
  /** Assets whose last recorded state is `failed`: their next success is recorded too. */
  failed: Set<string>;
  /** What failed before is tried again at once. */
  startedAt: Date;
}

/** The context of each stream's writer, made on first use and kept: its backlog remembers what S3 holds. */
export class Feeders {
  readonly #contexts = new Map<string, Promise<FeederContext>>();
  readonly #parts: { lake: Lake; store: ObjectStore; project: Project; scratch: Session };

  constructor(parts: { lake: Lake; store: ObjectStore; project: Project; scratch: Session }) {
    this.#parts = parts;
  }

  /** @throws LotusError NOT_FOUND when the project has no such stream. */
  get(source: string, stream: string): Promise<FeederContext> {
    const key = `${source}/${stream}`;
    let context = this.#contexts.get(key);
    if (!context) {
      context = this.#make(source, stream);
      // A failure is not remembered: the next use tries again.
      context.catch(() => this.#contexts.delete(key));
      this.#contexts.set(key, context);
    }
    return context;
  }

  async #make(source: string, stream: string): Promise<FeederContext> {
    const { lake, store, project, scratch } = this.#parts;
    const definition = findStream(project, source, stream);
    const backlog = new Backlog({ source, stream, lookbackDays: definition.feeder.lookbackDays }, store);
    const model = await RunnableModel.prepare(scratch, definition.processed, definition.landing.table);
    return { lake, store, stream: definition, backlog, model };
  }
}

/** @throws LotusError NOT_FOUND with the streams that there are. */
export function findStream(project: Project, source: string, stream: string): Stream {
  const found = project.streams.find(
    (candidate) => candidate.source === source && candidate.stream === stream,
  );
  if (found) return found;
  const disabled = project.disabled[`feeder_${source}_${stream}`];
  const names = project.streams.map((candidate) => `${candidate.source}/${candidate.stream}`).join(", ");
  throw new LotusError(
    "NOT_FOUND",
    disabled
      ? `Stream ${source}/${stream} is disabled: ${disabled} Run \`lotus check\`.`
      : `No stream ${source}/${stream} in this project. There are: ${names || "none"}.`,
  );
}
