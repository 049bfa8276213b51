import { once } from "node:events";
import type pg from "pg";
import { messageOf } from "../../common/errors.ts";
import { frame } from "../wire/frames.ts";
import { COPY_DONE } from "../wire/messages.ts";

/** Where `COPY ... FROM STDIN` takes its rows from: whole CopyData messages. */
export type CopyMessages = AsyncIterable<Buffer>;

/**
 * Runs `COPY ... FROM STDIN` on a connection, at its pace. @throws what Postgres says, or what the messages failed with;
 * nothing has been copied then.
 */
export function copyIn(client: pg.ClientBase, sql: string, messages: CopyMessages): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(sql, messages, (failure) => (failure ? reject(failure.error) : resolve())));
  });
}

/** What `pg` calls while it runs. */
class CopyIn implements pg.Submittable {
  readonly #sql: string;
  readonly #messages: CopyMessages;
  readonly #done: (failure: { error: unknown } | null) => void;
  /** The first that is heard of. */
  #failure: { error: unknown } | null = null;
  readonly #heard = new AbortController();

  constructor(sql: string, messages: CopyMessages, done: (failure: { error: unknown } | null) => void) {
    this.#sql = sql;
    this.#messages = messages;
    this.#done = done;
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse({ stream }: pg.Connection): void {
    this.#send(stream).then(
      () => stream.write(COPY_DONE),
      (error) => {
        this.#failure ??= { error };
        stream.write(frame("f", Buffer.from(`${messageOf(error).replaceAll("\0", "")}\0`)));
      },
    );
  }

  async #send(stream: pg.Connection["stream"]): Promise<void> {
    const { signal } = this.#heard;
    for await (const message of this.#messages) {
      signal.throwIfAborted();
      if (!stream.write(message)) await once(stream, "drain", { signal });
    }
  }

  handleCommandComplete(): void {}

  /** Postgres has failed; what is sent now it does not look at. The connection may be gone. */
  handleError(error: unknown): void {
    this.#failure ??= { error };
    this.#heard.abort(error);
    this.#done(this.#failure);
  }

  handleReadyForQuery(): void {
    this.#done(this.#failure);
  }
}
