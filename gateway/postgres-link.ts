import type { ClientChannel } from "./client-channel.ts";
import { PgError } from "./pg-error.ts";
import { SESSION_SETTINGS } from "./settings-guard.ts";
import type { SqlText } from "./statements.ts";
import type { Upstream } from "./upstream.ts";
import { BodyReader, type Frame } from "./wire/frames.ts";
import * as wire from "./wire/messages.ts";

/** Postgres has said what is wrong, and the client has heard it. */
export class Told extends Error {}

/** Of statements that the gateway itself has Postgres run in a client's session. */
const OWN_NAME = "lotus_gateway";

/** Cannot be parsed: it makes a transaction fail, as a statement of it did that Postgres does not know of. */
const POISON = "a statement failed in the gateway";

/** What a session has its Postgres do. An error of Postgres's is passed on to the client, and thrown as Told. */
export class PostgresLink {
  readonly #client: ClientChannel;
  readonly #upstream: Upstream;

  constructor(client: ClientChannel, upstream: Upstream) {
    this.#client = client;
    this.#upstream = upstream;
  }

  /** Sends messages and takes the answers, up to one of these types. `text`: what they are about. */
  async ask(text: Pick<SqlText, "offset">, messages: readonly Buffer[], until: string): Promise<Frame[]> {
    const answers = await this.attempt(messages, until);
    this.tell(text, answers);
    return answers;
  }

  /** The same, but an error is only the last of the answers: for the caller to pass on, or to try again. */
  attempt(messages: readonly Buffer[], until: string): Promise<Frame[]> {
    // What was told of others before is not about these.
    this.#upstream.takeTree();
    return this.#upstream.ask(messages, until);
  }

  /** Passes on an error among answers. @throws Told */
  tell(text: Pick<SqlText, "offset">, answers: readonly Frame[]): void {
    const last = answers.at(-1);
    if (last?.type === "E") this.#passError(last, text.offset);
  }

  /** Forgets a statement or portal. */
  async close(target: wire.Target): Promise<void> {
    await this.ask({ offset: 0 }, [wire.close(target)], "3");
  }

  /** Runs a portal, and passes on what Postgres answers, at the client's pace. */
  async run(text: Pick<SqlText, "offset">, messages: readonly Buffer[]): Promise<void> {
    this.#upstream.send(...messages, wire.FLUSH);
    for (;;) {
      const answer = await this.#upstream.next();
      if (answer.type === "E") this.#passError(answer, text.offset);
      if (!"12n".includes(answer.type)) await this.#passOn(answer);
      if ("CIs".includes(answer.type)) return;
    }
  }

  /** The first row of a query of the gateway's own; parameters in text, values in this format. */
  async row(
    sql: string,
    parameters: readonly { type: number; value: Buffer | null }[],
    format: 0 | 1,
  ): Promise<(Buffer | null)[]> {
    const answers = await this.ask(
      { offset: 0 },
      [
        wire.parse({ statement: OWN_NAME, sql, parameterTypes: parameters.map(({ type }) => type) }),
        wire.bind({
          portal: OWN_NAME,
          statement: OWN_NAME,
          parameterFormats: [0],
          parameters: parameters.map(({ value }) => value),
          resultFormats: [format],
        }),
        wire.execute(OWN_NAME, 0),
        wire.close({ kind: "portal", name: OWN_NAME }),
        wire.close({ kind: "statement", name: OWN_NAME }),
      ],
      "C",
    );
    // Both have been closed when this has come twice.
    await this.#upstream.next();
    await this.#upstream.next();
    this.#upstream.takeTree();
    const row = answers.find(({ type }) => type === "D");
    const reader = new BodyReader(row?.body ?? Buffer.alloc(2));
    return reader.list(() => {
      const length = reader.int32();
      return length === -1 ? null : reader.bytes(length);
    });
  }

  /**
   * The tree of what was asked for last, where Postgres analysed it just now. Of what was only bound it may be that of
   * the body of a function.
   */
  takeTree(): string | null {
    return this.#upstream.takeTree();
  }

  /** Makes Postgres tell what statements mean again, where a client has silenced it. */
  async listen(): Promise<void> {
    const calls = Object.entries(SESSION_SETTINGS).map(
      ([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`,
    );
    await this.row(`SELECT ${calls.join(", ")}`, [], 0);
  }

  /** For a text that the gateway cannot read: Postgres is to say what is wrong with it. */
  async refuse(statement: string, sql: string): Promise<never> {
    await this.ask({ offset: 0 }, [wire.parse({ statement, sql, parameterTypes: [] })], "1");
    throw new PgError("0A000", "the statement is in a grammar that the gateway does not know");
  }

  /**
   * Ends what was sent since the last time.
   * @param failed whether something failed that Postgres does not know of.
   */
  async sync(failed: boolean): Promise<wire.TransactionStatus> {
    const poison = failed ? [wire.parse({ statement: OWN_NAME, sql: POISON, parameterTypes: [] })] : [];
    this.#upstream.send(...poison, wire.SYNC);
    for (;;) {
      const answer = await this.#upstream.next();
      if (answer.type === "Z") return answer.body.toString("latin1") as wire.TransactionStatus;
      if (answer.type === "E" && !failed) this.#client.write(answer.bytes);
    }
  }

  /**
   * The same for what Postgres only parsed, bound and described: nothing that it says can be new, so that nobody waits
   * for it.
   */
  syncUnheard(): void {
    this.#upstream.sendLater(wire.SYNC);
    this.#upstream.skip("Z");
  }

  async #passOn(answer: Frame): Promise<void> {
    if (answer.type === "D" || answer.type === "d") await this.#client.writeAtItsPace(answer.bytes);
    else this.#client.write(answer.bytes);
  }

  #passError(answer: Frame, offset: number): never {
    this.#client.write(offset === 0 ? answer.bytes : wire.movePosition("E", answer.body, offset));
    throw new Told();
  }
}
