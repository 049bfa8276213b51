import { call, expression } from "../expression.ts";
import { oid } from "../types.ts";
import type { WindowTranslator } from "./registry.ts";

type Entry = [string, WindowTranslator];

export const rankings: Entry[] = [
  ...["row_number", "rank", "dense_rank"].map(
    (name): Entry => [`${name}()`, (_, site) => expression(`${call(name)}${site.over}`, oid.int8)],
  ),
];
