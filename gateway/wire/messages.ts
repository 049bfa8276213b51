import type { PgError } from "../pg-error.ts";
import { BodyReader, cString, frame, int16, int32 } from "./frames.ts";

/** Messages that the gateway itself sends, to the client or to Postgres, and those that it reads. */

export const PARSE_COMPLETE = frame("1");
export const BIND_COMPLETE = frame("2");
export const CLOSE_COMPLETE = frame("3");
export const NO_DATA = frame("n");
export const PORTAL_SUSPENDED = frame("s");
export const EMPTY_QUERY = frame("I");
export const COPY_DONE = frame("c");
export const SYNC = frame("S");
export const FLUSH = frame("H");
export const TERMINATE = frame("X");

export type TransactionStatus = "I" | "T" | "E";

export function readyForQuery(status: TransactionStatus): Buffer {
  return frame("Z", Buffer.from(status));
}

export function commandComplete(tag: string): Buffer {
  return frame("C", cString(tag));
}

/** An error as Postgres tells it. `fatal`: the connection ends with it. */
export function errorResponse(error: PgError, severity: "ERROR" | "FATAL" = "ERROR"): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${error.sqlstate}`, `M${error.message}`];
  if (error.hint !== null) fields.push(`H${error.hint}`);
  if (error.position !== null) fields.push(`P${error.position}`);
  return frame("E", Buffer.from(`${fields.map((field) => `${field.replaceAll("\0", "")}\0`).join("")}\0`));
}

/** Fields of an ErrorResponse or NoticeResponse by their letter. */
export function errorFields(body: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  const reader = new BodyReader(body);
  for (;;) {
    const letter = reader.letter();
    if (letter === "\0") return fields;
    fields.set(letter, reader.string());
  }
}

/** The same message with another position in the statement's text. */
export function movePosition(type: "E" | "N", body: Buffer, by: number): Buffer {
  const fields = [...errorFields(body)].map(([letter, value]) =>
    letter === "P" ? `P${Number(value) + by}\0` : `${letter}${value}\0`,
  );
  return frame(type, Buffer.from(`${fields.join("")}\0`));
}

export interface FieldDescription {
  name: string;
  /** The table that it is a column of; 0: none. */
  tableOid: number;
  /** Its number there, from 1. */
  column: number;
  typeOid: number;
  /** In bytes; -1: it varies. */
  typeSize: number;
  typmod: number;
  /** 0: text, 1: binary. */
  format: number;
}

/** A column of text that is no table's. */
export function textField(name: string): FieldDescription {
  return { name, tableOid: 0, column: 0, typeOid: 25, typeSize: -1, typmod: -1, format: 0 };
}

export function readRowDescription(body: Buffer): FieldDescription[] {
  const reader = new BodyReader(body);
  return reader.list(() => {
    const name = reader.string();
    const tableOid = reader.uint32();
    const column = reader.int16();
    const typeOid = reader.uint32();
    const typeSize = reader.int16();
    return { name, tableOid, column, typeOid, typeSize, typmod: reader.int32(), format: reader.int16() };
  });
}

export function rowDescription(fields: readonly FieldDescription[]): Buffer {
  const parts = fields.flatMap(({ name, tableOid, column, typeOid, typeSize, typmod, format }) => [
    cString(name),
    uint32(tableOid),
    int16(column),
    uint32(typeOid),
    int16(typeSize),
    int32(typmod),
    int16(format),
  ]);
  return frame("T", Buffer.concat([int16(fields.length), ...parts]));
}

export function parameterDescription(typeOids: readonly number[]): Buffer {
  return frame("t", Buffer.concat([int16(typeOids.length), ...typeOids.map(uint32)]));
}

export function readParameterDescription(body: Buffer): number[] {
  const reader = new BodyReader(body);
  return reader.list(() => reader.uint32());
}

/** `format`: 0 text, 1 binary, for all columns. */
export function copyOutResponse(columns: number, format: 0 | 1): Buffer {
  const formats = Array.from({ length: columns }, () => int16(format));
  return frame("H", Buffer.concat([Buffer.from([format]), int16(columns), ...formats]));
}

/** One row of texts. */
export function textRow(values: readonly string[]): Buffer {
  const fields = values.flatMap((value) => {
    const bytes = Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  return frame("D", Buffer.concat([int16(values.length), ...fields]));
}

export interface ParseMessage {
  statement: string;
  sql: string;
  parameterTypes: number[];
}

export function readParse(body: Buffer): ParseMessage {
  const reader = new BodyReader(body);
  const message = {
    statement: reader.string(),
    sql: reader.string(),
    parameterTypes: reader.list(() => reader.uint32()),
  };
  reader.end();
  return message;
}

export function parse({ statement, sql, parameterTypes }: ParseMessage): Buffer {
  const types = parameterTypes.map(uint32);
  return frame(
    "P",
    Buffer.concat([cString(statement), cString(sql), int16(parameterTypes.length), ...types]),
  );
}

export interface BindMessage {
  portal: string;
  statement: string;
  parameterFormats: number[];
  parameters: (Buffer | null)[];
  resultFormats: number[];
}

export function readBind(body: Buffer): BindMessage {
  const reader = new BodyReader(body);
  const message = {
    portal: reader.string(),
    statement: reader.string(),
    parameterFormats: reader.list(() => reader.int16()),
    parameters: reader.list(() => {
      const length = reader.int32();
      return length === -1 ? null : reader.bytes(length);
    }),
    resultFormats: reader.list(() => reader.int16()),
  };
  reader.end();
  return message;
}

export function bind(message: BindMessage): Buffer {
  const { portal, statement, parameterFormats, parameters, resultFormats } = message;
  return frame(
    "B",
    Buffer.concat([
      cString(portal),
      cString(statement),
      ...[int16(parameterFormats.length), ...parameterFormats.map(int16)],
      int16(parameters.length),
      ...parameters.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
      ...[int16(resultFormats.length), ...resultFormats.map(int16)],
    ]),
  );
}

/** Of Describe and Close. */
export interface Target {
  kind: "statement" | "portal";
  name: string;
}

export function readTarget(body: Buffer): Target {
  const reader = new BodyReader(body);
  const letter = reader.letter();
  const name = reader.string();
  reader.end();
  return { kind: letter === "S" ? "statement" : "portal", name };
}

export function describe({ kind, name }: Target): Buffer {
  return frame("D", Buffer.concat([Buffer.from(kind === "statement" ? "S" : "P"), cString(name)]));
}

export function close({ kind, name }: Target): Buffer {
  return frame("C", Buffer.concat([Buffer.from(kind === "statement" ? "S" : "P"), cString(name)]));
}

export function readExecute(body: Buffer): { portal: string; maxRows: number } {
  const reader = new BodyReader(body);
  const message = { portal: reader.string(), maxRows: reader.int32() };
  reader.end();
  return message;
}

export function execute(portal: string, maxRows: number): Buffer {
  return frame("E", Buffer.concat([cString(portal), int32(maxRows)]));
}

export function query(sql: string): Buffer {
  return frame("Q", cString(sql));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
