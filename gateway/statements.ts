import { loadModule, type Node, parseSync, type RawStmt, type ScanToken, scanSync } from "libpg-query";
import { Recent } from "../common/recent.ts";
import { PgError } from "./pg-error.ts";
import { refuseGuardedSetting } from "./settings-guard.ts";

/** A piece of a client's text. */
export interface SqlText {
  sql: string;
  /** Characters of the client's text in front of it, for the positions of errors. */
  offset: number;
}

/** What a statement asks for, by Postgres's own grammar. */
export type Statement = SqlText &
  (
    | { kind: "empty" }
    /** SELECT, VALUES, TABLE: where it runs is for its analysed tree to say. */
    | { kind: "select" }
    | { kind: "explain"; query: SqlText; analyze: boolean; format: string }
    | { kind: "copy"; query: SqlText; options: CopyOptions }
    | { kind: "declare"; cursor: string; query: SqlText; binary: boolean; hold: boolean; scroll: boolean }
    | { kind: "fetch"; cursor: string; count: number; move: boolean }
    /** Null: all cursors. */
    | { kind: "close"; cursor: string | null }
    /** Null: all statements. */
    | { kind: "deallocate"; statement: string | null }
    /** Settings and transactions: Postgres's own business. */
    | { kind: "postgres"; effect: Effect | null }
  );

/** What a statement of Postgres's does to what the gateway keeps for the session. */
export type Effect = "discards everything" | "commits" | "rolls back" | "sets settings";

/** The options of COPY ... TO STDOUT. */
export interface CopyOptions {
  format: "text" | "csv" | "binary";
  header: boolean;
  delimiter: string;
  null: string;
  quote: string;
  escape: string;
  /** Columns whose values are always quoted; `*`: all. */
  forceQuote: readonly string[] | "*";
}

/** Loads Postgres's grammar; to be awaited once before anything is read. */
export const loadGrammar = loadModule;

/** All rows, as Postgres's grammar has it. */
const ALL = 2_147_483_647;

/**
 * Reads a text of statements.
 * @returns null when the grammar refuses it: Postgres is to say why.
 * @throws PgError for a statement that is not for the gateway's clients.
 */
export function readStatements(text: string): readonly Statement[] | null {
  const known = recent.get(text);
  if (known) return known;
  const statements = parseStatements(text);
  if (statements && text.length <= LONGEST_KEPT) recent.set(text, statements);
  return statements;
}

/** Clients ask the same again and again. */
const recent = new Recent<string, readonly Statement[]>(512);
const LONGEST_KEPT = 8192;

function parseStatements(text: string): Statement[] | null {
  const source = new Source(text);
  let parsed: RawStmt[];
  try {
    if (/^[\s;]*$/.test(text)) return [];
    parsed = parseSync(text).stmts ?? [];
  } catch (error) {
    if (error instanceof Error && error.name === "SqlError") return null;
    throw new PgError("54001", "the statement is too complex to be read", { cause: error });
  }
  return parsed.map((raw) => {
    const start = raw.stmt_location ?? 0;
    const piece = source.slice(start, raw.stmt_len ? start + raw.stmt_len : source.length);
    return readStatement(raw.stmt as Node, piece);
  });
}

function readStatement(node: Node, text: SqlText): Statement {
  const [[tag, content] = ["", {}]] = Object.entries(node) as [string, never][];
  const reader = READERS[tag];
  if (!reader) throw refused(tag);
  return reader(content, text);
}

