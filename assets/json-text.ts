import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { z } from "zod";
import type { Fault } from "./findings.ts";

/** Keys and indexes from the top of a document. */
export type DocumentPath = readonly (string | number)[];

export interface JsonDocument {
  /** The value; undefined when the text is not JSON. */
  value: unknown;
  faults: Fault[];
  /** The 1-based line of the key at a path, or of its nearest parent that is there. */
  lineOf(path: DocumentPath): number;
}

/** Reads strict JSON (no comments, no trailing commas, no key twice) and remembers where each key stands. */
export function readJson(text: string, code: string): JsonDocument {
  const errors: ParseError[] = [];
  const body = text.replace(/^\uFEFF/, "");
  const root = parseTree(body, errors, { disallowComments: true, allowTrailingComma: false });
  const lineAt = (offset: number) => body.slice(0, offset).split("\n").length;
  const faults = errors.map((error) => ({
    code,
    line: lineAt(error.offset),
    message: `not JSON: ${words(printParseErrorCode(error.error))}`,
    remedy: "Write strict JSON: double quotes, no comments, no comma before a closing bracket.",
  }));
  if (body.trim() === "") {
    const fault = { code, line: 1, message: "the file is empty", remedy: "Write a JSON object." };
    return { value: undefined, faults: [fault], lineOf: () => 1 };
  }
  // One mistake makes the parser stumble over what follows; the first says where it is.
  if (faults.length > 0 || !root) return { value: undefined, faults: faults.slice(0, 1), lineOf: () => 1 };
  return {
    value: toValue(root),
    faults: repeatedKeys(root).map((key) => ({
      code,
      line: lineAt(key.offset),
      message: `key ${JSON.stringify(key.value)} stands here a second time`,
      remedy: "Keep one of the two.",
    })),
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = findNodeAtLocation(root, path.slice(0, length));
        if (node) return lineAt(node.parent?.type === "property" ? node.parent.offset : node.offset);
      }
      return lineAt(root.offset);
    },
  };
}

/** What a zod schema finds wrong in a document, each fault with the line of the key. */
export function schemaFaults(
  error: z.ZodError,
  code: string,
  lineOf: (path: DocumentPath) => number | null,
): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        code,
        line: lineOf([...path, key]),
        message: `unknown key ${[...path, key].join(".")}`,
        remedy: "Remove it or correct its name.",
      }));
    }
    const place = path.length > 0 ? `${path.join(".")}: ` : "";
    return [
      {
        code,
        line: lineOf(path),
        message: `${place}${issue.message.replace(/^Invalid input: /, "")}`,
        remedy: "Correct the value.",
      },
    ];
  });
}

function repeatedKeys(node: Node): { value: string; offset: number }[] {
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((item) => {
    if (node.type !== "object") return repeatedKeys(item);
    const [key, value] = item.children ?? [];
    const repeated = key && seen.has(key.value) ? [{ value: String(key.value), offset: key.offset }] : [];
    if (key) seen.add(key.value);
    return [...repeated, ...(value ? repeatedKeys(value) : [])];
  });
}

function toValue(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(toValue);
  if (node.type !== "object") return node.value;
  // fromEntries defines own properties: a key named __proto__ stays a plain key.
  return Object.fromEntries(
    (node.children ?? []).flatMap((property) => {
      const [key, value] = property.children ?? [];
      return key && value ? [[String(key.value), toValue(value)]] : [];
    }),
  );
}

/** `CommaExpected` → `comma expected`. */
function words(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
