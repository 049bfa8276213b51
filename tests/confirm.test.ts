import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../cli/confirm.ts";

/** A terminal on which somebody has typed already. */
function terminal(typed: string, isTTY = true) {
  const output = Object.assign(new PassThrough(), { isTTY });
  const input = Object.assign(new PassThrough(), { isTTY });
  input.end(typed);
  return { input, output };
}

test.each(["y\n", "Yes\n", " y \n"])("goes on after %j", async (typed) => {
  const asked = terminal(typed);
  await confirm("Really?", false, asked);
  expect(String(asked.output.read())).toContain("Really? [y/N]");
});

test.each(["\n", "n\n", "yep\n", "no\ny\n"])("stops after %j", async (typed) => {
  await expect(confirm("Really?", false, terminal(typed))).rejects.toMatchObject({ code: "NOT_CONFIRMED" });
});

test("asks nobody with --yes, or where there is no terminal", async () => {
  const [told, script] = [terminal("n\n"), terminal("n\n", false)];
  await confirm("Really?", true, told);
  await confirm("Really?", false, script);
  expect([told.output.read(), script.output.read()]).toEqual([null, null]);
});
