import type { Session } from "../lake/session.ts";
import { Appetite } from "./appetite.ts";
import { type BatchLimits, inFeedingOrder, nextBatchLength, type WaitingFile } from "./batch-plan.ts";
import { Ledger } from "./ledger.ts";
import { findGone, listObjects } from "./listing.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { isIgnored, listingStart, rawPrefix, readPlace } from "./raw-layout.ts";

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

/** What one listing found that the lake does not hold yet, or not any more as it was fed. */
export interface Waiting {
  /** Files to feed, those among them that were overwritten after they were fed. */
  files: number;
  bytes: number;
  misplaced: number;
  /** Objects that landing reads and S3 does not hold any more. */
  lost: number;
  /** When the oldest of the files was written; null: none waits. */
  oldest: Date | null;
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

/** Objects that changed after they were fed. Landing may not be readable until they are dealt with. */
export interface ChangedObjects {
  /** In feeding order. */
  overwritten: WaitingFile[];
  /** Keys of objects that were gone when last looked for. */
  lost: string[];
}

/** How many objects that a listing did not show are asked for one by one, before it is believed. */
const ASKED_AT_ONCE = 500;

/** How old the copy of the ledger may be with which a whole listing is compared. */
const LEDGER_READ_EVERY_MS = 60_000;

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
  #overwritten: WaitingFile[] = [];
  #lost: string[] = [];
  /** The last key that was asked for because a listing did not show it. */
  #askedUpTo = "";
  #ledgerReadAt = 0;
  readonly #changing = new Set<string>();
  #whole: { at: number; milliseconds: number; pages: number; releases: number } | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stream: WatchedStream, store: ObjectStore) {
    this.#stream = stream;
    this.#store = store;
    this.#ledger = new Ledger(stream.source, stream.stream, store.url(""));
    this.#prefix = rawPrefix(stream.source, stream.stream);
  }

  /** The key of the last cursor that this process saw; null before it saw one. A listing may start from an older one. */
  cursorKey: string | null = null;

  /** How much a batch of this stream takes on in this process. */
  readonly appetite = new Appetite();

  get ledger(): Ledger {
    return this.#ledger;
  }

  /**
   * Lists S3 once and keeps what is not in the ledger. Starts from the cursor's day less the look-back, or at the
   * beginning when `whole` or when a whole listing is due: what is late must not be late for ever, so that everything
   * is listed each time while that is one request, and beyond that in 1% of the time, once a minute to once a day, and
   * when something was taken out of the quarantine.
   * Only a whole listing tells that an object is gone, and only after it was asked for by itself: servers have cut
   * listings short.
   */
  scan(session: Session, options: { cursorKey: string | null; whole?: boolean }): Promise<Waiting> {
    return this.#inTurn(async () => {
      const whole = options.whole || options.cursorKey === null || this.#wholeListingDue();
      const start =
        whole || options.cursorKey === null
          ? null
          : listingStart(this.#prefix, options.cursorKey, this.#stream.lookbackDays);
      this.cursorKey = options.cursorKey;
      if (start === null) await this.#readLedger(session);
      const unseen = start === null ? this.#ledger.registeredRaw() : new Set<string>();
      const { releases } = this.#ledger;
      const started = Date.now();
      const { objects, pages } = await this.#unknownObjects(start, unseen);
      let unknown = objects;
      // Of the listing alone: how long the lake takes below says nothing of how often listing is cheap.
      if (start === null)
        this.#whole = { at: Date.now(), milliseconds: Date.now() - started, pages, releases };
      if (unknown.length + unseen.size > 0) {
        // Another process may have dealt with them since this copy of the ledger was read.
        await this.#ledger.refresh(session);
        unknown = unknown.filter((object) => this.#ledger.standing(object) !== "known");
      }
      this.#keep(unknown, start);
      if (start === null) this.#lost = await this.#confirmGone(unseen);
      return this.#waiting();
    });
  }

  /** The next batch within the limits, of what still waits by the ledger as it is now. */
  next(limits: BatchLimits): Promise<NextBatch> {
    return this.#inTurn(async () => {
      this.#sortOut();
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

  /** What changed after it was fed, by the ledger as it is now. */
  changed(): Promise<ChangedObjects> {
    return this.#inTurn(async () => {
      this.#sortOut();
      this.#lost = this.#lost.filter((key) => this.#ledger.isRegisteredRaw(key));
      return {
        overwritten: this.#overwritten.map((file) => ({ ...file, replaces: this.#ledger.fedAt(file.key) })),
        lost: this.#lost,
      };
    });
  }

  /** Drops objects that S3 no longer holds as they were listed; a listing that shows them brings them back. */
  forget(objects: readonly Pick<StoredObject, "key">[]): void {
    const gone = new Set(objects.map((object) => object.key));
    for (const key of gone) this.#changing.add(key);
    this.#files = this.#files.filter((file) => !gone.has(file.key));
    this.#overwritten = this.#overwritten.filter((file) => !gone.has(file.key));
    this.#lost = this.#lost.filter((key) => !gone.has(key));
  }

  /** Whether this process or the ledger may have seen other content under this key. */
  sawOther(key: string): boolean {
    return this.#changing.has(key) || this.#ledger.sawContent(key);
  }

  #wholeListingDue(): boolean {
    if (!this.#whole) return true;
    const { at, milliseconds, pages, releases } = this.#whole;
    if (this.#ledger.releases > releases) return true;
    return pages <= 1 || Date.now() - at > Math.min(Math.max(milliseconds * 100, 60_000), 86_400_000);
  }

  /** Nothing is missed of what the ledger does not know to be fed: another process may have fed it, and it is gone. */
  async #readLedger(session: Session): Promise<void> {
    await this.#ledger.load(session);
    if (Date.now() - this.#ledgerReadAt < LEDGER_READ_EVERY_MS) return;
    await this.#ledger.refresh(session);
    this.#ledgerReadAt = Date.now();
  }

  /** Lists what the ledger does not know, and takes what it meets out of `unseen`. */
  async #unknownObjects(
    start: string | null,
    unseen: Set<string>,
  ): Promise<{ objects: StoredObject[]; pages: number }> {
    const unknown = new Map<string, StoredObject>();
    let pages = 0;
    for await (const page of listObjects(this.#store, this.#prefix, start)) {
      pages += 1;
      for (const object of page) {
        unseen.delete(object.key);
        if (isIgnored(this.#prefix, object.key)) continue;
        if (this.#ledger.standing(object) !== "known") unknown.set(object.key, object);
      }
    }
    return { objects: [...unknown.values()], pages };
  }

  /** Those of the keys that landing still reads and that S3 does not hold. Asks for so many at a time, in turn. */
  async #confirmGone(unseen: ReadonlySet<string>): Promise<string[]> {
    const keys = [...unseen].filter((key) => this.#ledger.isRegisteredRaw(key)).sort();
    const next = keys.findIndex((key) => key > this.#askedUpTo);
    const inTurn = next < 0 ? keys : [...keys.slice(next), ...keys.slice(0, next)];
    const asked = inTurn.slice(0, ASKED_AT_ONCE);
    this.#askedUpTo = keys.length > asked.length ? (asked.at(-1) ?? "") : "";
    return findGone(this.#store, asked);
  }

  #keep(unknown: StoredObject[], start: string | null): void {
    // What an earlier listing found before the place where this one started goes on waiting.
    const before = (object: StoredObject) =>
      start !== null && object.key <= start && this.#ledger.standing(object) !== "known";
    const files: WaitingFile[] = this.#files.filter(before);
    const misplaced: MisplacedObject[] = this.#misplaced.filter(before);
    const overwritten: WaitingFile[] = this.#overwritten.filter(before);
    const listed = new Map(this.#files.map((file) => [file.key, file.etag]));
    for (const object of unknown) {
      // Its footer may have been read ahead; what waits under this key now is something else.
      if ((listed.get(object.key) ?? object.etag) !== object.etag) this.#changing.add(object.key);
      const place = readPlace(this.#prefix, object.key);
      if ("reason" in place) misplaced.push({ ...object, reason: place.reason });
      else if (this.#ledger.standing(object) === "overwritten") overwritten.push({ ...object, place });
      else files.push({ ...object, place });
    }
    this.#files = inFeedingOrder(files);
    this.#overwritten = inFeedingOrder(overwritten);
    this.#misplaced = misplaced;
  }

  /**
   * By the ledger as it is now: a file that was new when it was listed may have been fed since, as it is or as it was
   * before somebody overwrote it.
   */
  #sortOut(): void {
    const standing = (file: WaitingFile) => this.#ledger.standing(file);
    const overwritten = this.#files.filter((file) => standing(file) === "overwritten");
    this.#files = this.#files.filter((file) => standing(file) === "new");
    this.#overwritten = this.#overwritten.filter((file) => standing(file) === "overwritten");
    if (overwritten.length > 0) this.#overwritten = inFeedingOrder([...this.#overwritten, ...overwritten]);
  }

  #waiting(): Waiting {
    const files = [...this.#files, ...this.#overwritten];
    return {
      files: files.length,
      bytes: files.reduce((bytes, file) => bytes + file.size, 0),
      misplaced: this.#misplaced.length,
      lost: this.#lost.length,
      oldest: files.reduce<Date | null>(
        (oldest, { lastModified: at = null }) => (at && (!oldest || at < oldest) ? at : oldest),
        null,
      ),
    };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
