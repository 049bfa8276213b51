import { KnownStatements, keyOf } from "./known-statements.ts";
import type { LakeQuery, LakeReader, PostgresRun } from "./lake-reader.ts";
import type { LakeTransaction } from "./lake-transaction.ts";
import { PgError } from "./pg-error.ts";
import type { PostgresLink } from "./postgres-link.ts";
import type { SqlText, Statement } from "./statements.ts";
import { parameterLiteral } from "./values/parameter.ts";
import * as wire from "./wire/messages.ts";

/** DuckDB runs a statement. What Postgres knows under the statement's name is the query: of EXPLAIN, COPY and DECLARE too. */
export interface LakeRun extends LakeQuery {
  /** The name that Postgres knows it by. */
  statement: string;
  parameterTypes: number[];
  fields: wire.FieldDescription[];
}

/** How a statement is to be prepared. */
interface Request {
  /** In Postgres. */
  name: string;
  /** Types that the client says its parameters have. */
  parameterTypes: number[];
  /** Whether to bind it at once, to the unnamed portal: without parameters, in text. */
  bound: boolean;
  /** Whether it belongs to a transaction that goes on. */
  inBlock: boolean;
  /** Whether that transaction has failed. */
  failed: boolean;
}

/** What a session's statements mean, as Postgres says it, and so who runs them. */
export class Preparation {
  readonly #postgres: PostgresLink;
  readonly #reader: LakeReader;
  readonly #lake: LakeTransaction;
  readonly #known = new KnownStatements();

  constructor(postgres: PostgresLink, reader: LakeReader, lake: LakeTransaction) {
    this.#postgres = postgres;
    this.#reader = reader;
    this.#lake = lake;
  }

  /** Has Postgres parse a statement, and finds out who is to run it. @throws PgError; Told where Postgres refuses it. */
  async prepare(statement: Statement, request: Request): Promise<PostgresRun | LakeRun> {
    const { name, parameterTypes, bound } = request;
    const query = queryOf(statement);
    if (query) {
      const run = await this.#mean(query, request);
      if (run.by === "lake" || query === statement) return run;
      await this.#postgres.close({ kind: "statement", name });
    }
    const parse = wire.parse({ statement: name, sql: statement.sql, parameterTypes });
    const messages = bound ? [parse, bindInText(name)] : [parse];
    await this.#postgres.ask(statement, messages, bound ? "2" : "1");
    return { by: "postgres", setsSettings: setsSettings(statement) };
  }

  /** Settings may have changed: what statements mean has to be asked again. */
  forget(): void {
    this.#known.forgetAll();
  }

  /** Postgres has forgotten all statements that it had parsed. */
  areGone(): void {
    this.#known.areGone();
  }

  /** Where Postgres has analysed a statement anew as it was bound, it means something else now. @throws PgError 40001 */
  renew(run: LakeRun): void {
    const text = this.#renewedTree();
    if (text !== null) this.#renew(run, text);
  }