// biome-ignore lint/suspicious/noExplicitAny: the fields of each statement are typed where it is read.
const READERS: Record<string, (content: any, text: SqlText) => Statement> = {
  SelectStmt: (content: Fields<"SelectStmt">, text) => {
    if (content.intoClause) throw refused("SelectIntoStmt");
    return { ...text, kind: "select" };
  },
  ExplainStmt: (content: Fields<"ExplainStmt">, text) => {
    if (!content.query || !("SelectStmt" in content.query)) throw refused("ExplainStmt");
    const analyze = (content.options ?? []).some(
      (option) => "DefElem" in option && option.DefElem.defname === "analyze" && isOn(option.DefElem.arg),
    );
    const format = (content.options ?? []).flatMap((option) =>
      "DefElem" in option &&
      option.DefElem.defname === "format" &&
      option.DefElem.arg &&
      "String" in option.DefElem.arg
        ? [(option.DefElem.arg.String.sval ?? "text").toLowerCase()]
        : [],
    );
    return { ...text, kind: "explain", query: explained(text), analyze, format: format.at(-1) ?? "text" };
  },
  CopyStmt: (content: Fields<"CopyStmt">, text) => {
    if (content.is_from || content.is_program || content.filename !== undefined)
      throw new PgError("42501", "only COPY ... TO STDOUT is for clients of the gateway");
    return {
      ...text,
      kind: "copy",
      query: copied(content, text),
      options: copyOptions(content.options ?? []),
    };
  },
  DeclareCursorStmt: (content: Fields<"DeclareCursorStmt">, text) => {
    const options = content.options ?? 0;
    return {
      ...text,
      kind: "declare",
      cursor: content.portalname ?? "",
      query: after(text, "cursor", "for"),
      binary: (options & 1) !== 0,
      scroll: (options & 2) !== 0,
      hold: (options & 32) !== 0,
    };
  },
  FetchStmt: (content: Fields<"FetchStmt">, text) => {
    const count = Number(content.howMany ?? 0);
    const forward = (content.direction ?? "FETCH_FORWARD") === "FETCH_FORWARD" && count >= 0;
    if (!forward)
      throw new PgError("55000", "cursor can only scan forward", { hint: "Cursors of lake tables read on." });
    return {
      ...text,
      kind: "fetch",
      cursor: content.portalname ?? "",
      count: count >= ALL ? Number.POSITIVE_INFINITY : count,
      move: content.ismove ?? false,
    };
  },
  ClosePortalStmt: (content: Fields<"ClosePortalStmt">, text) => ({
    ...text,
    kind: "close",
    cursor: content.portalname ?? null,
  }),
  DeallocateStmt: (content: Fields<"DeallocateStmt">, text) => ({
    ...text,
    kind: "deallocate",
    statement: content.isall ? null : (content.name ?? null),
  }),
  DiscardStmt: (content: Fields<"DiscardStmt">, text) => ({
    ...text,
    kind: "postgres",
    effect: content.target === "DISCARD_ALL" ? "discards everything" : null,
  }),
  TransactionStmt: (content: Fields<"TransactionStmt">, text) => {
    if (/PREPARED|PREPARE$/.test(content.kind ?? "")) throw refused("TransactionStmt");
    const effect = TRANSACTION_EFFECTS[content.kind ?? ""] ?? null;
    return { ...text, kind: "postgres", effect };
  },
  VariableSetStmt: (content: Fields<"VariableSetStmt">, text) => {
    const resets = content.kind === "VAR_RESET" || content.kind === "VAR_SET_DEFAULT";
    if (content.name !== undefined && !resets) {
      if (content.name.toLowerCase() === "client_min_messages") return withoutEffect(text);
      refuseGuardedSetting(content.name);
    }
    return { ...text, kind: "postgres", effect: "sets settings" };
  },
  VariableShowStmt: (_content, text) => ({ ...text, kind: "postgres", effect: null }),
  UnlistenStmt: (_content, text) => ({ ...text, kind: "postgres", effect: null }),
};

type Fields<Tag extends string> =
  Extract<Node, Record<Tag, unknown>> extends Record<Tag, infer Content> ? Content : never;

/** The gateway needs all that Postgres says; a setting of the same name in a corner of its own takes the wish. */
function withoutEffect(text: SqlText): Statement {
  return {
    ...text,
    sql: text.sql.replace(/client_min_messages/i, "lotus_gateway.client_min_messages"),
    kind: "postgres",
    effect: "sets settings",
  };
}

const TRANSACTION_EFFECTS: Readonly<Record<string, Effect>> = {
  TRANS_STMT_COMMIT: "commits",
  TRANS_STMT_ROLLBACK: "rolls back",
  // Those of before the savepoint are back.
  TRANS_STMT_ROLLBACK_TO: "sets settings",
};

/** Names of what is refused, as Postgres's command tags have them. */
const COMMANDS: Readonly<Record<string, string>> = {
  CreateTableAsStmt: "CREATE TABLE AS",
  ExplainStmt: "EXPLAIN of anything but a SELECT",
  SelectIntoStmt: "SELECT INTO",
  TransactionStmt: "PREPARE TRANSACTION",
  VacuumStmt: "VACUUM",
};

function refused(tag: string): PgError {
  const command =
    COMMANDS[tag] ??
    tag
      .replace(/Stmt$/, "")
      .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
      .toUpperCase();
  return new PgError("25006", `cannot execute ${command}: the lake is read-only here`, {
    hint: "Lotus alone writes its tables; what is to be in them lands in S3 or is a model of the project.",
  });
}

function isOn(argument: Node | undefined): boolean {
  if (argument === undefined) return true;
  if ("String" in argument) return !/^(off|false|0|no)$/i.test(argument.String.sval ?? "");
  if ("Integer" in argument) return argument.Integer.ival !== 0;
  return !("Boolean" in argument) || argument.Boolean.boolval === true;
}

/** What follows the second of two keywords. */
function after(text: SqlText, first: string, second: string): SqlText {
  const source = new Source(text.sql);
  const tokens = wordsOf(text.sql);
  const from = tokens.findIndex((token) => isWord(token, first));
  const last = tokens.slice(from).find((token) => isWord(token, second));
  if (!last) throw new PgError("0A000", "the statement cannot be read");
  return shifted(source.slice(last.end, source.length), text.offset);
}

