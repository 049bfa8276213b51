import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readSecret } from "../cli/read-secret.ts";

test("a secret is the first line, without what ends it", async () => {
  for (const [given, read] of [
    ["correct horse\n", "correct horse"],
    ["correct horse\r\nsecond line\n", "correct horse"],
    [" spaces count \n", " spaces count "],
    ["no line's end", "no line's end"],
    ["", ""],
  ]) {
    const input = new PassThrough();
    input.end(given);
    expect(await readSecret("Password: ", input)).toBe(read);
  }
});
