import { setTimeout } from "node:timers/promises";
import type { Lake } from "../../lake/lake.ts";
import { type News, newestSnapshot, newsAfter } from "../read/news.ts";

/** How soon what happened is told. */
const LOOK_MS = 1000;
/** News at a time. */
const AT_ONCE = 200;
/** News that are kept for all listeners; who is further behind reads the lake. */
const KEPT = 1000;

/**
 * What happens in the lake, for many who listen: one look a second for all of them, none while nobody listens. A
 * listener is told everything that came after the place where it begins, once and in order, as fast as it takes it;
 * nothing piles up for one that is slow.
 */
export class NewsFeed {
  readonly #lake: Lake;
  readonly #stopped = new AbortController();
  readonly #wakeUps = new Set<() => void>();
  #listeners = 0;
  #looking: Promise<void> | null = null;
  /** Everything after snapshot `from`, up to the last look; null: before the first. */
  #recent: { from: number; news: News[] } | null = null;

  constructor(lake: Lake) {
    this.#lake = lake;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners;
  }

  /** What happens after snapshot `after`, until `signal` is aborted or the feed is stopped. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<News[], void> {
    const isOver = () => signal.aborted || this.#stopped.signal.aborted;
    let last = after;
    this.#listeners += 1;
    try {
      while (!isOver()) {
        this.#looking ??= this.#look();
        const known = this.#recent;
        const news = await this.#after(last).catch(() => null);
        if (isOver()) return;
        if (news === null) await this.#pause();
        else if (news.length > 0) yield news;
        else if (this.#recent === known) await this.#change(signal);
        last = news?.at(-1)?.id ?? last;
      }
    } finally {
      this.#listeners -= 1;
    }
  }

  /** Ends it for all who listen. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wakeAll();
    await this.#looking;
  }

  async #after(last: number): Promise<News[]> {
    const recent = this.#recent;
    if (recent && last >= recent.from) return recent.news.filter(({ id }) => id > last).slice(0, AT_ONCE);
    return this.#lake.withSession((session) => newsAfter(session, last, AT_ONCE));
  }

  async #look(): Promise<void> {
    while (this.#listeners > 0 && !this.#stopped.signal.aborted) {
      // While the catalog is away nothing is told; a later look finds what happened meanwhile.
      await this.#lookOnce().catch(() => {});
      await this.#pause();
    }
    this.#recent = null;
    this.#looking = null;
  }

  async #lookOnce(): Promise<void> {
    const recent = this.#recent;
    if (recent === null) {
      this.#recent = { from: await this.#lake.withSession(newestSnapshot), news: [] };
    } else {
      const last = recent.news.at(-1)?.id ?? recent.from;
      const news = await this.#lake.withSession((session) => newsAfter(session, last, AT_ONCE));
      if (news.length === 0) return;
      const all = [...recent.news, ...news];
      const from = all.slice(0, -KEPT).at(-1)?.id ?? recent.from;
      this.#recent = { from, news: all.slice(-KEPT) };
    }
    this.#wakeAll();
  }

  /** Resolves when the next look finds something, or it is over. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = () => {
        this.#wakeUps.delete(wakeUp);
        signal.removeEventListener("abort", wakeUp);
        resolve();
      };
      this.#wakeUps.add(wakeUp);
      signal.addEventListener("abort", wakeUp);
    });
  }

  #wakeAll(): void {
    for (const wakeUp of this.#wakeUps) wakeUp();
  }

  #pause(): Promise<void> {
    return setTimeout(LOOK_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}