/** The query of EXPLAIN, EXPLAIN ANALYZE VERBOSE, EXPLAIN (options). */
function explained(text: SqlText): SqlText {
  const source = new Source(text.sql);
  const tokens = wordsOf(text.sql);
  let index = 1;
  while (["analyze", "analyse", "verbose"].some((word) => isWord(tokens[index], word))) index += 1;
  if (tokens[index]?.text === "(" && !startsQuery(tokens[index + 1])) index = closing(tokens, index) + 1;
  return shifted(source.slice(tokens[index]?.start ?? source.length, source.length), text.offset);
}

/** The query of COPY (...) TO, or that which reads the table of COPY table (columns) TO. */
function copied(content: Fields<"CopyStmt">, text: SqlText): SqlText {
  const source = new Source(text.sql);
  const tokens = wordsOf(text.sql);
  if (content.query) {
    if (!("SelectStmt" in content.query)) throw refused("CopyStmt");
    return shifted(source.slice(tokens[1]?.end ?? 0, tokens[closing(tokens, 1)]?.start ?? 0), text.offset);
  }
  const { catalogname, schemaname, relname } = content.relation ?? {};
  const quotedTable = [catalogname, schemaname, relname].filter((part) => part !== undefined).map(quoted);
  const quotedColumns = (content.attlist ?? []).flatMap((item) =>
    "String" in item ? [quoted(item.String.sval ?? "")] : [],
  );
  // Written anew, its positions are not the client's.
  return {
    sql: `SELECT ${quotedColumns.length > 0 ? quotedColumns.join(", ") : "*"} FROM ${quotedTable.join(".")}`,
    offset: 0,
  };
}

function copyOptions(items: readonly Node[]): CopyOptions {
  const given = new Map(
    items.flatMap((item) =>
      "DefElem" in item ? [[item.DefElem.defname ?? "", item.DefElem.arg] as const] : [],
    ),
  );
  const text = (name: string) => {
    const argument = given.get(name);
    return argument && "String" in argument ? (argument.String.sval ?? "") : undefined;
  };
  const format = text("format") ?? "text";
  if (format !== "text" && format !== "csv" && format !== "binary")
    throw new PgError("22023", `COPY format "${format}" not recognized`);
  for (const name of given.keys()) {
    if (!COPY_OPTIONS.has(name)) throw new PgError("0A000", `COPY's option ${name} is not supported`);
  }
  if (!/^(utf-?8)?$/i.test(text("encoding") ?? "")) throw new PgError("0A000", "COPY is in UTF8 only");
  const csv = format === "csv";
  const quote = text("quote") ?? '"';
  const options: CopyOptions = {
    format,
    header: given.has("header") && isOn(given.get("header")),
    delimiter: text("delimiter") ?? (csv ? "," : "\t"),
    null: text("null") ?? (csv ? "" : "\\N"),
    quote,
    escape: text("escape") ?? quote,
    forceQuote: forced(given.get("force_quote")),
  };
  for (const name of ["delimiter", "quote", "escape"] as const) {
    if (Buffer.byteLength(options[name]) !== 1)
      throw new PgError("0A000", `COPY ${name} must be a single one-byte character`);
  }
  return options;
}

const COPY_OPTIONS = new Set([
  ...["format", "header", "delimiter", "null", "quote", "escape", "force_quote", "encoding"],
]);

function forced(argument: Node | undefined): readonly string[] | "*" {
  if (argument === undefined) return [];
  if ("A_Star" in argument) return "*";
  if (!("List" in argument)) return [];
  return (argument.List.items ?? []).flatMap((item) => ("String" in item ? [item.String.sval ?? ""] : []));
}

/** Postgres's quoting of a name, for text that goes to Postgres. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function wordsOf(sql: string): ScanToken[] {
  return scanSync(sql).tokens.filter(({ tokenName }) => !/COMMENT/.test(tokenName));
}

function isWord(token: ScanToken | undefined, word: string): boolean {
  return token !== undefined && token.keywordKind !== 0 && token.text.toLowerCase() === word;
}

function startsQuery(token: ScanToken | undefined): boolean {
  return token?.text === "(" || ["select", "values", "with", "table"].some((word) => isWord(token, word));
}

/** Where the bracket that opens at `from` closes. */
function closing(tokens: readonly ScanToken[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index += 1) {
    if (tokens[index]?.text === "(") depth += 1;
    if (tokens[index]?.text === ")") depth -= 1;
    if (depth === 0) return index;
  }
  throw new PgError("0A000", "the statement cannot be read");
}

function shifted(text: SqlText, by: number): SqlText {
  return { sql: text.sql, offset: text.offset + by };
}

/** A text that is cut by bytes, as the grammar counts. */
class Source {
  readonly #bytes: Buffer;

  constructor(text: string) {
    this.#bytes = Buffer.from(text);
  }

  get length(): number {
    return this.#bytes.length;
  }

  slice(start: number, end: number): SqlText {
    return {
      sql: this.#bytes.toString("utf8", start, end),
      offset: [...this.#bytes.toString("utf8", 0, start)].length,
    };
  }
}