  /** The tree of a statement on lake tables that was bound, where Postgres has analysed it anew for that. */
  #renewedTree(): string | null {
    const text = this.#postgres.takeTree();
    return text !== null && this.#reader.readsTables(text) ? text : null;
  }

  #renew(run: LakeRun, text: string): void {
    const found = this.#reader.route(text);
    if (found === "unknown" || found.by === "postgres")
      throw new PgError("40001", "the lake's tables have changed since the statement was prepared");
    Object.assign(run, found);
  }

  /** The parameters of Bind as literals in DuckDB's SQL. @throws PgError */
  async literals(types: readonly number[], message: wire.BindMessage): Promise<string[]> {
    const { parameterFormats: formats, parameters } = message;
    const literals: string[] = [];
    for (const [index, type] of types.entries()) {
      const format = (formats.length > 1 ? formats[index] : formats[0]) === 1 ? 1 : 0;
      const value = parameters[index] ?? null;
      let literal = parameterLiteral(type, format, value);
      if (typeof literal !== "string") {
        // Postgres reads what may be written in many ways, and gives it in the one that leaves no doubt.
        const [read] = await this.#postgres.row("SELECT $1", [{ type, value }], 1);
        literal = parameterLiteral(type, 1, read ?? null);
      }
      if (typeof literal !== "string") throw new PgError("0A000", "a parameter's value cannot be read");
      literals.push(literal);
    }
    return literals;
  }

  /** What a query means, which Postgres need not say again of one without a name that it was asked for already. */
  async #mean(query: SqlText, request: Request): Promise<PostgresRun | LakeRun> {
    const { name, parameterTypes, inBlock, failed } = request;
    if (inBlock) await this.#lake.begin();
    if (name !== "" || failed) return this.#analyse(query, request);
    const key = keyOf(query.sql, parameterTypes);
    const known = this.#known.find(key, this.#reader.shown);
    if (known && (await this.#isStillKnown(known, request))) return known;
    this.#known.forget(key);
    const ownName = this.#known.nameFor(key);
    const run = await this.#analyse(query, { ...request, name: ownName });
    if (run.by === "lake") this.#known.note(key, run, this.#reader.shown);
    else if (ownName !== "") {
      // What the lake had is Postgres's now, and runs under the client's name for it.
      await this.#postgres.close({ kind: "statement", name: ownName });
      return this.#analyse(query, request);
    }
    return run;
  }

  /** Whether a statement still means what it did; it is bound then, where that is asked for. */
  async #isStillKnown(run: LakeRun, { bound, inBlock }: Request): Promise<boolean> {
    if (!bound) return !this.#reader.isBehind(await this.#lake.pin());
    const bind = this.#postgres.attempt([bindInText(run.statement)], "2");
    const [snapshot, answers] = await Promise.all([this.#lake.pin(), bind]);
    const text = this.#renewedTree();
    if (!inBlock && (answers.at(-1)?.type === "E" || text !== null || this.#reader.isBehind(snapshot))) {
      // Whatever is wrong with it, or new, is for the whole way to find out.
      await this.#postgres.sync(true);
      return false;
    }
    this.#postgres.tell({ offset: 0 }, answers);
    if (text !== null) this.#renew(run, text);
    return true;
  }

  /** Has Postgres analyse a query under a name. */
  async #analyse(
    query: SqlText,
    { name, parameterTypes, bound, inBlock }: Request,
  ): Promise<PostgresRun | LakeRun> {
    const until = bound ? "2" : "Tn";
    for (let attempt = 1; ; attempt += 1) {
      const messages = [
        ...this.#known.takeStale().map((stale) => wire.close({ kind: "statement", name: stale })),
        wire.parse({ statement: name, sql: query.sql, parameterTypes }),
        wire.describe({ kind: "statement", name }),
        ...(bound ? [bindInText(name)] : []),
      ];
      const [snapshot, answers] = await Promise.all([
        this.#lake.pin(),
        this.#postgres.attempt(messages, until),
      ]);
      const text = this.#postgres.takeTree();
      if (attempt === 1 && !inBlock && this.#reader.isBehind(snapshot)) {
        // What Postgres has just looked at it holds on to, until the end of its transaction.
        await this.#postgres.sync(true);
        await this.#postgres.close({ kind: "statement", name });
        await this.#postgres.sync(false);
        await this.#reader.show(snapshot);
        continue;
      }
      this.#postgres.tell(query, answers);
      const found = text === null ? null : this.#reader.route(text);
      if (found !== null && found !== "unknown" && found.by === "postgres") return found;
      if (attempt < 3 && (found === null || found === "unknown")) {
        // Once more, when Postgres talks again, or the gateway has seen what another one has changed.
        await this.#postgres.close({ kind: "statement", name });
        await (found === null ? this.#postgres.listen() : this.#reader.sync());
        continue;
      }
      if (found === null) throw new PgError("XX000", "Postgres does not tell what the statement means");
      if (found === "unknown")
        throw new PgError("42P01", "a table that the statement reads is not in the lake");
      const described = answers.find(({ type }) => type === "t");
      const fields = answers.find(({ type }) => type === "T");
      return {
        ...found,
        statement: name,
        parameterTypes: described ? wire.readParameterDescription(described.body) : [],
        fields: fields ? wire.readRowDescription(fields.body) : [],
      };
    }
  }
}

/** Binds a statement to the unnamed portal. */
function bindInText(statement: string): Buffer {
  return wire.bind({
    portal: "",
    statement,
    parameterFormats: [],
    parameters: [],
    resultFormats: [],
  });
}

/** Whether the session's settings may be others after a statement that Postgres runs. */
function setsSettings(statement: Statement): boolean {
  if (statement.kind === "postgres")
    return statement.effect === "sets settings" || statement.effect === "discards everything";
  return queryOf(statement) !== null;
}

/** The query of a statement that has one. */
function queryOf(statement: Statement): SqlText | null {
  if (statement.kind === "select") return statement;
  const wraps = statement.kind === "explain" || statement.kind === "copy" || statement.kind === "declare";
  return wraps ? statement.query : null;
}
