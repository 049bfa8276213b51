import { EventEmitter } from "node:events";

/** What happens in this process's worker, as it happens. For people who watch; nothing depends on it. */
export type LotusEvent =
  | { kind: "found"; source: string; stream: string; files: number; bytes: number }
  | {
      kind: "batch";
      source: string;
      stream: string;
      files: number;
      rows: number;
      bytes: number;
      quarantined: number;
      /** Those of the files that came in for what was fed under their keys before. */
      replaced: number;
      /** Objects that were deleted after they were fed. */
      lost: number;
      remaining: number;
      milliseconds: number;
    }
  | {
      kind: "rebuild";
      asset: string;
      reason: string;
      rows: number;
      changedRows: number;
      milliseconds: number;
    }
  | {
      kind: "materialization";
      asset: string;
      mode: string;
      reason: string | null;
      rows: number;
      changedRows: number;
      milliseconds: number;
    }
  /** A chunk of a backfill was done. */
  | {
      kind: "chunk";
      backfill: string;
      asset: string;
      files: number;
      changedRows: number;
      milliseconds: number;
    }
  | { kind: "failure"; asset: string; message: string };

export class LotusEvents {
  readonly #emitter = new EventEmitter();

  emit(event: LotusEvent): void {
    this.#emitter.emit("event", event);
  }

  /** Calls `listener` for each event; returns a function that ends it. */
  listen(listener: (event: LotusEvent) => void): () => void {
    this.#emitter.on("event", listener);
    return () => this.#emitter.off("event", listener);
  }
}
