import type { Session } from "../lake/session.ts";
import { type BatchLimits, inFeedingOrder, nextBatchLength, type WaitingFile } from "./batch-plan.ts";
import { Ledger } from "./ledger.ts";
import { listObjects } from "./listing.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { listingStart, rawPrefix, readPlace } from "./raw-layout.ts";

/** An object that cannot be fed as it is, with the reason for the quarantine. */
export interface MisplacedObject extends StoredObject {
  reason: string;
}

/** What a backlog needs to know of its stream. */
export interface WatchedStream {
  source: string;
  stream: string;
  lookbackDays: number;
}

/** What one listing found that the lake does not hold yet. */
export interface Waiting {
  files: number;
  bytes: number;
  misplaced: number;
}

/** Files for one batch, in feeding order, and what is set aside with them. */
export interface NextBatch {
  files: WaitingFile[];
  misplaced: MisplacedObject[];
  /** Files that go on waiting after this batch. */
  remaining: number;
  /** Those of them that make the batch after it, as things stand. */
  following: WaitingFile[];
}

/**
 * What waits in S3 for one stream, as this process last saw it. Only a hint, kept so that each of a long
 * backlog's batches need not list everything again: whatever it says is checked against the ledger, and losing it
 * costs a listing.
 */
export class Backlog {
  readonly #stream: WatchedStream;
  readonly #store: ObjectStore;
  readonly #ledger: Ledger;
  readonly #prefix: string;
  #files: WaitingFile[] = [];
  #misplaced: MisplacedObject[] = [];
  readonly #changing = new Set<string>();
  #whole: { at: number; milliseconds: number; pages: number } | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stream: WatchedStream, store: ObjectStore) {
    this.#stream = stream;
    this.#store = store;
    this.#ledger = new Ledger(stream.source, stream.stream);
    this.#prefix = rawPrefix(stream.source, stream.stream);
  }

  /** The key of the last cursor that this process saw; null before it saw one. A listing may start from an older one. */
  cursorKey: string | null = null;

  get ledger(): Ledger {
    return this.#ledger;
  }

  /**
   * Lists S3 once and keeps what is not in the ledger. Starts from the cursor's day less the look-back, or at the
   * beginning when `whole` or when a whole listing is due: what is late must not be late for ever, so that everything
   * is listed each time while that is one request, and beyond that in 1% of the time, once a minute to once a day.
   */
  scan(session: Session, options: { cursorKey: string | null; whole?: boolean }): Promise<Waiting> {
    return this.#inTurn(async () => {
      const whole = options.whole || options.cursorKey === null || this.#wholeListingDue();
      const start =
        whole || options.cursorKey === null
          ? null
          : listingStart(this.#prefix, options.cursorKey, this.#stream.lookbackDays);
      this.cursorKey = options.cursorKey;
      const started = Date.now();
      const { objects, pages } = await this.#unknownObjects(start);
      let unknown = objects;
      // Of the listing alone: how long the lake takes below says nothing of how often listing is cheap.
      if (start === null) this.#whole = { at: Date.now(), milliseconds: Date.now() - started, pages };
      if (unknown.length > 0) {
        // Another process may have fed them since this copy of the ledger was read.
        await this.#ledger.refresh(session);
        unknown = unknown.filter((object) => this.#ledger.standing(object) !== "known");
      }
      this.#keep(unknown, start);
      return this.#waiting();
    });
  }

  /** The next batch within the limits, of what still waits by the ledger as it is now. */
  next(limits: BatchLimits): Promise<NextBatch> {
    return this.#inTurn(async () => {
      this.#files = this.#files.filter((file) => this.#ledger.standing(file) !== "known");
      this.#misplaced = this.#misplaced.filter((object) => this.#ledger.standing(object) !== "known");
      const length = nextBatchLength(this.#files, limits);
      const rest = this.#files.slice(length);
      return {
        files: this.#files.slice(0, length),
        misplaced: this.#misplaced.slice(0, limits.batchFiles),
        following: rest.slice(0, nextBatchLength(rest, limits)),
        remaining: rest.length + Math.max(0, this.#misplaced.length - limits.batchFiles),
      };
    });
  }

  /** Drops objects that S3 no longer holds as they were listed; a listing that shows them brings them back. */
  forget(objects: readonly StoredObject[]): void {
    const gone = new Set(objects.map((object) => object.key));
    for (const key of gone) this.#changing.add(key);
    this.#files = this.#files.filter((file) => !gone.has(file.key));
  }

  /** Whether this process or the ledger may have seen other content under this key. */
  sawOther(key: string): boolean {
    return this.#changing.has(key) || this.#ledger.isSetAside(key);
  }

  #wholeListingDue(): boolean {
    if (!this.#whole) return true;
    const { at, milliseconds, pages } = this.#whole;
    return pages <= 1 || Date.now() - at > Math.min(Math.max(milliseconds * 100, 60_000), 86_400_000);
  }

  async #unknownObjects(start: string | null): Promise<{ objects: StoredObject[]; pages: number }> {
    const unknown = new Map<string, StoredObject>();
    let pages = 0;
    for await (const page of listObjects(this.#store, this.#prefix, start)) {
      pages += 1;
      for (const object of page)
        if (this.#ledger.standing(object) !== "known") unknown.set(object.key, object);
    }
    return { objects: [...unknown.values()], pages };
  }

  #keep(unknown: StoredObject[], start: string | null): void {
    // What an earlier listing found before the place where this one started goes on waiting.
    const before = (object: StoredObject) =>
      start !== null && object.key <= start && this.#ledger.standing(object) !== "known";
    const files: WaitingFile[] = this.#files.filter(before);
    const misplaced: MisplacedObject[] = this.#misplaced.filter(before);
    const listed = new Map(this.#files.map((file) => [file.key, file.etag]));
    for (const object of unknown) {
      // Its footer may have been read ahead; what waits under this key now is something else.
      if ((listed.get(object.key) ?? object.etag) !== object.etag) this.#changing.add(object.key);
      const place = readPlace(this.#prefix, object.key);
      if ("reason" in place) misplaced.push({ ...object, reason: place.reason });
      else if (this.#ledger.standing(object) === "overwritten")
        misplaced.push({ ...object, reason: OVERWRITTEN });
      else files.push({ ...object, place });
    }
    this.#files = inFeedingOrder(files);
    this.#misplaced = misplaced;
  }

  #waiting(): Waiting {
    return {
      files: this.#files.length,
      bytes: this.#files.reduce((bytes, file) => bytes + file.size, 0),
      misplaced: this.#misplaced.length,
    };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

const OVERWRITTEN =
  "overwritten after it was fed: the lake keeps the rows it read; land changed data under a new key";
