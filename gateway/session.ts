import type { ClientChannel } from "./client-channel.ts";
import { postgresError, type RowSource, type StopReason } from "./cursor.ts";
import type { LakeReader, PostgresRun } from "./lake-reader.ts";
import { LakeTransaction } from "./lake-transaction.ts";
import { PgError } from "./pg-error.ts";
import { PostgresLink, Told } from "./postgres-link.ts";
import { type LakeRun, Preparation } from "./preparation.ts";
import { encodersOf, sendCopy, sendRows, skipRows } from "./results.ts";
import { readStatements, type Statement } from "./statements.ts";
import type { Upstream } from "./upstream.ts";
import { BodyReader, type Frame } from "./wire/frames.ts";
import * as wire from "./wire/messages.ts";

/** Who runs a statement. */
type Run =
  | PostgresRun
  | LakeRun
  /** The gateway: a cursor of its own is read or closed, or a portal of DuckDB's, which SQL takes for one. */
  | { by: "cursor" };

interface Prepared {
  statement: Statement;
  run: Run;
}

/** A statement with its parameters. */
interface Portal extends Prepared {
  name: string;
  /** Literals in DuckDB's SQL. */
  parameters: readonly string[];
  /** Formats of the columns that the client gets, as Bind says them. */
  formats: readonly number[];
  /** Its rows, once DuckDB has begun to run it. */
  open: OpenRows | null;
  /** Of a statement on a cursor that has run: rows that it may still give. */
  left: number | null;
  /** Postgres, which keeps the rows of all that it reads, has begun to run it. */
  served: boolean;
}

interface OpenRows {
  cursor: RowSource;
  release: () => void;
}

/** Of a portal whose rows were sent without a cursor. */
const ALL_READ: OpenRows = {
  cursor: { isRepeatable: true, next: async () => null, stop: () => {} },
  release: () => {},
};

/** A cursor that was declared. */
interface Declared extends OpenRows {
  fields: wire.FieldDescription[];
  hold: boolean;
  /** The transaction that declared it has committed. */
  committed: boolean;
  /** The transaction failed since: a roll-back to a savepoint may have undone it. */
  doubtful: boolean;
}

const QUERY_PLAN = wire.textField("QUERY PLAN");

const NOTHING = { kind: "empty", sql: "", offset: 0 } as const;

/**
 * One client's session after it has logged in. Postgres keeps its transactions, settings and statements, and says what
 * each statement means; those on lake tables are run by DuckDB. Messages are worked on one after another.
 */
export class Session {
  readonly #client: ClientChannel;
  readonly #postgres: PostgresLink;
  readonly #preparation: Preparation;
  readonly #lake: LakeTransaction;
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  readonly #cursors = new Map<string, Declared>();
  #status: wire.TransactionStatus = "I";
  /** A transaction may have begun since Postgres told the status. */
  #begun = false;
  /** After an error, everything up to the next Sync is left out. */
  #skipping = false;
  /** Something failed that Postgres does not know of. */
  #failed = false;
  /** Postgres did something, so that its transaction may stand elsewhere. */
  #moved = false;
  /** The transaction may have changed settings: for itself, or until it is rolled back. */
  #unsettled = false;

  constructor(client: ClientChannel, upstream: Upstream, reader: LakeReader, user: string) {
    this.#client = client;
    this.#postgres = new PostgresLink(client, upstream);
    this.#lake = new LakeTransaction(reader, this.#postgres, user);
    this.#preparation = new Preparation(this.#postgres, reader, this.#lake);
  }

  /** Serves the client until it leaves. @throws PgError when the connection cannot go on. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#client.next();
        if (message === null || message.type === "X") return;
        if (!this.#skipping || message.type === "S") await this.#serve(message);
      }
    } finally {
      this.#endTransaction();
      for (const name of [...this.#cursors.keys()]) this.#dropCursor(name);
    }
  }

  /** Stops the statement that DuckDB runs; false where none is. */
  stop(reason: StopReason): boolean {
    return this.#lake.stop(reason);
  }

