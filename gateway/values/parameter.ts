import { unsupported } from "../pg-error.ts";
import { nullLiteral } from "./literal.ts";
import { binaryArray, binaryParameter } from "./parameter-binary.ts";
import { textArray, textParameter } from "./parameter-text.ts";
import { elementType, scalarType, typeName } from "./types.ts";
import { utf8 } from "./utf8.ts";

/**
 * A text that Postgres has to read: what it means depends on settings, or on more of Postgres's syntax than is known
 * here. Ask it for the value in binary (`SELECT $1::type`, result format 1), and give that to parameterLiteral.
 */
export interface NeedsPostgres {
  readonly normalise: true;
}

/**
 * The value of a parameter of Bind as a literal in DuckDB's SQL, of the DuckDB type that stands for the Postgres type.
 * A value in binary never needs Postgres. @throws PgError 22P02 (text), 22P03 (binary), 22003, 22008 or 22021 for what is no
 * value of the type; 0A000 for types and values that DuckDB has none for.
 */
export function parameterLiteral(
  typeOid: number,
  format: 0 | 1,
  bytes: Buffer | null,
): string | NeedsPostgres {
  const element = elementType(typeOid);
  const type = element ?? scalarType(typeOid);
  if (!type) throw unsupported(`a parameter of type ${typeName(typeOid)}`);
  if (bytes === null) return nullLiteral(element ? `${element.duckdb}[]` : type.duckdb);
  if (format === 1) return element ? binaryArray(element, bytes) : binaryParameter(type, bytes);
  const text = utf8(bytes);
  const literal = element ? textArray(element, text) : textParameter(type, text);
  return literal ?? { normalise: true };
}
