import type { ClientBase } from "pg";
import { unsupported } from "./pg-error.ts";

export interface PgFunction {
  oid: number;
  name: string;
  schema: string;
  argumentTypes: readonly number[];
  resultType: number;
  returnsSet: boolean;
  kind: "function" | "procedure" | "aggregate" | "window";
  volatility: "immutable" | "stable" | "volatile";
  /** `date_trunc(text,timestamp)`; with the schema in front where that is not `pg_catalog`. */
  signature: string;
}

export interface PgOperator {
  oid: number;
  name: string;
  schema: string;
  leftType: number;
  rightType: number;
  /** `+(int4,int4)`, `-(int4)`; with the schema in front where that is not `pg_catalog`. */
  signature: string;
}

export interface PgType {
  oid: number;
  name: string;
  schema: string;
  /** `pg_type.typcategory`. */
  category: string;
  /** Of an array: what it holds; else 0. */
  element: number;
  /** The array of this type; 0 where there is none. */
  array: number;
}

/** What OIDs of Postgres's own catalog stand for; the same in all databases of a server for what is built in. */
export class PgCatalog {
  readonly functions: ReadonlyMap<number, PgFunction>;
  readonly operators: ReadonlyMap<number, PgOperator>;
  readonly types: ReadonlyMap<number, PgType>;
  /** What `version()` says. */
  readonly version: string;
  /** Words that are no names unless they are quoted. */
  readonly keywords: readonly string[];

  constructor(
    functions: ReadonlyMap<number, PgFunction>,
    operators: ReadonlyMap<number, PgOperator>,
    types: ReadonlyMap<number, PgType>,
    version: string,
    keywords: readonly string[],
  ) {
    this.functions = functions;
    this.operators = operators;
    this.types = types;
    this.version = version;
    this.keywords = keywords;
  }

  /** Throws what `pg` throws. */
  static async load(client: ClientBase): Promise<PgCatalog> {
    const types = new Map<number, PgType>();
    for (const row of await rows(client, typesSql)) {
      const [oid, name, schema, category, element, array] = row as [
        number,
        string,
        string,
        string,
        number,
        number,
      ];
      types.set(oid, { oid, name, schema, category, element, array });
    }
    const named = (oid: number) => (oid === 0 ? "" : (types.get(oid)?.name ?? String(oid)));
    const within = (schema: string, signature: string) =>
      schema === "pg_catalog" ? signature : `${schema}.${signature}`;

    const functions = new Map<number, PgFunction>();
    for (const row of await rows(client, functionsSql)) {
      const [oid, name, schema, kind, volatility, returnsSet, resultType, argumentsText] = row as [
        number,
        string,
        string,
        string,
        string,
        boolean,
        number,
        string,
      ];
      const argumentTypes = argumentsText === "" ? [] : argumentsText.split(" ").map(Number);
      functions.set(oid, {
        oid,
        name,
        schema,
        argumentTypes,
        resultType,
        returnsSet,
        kind: kinds[kind] ?? "procedure",
        volatility: volatilities[volatility] ?? "volatile",
        signature: within(schema, `${name}(${argumentTypes.map(named).join(",")})`),
      });
    }

    const operators = new Map<number, PgOperator>();
    for (const row of await rows(client, operatorsSql)) {
      const [oid, name, schema, leftType, rightType] = row as [number, string, string, number, number];
      const operands = [leftType, rightType].filter((type) => type !== 0).map(named);
      const signature = within(schema, `${name}(${operands.join(",")})`);
      operators.set(oid, { oid, name, schema, leftType, rightType, signature });
    }
    const [[version] = []] = await rows(client, "SELECT pg_catalog.version()");
    const keywords = (await rows(client, keywordsSql)).map(([word]) => String(word));
    return new PgCatalog(functions, operators, types, String(version), keywords);
  }

  function(oid: number): PgFunction {
    const found = this.functions.get(oid);
    if (found === undefined) throw unsupported(`the function with OID ${oid}`);
    return found;
  }

  operator(oid: number): PgOperator {
    const found = this.operators.get(oid);
    if (found === undefined) throw unsupported(`the operator with OID ${oid}`);
    return found;
  }

  type(oid: number): PgType {
    const found = this.types.get(oid);
    if (found === undefined) throw unsupported(`the type with OID ${oid}`);
    return found;
  }

  /** For messages: `int4`, `_text`. */
  typeName(oid: number): string {
    return this.types.get(oid)?.name ?? `the type with OID ${oid}`;
  }
}

const kinds: Record<string, PgFunction["kind"]> = {
  f: "function",
  p: "procedure",
  a: "aggregate",
  w: "window",
};
const volatilities: Record<string, PgFunction["volatility"]> = {
  i: "immutable",
  s: "stable",
  v: "volatile",
};

const typesSql = `SELECT t.oid::int8, t.typname::text, n.nspname::text, t.typcategory::text,
  CASE WHEN t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc THEN t.typelem::int8 ELSE 0 END,
  t.typarray::int8
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typrelid = 0 AND n.nspname IN ('pg_catalog', 'information_schema')`;
const functionsSql = `SELECT p.oid::int8, p.proname::text, n.nspname::text, p.prokind::text, p.provolatile::text, p.proretset,
  p.prorettype::int8, p.proargtypes::text
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace`;
const operatorsSql = `SELECT o.oid::int8, o.oprname::text, n.nspname::text, o.oprleft::int8, o.oprright::int8
  FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace`;

const keywordsSql = "SELECT word::text FROM pg_catalog.pg_get_keywords() WHERE catcode <> 'U' ORDER BY 1";

/** Rows as lists, 64-bit integers as numbers: OIDs fit. */
async function rows(client: ClientBase, text: string): Promise<unknown[][]> {
  const result = await client.query({
    text,
    rowMode: "array",
    types: {
      getTypeParser: (oid: number) =>
        oid === 20 ? Number : oid === 16 ? (value: string) => value === "t" : String,
    } as never,
  });
  return result.rows;
}
