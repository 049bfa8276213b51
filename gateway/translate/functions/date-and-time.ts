import { expression } from "../expression.ts";
import { oid } from "../types.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

export const dateAndTime: Entry[] = [["now()", () => expression("now()", oid.timestamptz)]];
