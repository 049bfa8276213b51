import { LotusError } from "../common/errors.ts";
import type { Connections, EngineSettings } from "../common/settings.ts";
import { Engine } from "./engine.ts";
import { isEngineLost } from "./faults.ts";
import type { Session } from "./session.ts";

/** The extensions that the lake loads: name → a file to LOAD, or the name itself where it is installed. */
export type LakeExtensions = Record<"ducklake" | "postgres_scanner" | "httpfs", string>;

export interface LakeOptions {
  connections: Pick<Connections, "catalogUrl" | "s3">;
  engine: EngineSettings;
  extensions: LakeExtensions;
  /** Folder for DuckDB's spill files. */
  spillDir: string;
  /** `read`: nothing can be written through this lake, and none is created where there is none. */
  mode?: "write" | "read";
  /** Mode `read` only: a snapshot's number or a time; everything, views and meta tables too, is as it was then. */
  at?: string | undefined;
  /** Statements that each DuckDB runs once it is attached: for what its sessions find beside the lake. */
  prelude?: readonly string[];
  /** The schema that its sessions are in; default: the lake's `main`. */
  home?: "lakehouse.main" | "memory.main";
}

/** DuckDB forgets an interruption that comes before a statement begins, which may have to wait for a thread. ms */
const INTERRUPT_AGAIN = 500;

/**
 * The door to the DuckLake: sessions on a DuckDB that has it attached as `lakehouse`. A session is used by one piece
 * of work at a time; between uses it is kept, since `USE` on a new one costs up to 10 ms. A DuckDB that failed in
 * itself answers nothing any more: the work that ran in it fails with ENGINE_FAILED, the next opens another.
 */
export class Lake {
  readonly bucket: string;
  readonly #options: LakeOptions;
  #engine: Engine | null;
  #opening: Promise<Engine> | null = null;
  #frugal = 0;
  #threadsTurn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(options: LakeOptions, engine: Engine) {
    this.#options = options;
    this.#engine = engine;
    this.bucket = options.connections.s3.bucket;
  }

  /**
   * Opens the lake; in mode `write` creates it where it does not exist yet.
   * @throws LotusError CATALOG_UNREACHABLE, S3_UNREACHABLE, LAKE_INCOMPATIBLE or SETTINGS_INVALID
   */
  static async open(options: LakeOptions): Promise<Lake> {
    return new Lake(options, await Engine.open(options));
  }

  /**
   * Runs `work` with a session of its own. A session whose work failed is not used again. Aborting `signal`
   * interrupts the statement that runs, and those that are still begun.
   */
  async withSession<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { engine, session } = await this.#takeSession();
    let again: NodeJS.Timeout | undefined;
    const interrupt = () => {
      session.interrupt();
      again = setTimeout(interrupt, INTERRUPT_AGAIN);
    };
    signal?.addEventListener("abort", interrupt);
    try {
      const result = await work(session);
      engine.giveBack(session);
      return result;
    } catch (error) {
      const isEnded = await session.rollback().then(
        () => true,
        () => false,
      );
      if (!isEnded || isEngineLost(error)) this.#abandon(engine);
      session.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", interrupt);
      clearTimeout(again);
    }
  }

  /**
   * Runs `work` while DuckDB has one thread, for when memory is short: each thread holds what it reads and writes.
   * Whatever else runs in this process meanwhile is slower, and not wrong.
   */
  async withOneThread<T>(work: () => Promise<T>): Promise<T> {
    this.#frugal += 1;
    try {
      await this.#setThreads();
      return await work();
    } finally {
      this.#frugal -= 1;
      await this.#setThreads().catch(() => {});
    }
  }

  /** Closes every idle session and the instance. Sessions in use end with their work. */
  close(): void {
    this.#closed = true;
    this.#engine?.close();
    this.#engine = null;
  }

  async #takeSession(): Promise<{ engine: Engine; session: Session }> {
    const engine = await this.#currentEngine();
    try {
      return { engine, session: await engine.take() };
    } catch (error) {
      if (!isEngineLost(error)) throw error;
      this.#abandon(engine);
      const other = await this.#currentEngine();
      return { engine: other, session: await other.take() };
    }
  }

  async #currentEngine(): Promise<Engine> {
    if (this.#closed) throw new LotusError("CANCELLED", "The lake is closed; open it again.");
    if (this.#engine) return this.#engine;
    this.#opening ??= this.#openAnother();
    return this.#opening;
  }

  async #openAnother(): Promise<Engine> {
    try {
      const engine = await Engine.open(this.#options);
      if (this.#closed) engine.close();
      else this.#engine = engine;
      return engine;
    } finally {
      this.#opening = null;
    }
  }

  /** Whoever still works in it fails by itself, and comes here too. */
  #abandon(engine: Engine): void {
    if (this.#engine === engine) this.#engine = null;
    engine.abandon();
  }

  #setThreads(): Promise<void> {
    const usual = this.#options.engine.threads;
    const set = async () => (await this.#currentEngine()).setThreads(this.#frugal > 0 ? 1 : usual);
    const done = this.#threadsTurn.then(set);
    this.#threadsTurn = done.catch(() => {});
    return done;
  }
}