  async #serve(message: Frame): Promise<void> {
    try {
      await this.#dispatch(message);
    } catch (error) {
      this.#tell(error);
      this.#skipping = true;
    }
  }

  async #dispatch({ type, body }: Frame): Promise<void> {
    switch (type) {
      case "Q":
        return this.#query(new BodyReader(body).string());
      case "P":
        return this.#parse(wire.readParse(body));
      case "B":
        return this.#bind(wire.readBind(body));
      case "D":
        return this.#describe(wire.readTarget(body));
      case "E":
        return this.#execute(wire.readExecute(body));
      case "C":
        return this.#close(wire.readTarget(body));
      case "S":
        return this.#sync();
      case "F":
        throw new PgError("0A000", "function calls are not supported", { hint: "Use SELECT." });
      // Flush: nothing is held back. The others: what is left of a COPY that failed.
      case "H":
      case "d":
      case "c":
      case "f":
        return;
      default:
        throw new PgError("08P01", `invalid frontend message type ${type.charCodeAt(0)}`);
    }
  }

  /** Tells the client of an error, unless it has heard. @throws the error when the session cannot go on. */
  #tell(error: unknown): void {
    this.#moved = true;
    if (error instanceof Told) return;
    if (error instanceof PgError && /^08/.test(error.sqlstate)) throw error;
    this.#failed = true;
    this.#client.write(wire.errorResponse(postgresError(error)));
  }

  async #sync(): Promise<void> {
    this.#skipping = false;
    if (this.#failed || this.#moved) this.#status = await this.#postgres.sync(this.#failed);
    else this.#postgres.syncUnheard();
    this.#failed = false;
    this.#moved = false;
    this.#begun = false;
    if (this.#status === "I") this.#endTransaction();
    if (this.#status === "E") for (const declared of this.#cursors.values()) declared.doubtful = true;
    this.#client.write(wire.readyForQuery(this.#status));
  }

  /** Whether what is asked now belongs to a transaction that goes on. */
  get #inBlock(): boolean {
    return this.#status !== "I" || this.#moved;
  }

  #endTransaction(): void {
    for (const name of [...this.#portals.keys()]) this.#dropPortal(name);
    for (const [name, declared] of [...this.#cursors]) {
      if (!declared.hold || declared.doubtful) this.#dropCursor(name);
      declared.committed = true;
    }
    this.#lake.end();
    if (this.#unsettled) this.#forgetSettings();
    this.#unsettled = false;
  }

  #forgetSettings(): void {
    this.#unsettled = true;
    this.#lake.forgetSettings();
    this.#preparation.forget();
  }

  /** A cursor WITH HOLD outlives its transaction when that commits. */
  #dropUncommitted(): void {
    for (const [name, { committed }] of [...this.#cursors]) if (!committed) this.#dropCursor(name);
  }

  // Simple queries: all at once, in text.

  async #query(sql: string): Promise<void> {
    try {
      this.#dropPortal("");
      this.#statements.delete("");
      const statements = readStatements(sql);
      if (statements === null) await this.#postgres.refuse("", sql);
      if (statements?.length === 0) this.#client.write(wire.EMPTY_QUERY);
      for (const statement of statements ?? []) await this.#runAtOnce(statement);
    } catch (error) {
      this.#tell(error);
    }
    await this.#sync();
  }

  async #runAtOnce(statement: Statement): Promise<void> {
    const portal = portalOf(await this.#prepare("", statement, [], true), [], []);
    if (portal.run.by === "postgres") {
      const describe = wire.describe({ kind: "portal", name: "" });
      return this.#runUpstream(statement, portal.run, [describe, wire.execute("", 0)]);
    }
    const fields = this.#fieldsOf(portal);
    if (fields) this.#client.write(wire.rowDescription(fields));
    try {
      await this.#runPortal(portal, Number.POSITIVE_INFINITY);
    } finally {
      portal.open?.release();
    }
  }

  // The extended protocol: message by message.

  async #parse({ statement: name, sql, parameterTypes }: wire.ParseMessage): Promise<void> {
    const statements = readStatements(sql);
    if (statements === null || statements.length > 1) await this.#postgres.refuse(name, sql);
    if (name === "") this.#statements.delete("");
    else if (this.#statements.has(name))
      throw new PgError("42P05", `prepared statement "${name}" already exists`);
    this.#statements.set(name, await this.#prepare(name, statements?.[0] ?? NOTHING, parameterTypes, false));
    this.#client.write(wire.PARSE_COMPLETE);
  }

  async #bind(message: wire.BindMessage): Promise<void> {
    const prepared = this.#statementNamed(message.statement);
    const { statement, run } = prepared;
    // Of portals that it knows, too, Postgres says whether they are still there.
    const known = this.#portals.get(message.portal);
    const isOurs = known !== undefined && (run.by === "cursor" || known.run.by === "cursor");
    const isTaken = isOurs || this.#cursors.has(message.portal);
    if (message.portal === "") this.#dropPortal("");
    else if (isTaken) throw new PgError("42P03", `cursor "${message.portal}" already exists`);
    let parameters: string[] = [];
    if (run.by === "cursor") {
      if (this.#status === "E") throw inFailedTransaction();
    } else {
      // The columns that Postgres knows of are not those that the client asks formats for.
      const wrapped = run.by === "lake" && statement.kind !== "select";
      const bound = {
        ...message,
        statement: run.by === "lake" ? run.statement : message.statement,
        resultFormats: wrapped ? [] : message.resultFormats,
      };
      const bind = this.#postgres.ask(statement, [wire.bind(bound)], "2");
      await (run.by === "lake" ? Promise.all([bind, this.#lake.pin()]) : bind);
    }
    if (run.by === "lake") {
      this.#preparation.renew(run);
      parameters = await this.#preparation.literals(run.parameterTypes, message);
    }
    this.#dropPortal(message.portal);
    this.#portals.set(message.portal, portalOf(prepared, parameters, message.resultFormats, message.portal));
    this.#client.write(wire.BIND_COMPLETE);
  }

  async #describe(target: wire.Target): Promise<void> {
    const portal =
      target.kind === "portal"
        ? this.#portals.get(target.name)
        : portalOf(this.#statementNamed(target.name), [], []);
    if (!portal) return this.#describeCursor(target.name);
    const { statement, run } = portal;
    if (run.by === "postgres") {
      const answers = await this.#postgres.ask(statement, [wire.describe(target)], "Tn");
      for (const answer of answers) this.#client.write(answer.bytes);
      return;
    }
    const fields = this.#fieldsOf(portal);
    if (this.#status === "E" && fields) throw inFailedTransaction();
    if (target.kind === "statement")
      this.#client.write(wire.parameterDescription(run.by === "lake" ? run.parameterTypes : []));
    this.#client.write(fields ? wire.rowDescription(fields) : wire.NO_DATA);
  }

  /** A cursor that was declared is a portal too; those of the catalog Postgres knows. */
  async #describeCursor(name: string): Promise<void> {
    const declared = this.#cursors.get(name);
    if (declared && this.#status === "E") throw inFailedTransaction();
    if (declared) return this.#client.write(wire.rowDescription(declared.fields));
    // What Postgres has under no name is the gateway's.
    if (name === "") throw new PgError("34000", 'portal "" does not exist');
    const describe = wire.describe({ kind: "portal", name });
    for (const answer of await this.#postgres.ask({ offset: 0 }, [describe], "Tn"))
      this.#client.write(answer.bytes);
  }

  async #execute({ portal: name, maxRows }: { portal: string; maxRows: number }): Promise<void> {
    const portal = this.#portalNamed(name);
    // Postgres 18.4 is not asked: it may fall over a portal that was bound before its transaction failed.
    if (this.#status === "E" && portal.statement.kind !== "postgres") throw inFailedTransaction();
    if (portal.run.by === "postgres")
      return this.#runUpstream(portal.statement, portal.run, [wire.execute(name, maxRows)]);
    return this.#runPortal(portal, maxRows > 0 ? maxRows : Number.POSITIVE_INFINITY);
  }

  async #close(target: wire.Target): Promise<void> {
    const { kind, name } = target;
    const known = kind === "portal" ? this.#portals.get(name) : this.#statements.get(name);
    if (kind === "statement") this.#statements.delete(name);
    else if (known) this.#dropPortal(name);
    else this.#dropCursor(name);
    const kept = kind === "statement" && known?.run.by === "lake" && known.run.statement !== name;
    if (known?.run.by !== "cursor" && !kept) await this.#postgres.close(target);
    this.#client.write(wire.CLOSE_COMPLETE);
  }

  // What a statement is, and who runs it.

  /** Has a statement parsed under a name; `bound`: and bound to the portal of that name. */
  async #prepare(
    name: string,
    statement: Statement,
    parameterTypes: number[],
    bound: boolean,
  ): Promise<Prepared> {
    const ofCursor = statement.kind === "fetch" || statement.kind === "close";
    if (ofCursor && this.#isOwn(statement.cursor)) return this.#ofCursor(statement);
    // Postgres does not know of it.
    if (
      statement.kind === "deallocate" &&
      this.#statements.get(statement.statement ?? "")?.run.by === "cursor"
    )
      return this.#ofCursor(statement);
    const request = { name, parameterTypes, bound, inBlock: this.#inBlock, failed: this.#status === "E" };
    return { statement, run: await this.#preparation.prepare(statement, request) };
  }

  /** Null: is any cursor? */
  #isOwn(name: string | null): boolean {
    if (name === null)
      return this.#cursors.size > 0 || [...this.#portals.values()].some(({ run }) => run.by === "lake");
    const portal = this.#portals.get(name);
    return this.#cursors.has(name) || (portal?.run.by === "lake" && !portal.served);
  }

  #ofCursor(statement: Statement): Prepared {
    if (this.#status === "E") throw inFailedTransaction();
    return { statement, run: { by: "cursor" } };
  }

  /** Columns that the client gets from a portal, or null where it gets none. */
  #fieldsOf({ statement, run, formats }: Portal): wire.FieldDescription[] | null {
    const format = (index: number) => (formats.length > 1 ? formats[index] : formats[0]) ?? 0;
    if (statement.kind === "explain") return [QUERY_PLAN];
    if (run.by === "cursor" && statement.kind === "fetch") {
      const fields =
        this.#cursors.get(statement.cursor)?.fields ?? this.#selectNamed(statement.cursor).run.fields;
      if (statement.move) return null;
      return fields.map((field, index) => ({ ...field, format: field.format === 1 ? 1 : format(index) }));
    }
    if (run.by !== "lake" || statement.kind !== "select") return null;
    return run.fields.map((field, index) => ({ ...field, format: format(index) }));
  }

  // Running.

  async #runUpstream(statement: Statement, { setsSettings }: PostgresRun, messages: Buffer[]): Promise<void> {
    if (statement.kind === "declare") this.#refuseTaken(statement.cursor);
    this.#moved = true;
    // Also where it fails: half of it may have happened.
    if (setsSettings) this.#forgetSettings();
    await this.#postgres.run(statement, messages);
    this.#postgres.takeTree();
    if (statement.kind === "deallocate") {
      if (statement.statement === null) this.#forgetStatements();
      else this.#statements.delete(statement.statement);
    }
    if (statement.kind !== "postgres") return;
    this.#begun = true;
    if (statement.effect === "rolls back") this.#dropUncommitted();
    if (statement.effect === "commits" || statement.effect === "rolls back") this.#endTransaction();
    if (statement.effect === "discards everything") {
      this.#forgetStatements();
      for (const name of [...this.#cursors.keys()]) this.#dropCursor(name);
      await this.#postgres.listen();
    }
  }

  /** Postgres has none any more. */
  #forgetStatements(): void {
    this.#statements.clear();
    this.#preparation.areGone();
  }

  async #runPortal(portal: Portal, most: number): Promise<void> {
    const { statement, run, parameters } = portal;
    if (run.by === "cursor") return this.#runOnCursor(portal, most);
    if (run.by !== "lake") throw new Error("Postgres runs this portal");
    switch (statement.kind) {
      case "select":
        return this.#sendSelect(portal, run, most);
      case "copy":
        return this.#copy(portal, run);
      case "declare":
        return this.#declare(portal, run);
      case "explain": {
        if (statement.format !== "text")
          throw new PgError("0A000", `EXPLAIN of lake tables has no format ${statement.format}`, {
            hint: "The plan is DuckDB's, in text.",
          });
        for (const line of await this.#lake.explain(run.tree, parameters, statement.analyze))
          this.#client.write(wire.textRow([line]));
        return this.#client.write(wire.commandComplete("EXPLAIN"));
      }
      default:
        throw new Error(`the lake runs no ${statement.kind}`);
    }
  }

  async #sendSelect(portal: Portal, run: LakeRun, most: number): Promise<void> {
    if (portal.open === null) portal.served ||= await this.#lake.isServed(run, portal.parameters);
    if (portal.served) {
      this.#moved = true;
      const rows = Number.isFinite(most) ? most : 0;
      return this.#postgres.run(portal.statement, [wire.execute(portal.name, rows)]);
    }
    const fields = this.#fieldsOf(portal) ?? [];
    const whole = portal.open === null && !Number.isFinite(most);
    const key = whole ? await this.#lake.resultKey(run, portal.parameters, fields) : null;
    const kept = key === null ? null : this.#lake.results.find(key);
    if (kept) {
      portal.open = ALL_READ;
      await this.#client.writeAtItsPace(kept.bytes);
      return this.#client.write(wire.commandComplete(`SELECT ${kept.rows}`));
    }
    const { cursor } = await this.#opened(portal, run);
    const encoders = encodersOf(fields, await this.#lake.settings());
    const sent = await this.#lake.limited(cursor, () => sendRows(this.#client, cursor, encoders, most));
    if (key !== null && sent.bytes && cursor.isRepeatable)
      this.#lake.results.keep(key, { bytes: sent.bytes, rows: sent.rows });
    this.#client.write(sent.ended ? wire.commandComplete(`SELECT ${sent.rows}`) : wire.PORTAL_SUSPENDED);
  }

  async #copy(portal: Portal, run: LakeRun): Promise<void> {
    if (portal.statement.kind !== "copy") return;
    const { options } = portal.statement;
    const open = await this.#lake.open(run.tree, portal.parameters);
    portal.open = open;
    const format = options.format === "binary" ? 1 : 0;
    const fields = run.fields.map((field) => ({ ...field, format }));
    const encoders = encodersOf(fields, await this.#lake.settings());
    this.#client.write(wire.copyOutResponse(fields.length, format));
    const names = fields.map(({ name }) => name);
    const rows = await this.#lake.limited(open.cursor, () =>
      sendCopy(this.#client, open.cursor, names, encoders, options),
    );
    this.#client.write(wire.COPY_DONE);
    this.#client.write(wire.commandComplete(`COPY ${rows}`));
  }

  // Cursors.

  async #declare(portal: Portal, run: LakeRun): Promise<void> {
    if (portal.statement.kind !== "declare") return;
    const { cursor: name, hold, binary } = portal.statement;
    if (!hold && this.#status === "I" && !this.#begun)
      throw new PgError("25P01", "DECLARE CURSOR can only be used in transaction blocks");
    this.#refuseTaken(name);
    this.#dropCursor(name);
    const open = await this.#lake.open(run.tree, portal.parameters);
    const fields = run.fields.map((field) => ({ ...field, format: binary ? 1 : 0 }));
    this.#cursors.set(name, { ...open, fields, hold, committed: false, doubtful: false });
    this.#client.write(wire.commandComplete("DECLARE CURSOR"));
  }

  /** @throws PgError where a cursor or portal of this name is open */
  #refuseTaken(name: string): void {
    const known = this.#cursors.get(name);
    if ((known && !known.doubtful) || this.#portals.has(name))
      throw new PgError("42P03", `cursor "${name}" already exists`);
  }

  async #runOnCursor(portal: Portal, most: number): Promise<void> {
    const { statement } = portal;
    const isRead = statement.kind === "fetch" && !statement.move;
    if (!isRead && portal.left !== null)
      throw new PgError("55000", `portal "${portal.name}" cannot be run`, {
        hint: "It has run. Bind it again.",
      });
    if (!isRead) portal.left = 0;
    if (statement.kind === "close") {
      if (statement.cursor === null) return this.#closeAll();
      const name = statement.cursor;
      if (this.#portals.get(name)?.run.by === "lake") {
        this.#dropPortal(name);
        await this.#postgres.close({ kind: "portal", name });
      } else this.#dropCursor(name);
      return this.#client.write(wire.commandComplete("CLOSE CURSOR"));
    }
    if (statement.kind === "deallocate") {
      this.#statements.delete(statement.statement ?? "");
      return this.#client.write(wire.commandComplete("DEALLOCATE"));
    }
    if (statement.kind !== "fetch") throw new Error(`no cursor runs ${statement.kind}`);
    const { cursor } = await this.#rowsNamed(statement.cursor);
    if (statement.move) {
      const rows = await this.#lake.limited(cursor, () => skipRows(cursor, statement.count));
      return this.#client.write(wire.commandComplete(`MOVE ${rows}`));
    }
    const left = portal.left ?? statement.count;
    const encoders = encodersOf(this.#fieldsOf(portal) ?? [], await this.#lake.settings());
    const sent = await this.#lake.limited(cursor, () =>
      sendRows(this.#client, cursor, encoders, Math.min(left, most)),
    );
    portal.left = sent.ended ? 0 : left - sent.rows;
    this.#client.write(sent.rows < most ? wire.commandComplete(`FETCH ${sent.rows}`) : wire.PORTAL_SUSPENDED);
  }

  /** Those of the catalog, too, and portals of the protocol's: to SQL they are cursors. */
  async #closeAll(): Promise<void> {
    for (const name of [...this.#cursors.keys()]) this.#dropCursor(name);
    for (const [name, { run }] of [...this.#portals]) if (run.by === "lake") this.#dropPortal(name);
    this.#moved = true;
    await this.#postgres.row("CLOSE ALL", [], 0);
    this.#client.write(wire.commandComplete("CLOSE CURSOR ALL"));
  }

  #dropCursor(name: string): void {
    this.#cursors.get(name)?.release();
    this.#cursors.delete(name);
  }

  #dropPortal(name: string): void {
    this.#portals.get(name)?.open?.release();
    this.#portals.delete(name);
  }

  async #rowsNamed(name: string): Promise<OpenRows> {
    const declared = this.#cursors.get(name);
    if (declared) return declared;
    const { portal, run } = this.#selectNamed(name);
    return this.#opened(portal, run);
  }

  async #opened(portal: Portal, run: LakeRun): Promise<OpenRows> {
    if (portal.served) throw new PgError("55000", `cursor "${portal.name}" is read by Postgres already`);
    portal.open ??= await this.#lake.open(run.tree, portal.parameters);
    return portal.open;
  }

  /** A portal whose rows DuckDB gives. */
  #selectNamed(name: string): { portal: Portal; run: LakeRun } {
    const portal = this.#portals.get(name);
    if (portal?.run.by !== "lake" || portal.statement.kind !== "select")
      throw new PgError("34000", `cursor "${name}" does not exist`);
    return { portal, run: portal.run };
  }

  #portalNamed(name: string): Portal {
    const found = this.#portals.get(name);
    if (!found) throw new PgError("34000", `portal "${name}" does not exist`);
    return found;
  }

  #statementNamed(name: string): Prepared {
    const found = this.#statements.get(name);
    if (found) return found;
    const which = name === "" ? "unnamed prepared statement" : `prepared statement "${name}"`;
    throw new PgError("26000", `${which} does not exist`);
  }
}

function inFailedTransaction(): PgError {
  return new PgError(
    "25P02",
    "current transaction is aborted, commands ignored until end of transaction block",
  );
}

function portalOf(
  prepared: Prepared,
  parameters: readonly string[],
  formats: readonly number[],
  name = "",
): Portal {
  return { ...prepared, name, parameters, formats, open: null, left: null, served: false };
}
