import { describe, expect, test } from "vitest";
import { listObjects } from "../sensors/listing.ts";
import type { StoredObject } from "../sensors/object-store.ts";

const PREFIX = "raw/s/t/";

interface Page {
  keys: string[];
  next: string | null;
}

/** A server that answers as the test says, by token. */
function server(answer: (startAfter: string | null, token: string | null) => Page) {
  const requests: (string | null)[] = [];
  return {
    requests,
    page: async (_prefix: string, startAfter: string | null, token: string | null) => {
      requests.push(token);
      const { keys, next } = answer(startAfter, token);
      return { objects: keys.map(object), next };
    },
  };
}

function object(key: string): StoredObject {
  return {
    key: key.startsWith("/") ? key.slice(1) : PREFIX + key,
    etag: "e",
    size: key.endsWith("/") ? 0 : 1,
  };
}

async function list(store: ReturnType<typeof server>, startAfter: string | null = null): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of listObjects(store, PREFIX, startAfter && PREFIX + startAfter)) {
    keys.push(...page.map(({ key }) => key.slice(PREFIX.length)));
  }
  return keys;
}

/** Pages under the tokens `null`, `1`, `2` and so on. */
function pages(...content: string[][]) {
  return server((_, token) => {
    const index = Number(token ?? 0);
    return { keys: content[index] ?? [], next: index + 1 < content.length ? String(index + 1) : null };
  });
}

describe("a listing", () => {
  test("goes through all pages, empty ones too", async () => {
    const store = pages(["a", "b"], [], ["c"]);
    expect(await list(store)).toEqual(["a", "b", "c"]);
    expect(store.requests).toEqual([null, "1", "2"]);
  });

  test("drops what the server should not have sent: keys before the start, of other prefixes, folder markers", async () => {
    const store = pages(["a", "m", "n", "n/"], ["/raw/s/tt/z", "/other", "z"]);
    expect(await list(store, "m")).toEqual(["n", "z"]);
  });

  test("loses nothing where keys come in another order, and above U+FFFF where UTF-8 and UTF-16 sort differently", async () => {
    expect((await list(pages(["z", "a"], ["m", "b"]))).sort()).toEqual(["a", "b", "m", "z"]);
    expect(await list(pages(["\uFFFD", "🦆"], ["\u{10FFFF}"]), "a")).toEqual(["\uFFFD", "🦆", "\u{10FFFF}"]);
  });

  test.each<[string, (startAfter: string | null, token: string | null) => Page]>([
    ["the same token for ever", () => ({ keys: ["a"], next: "x" })],
    ["the same page under new tokens", (_, token) => ({ keys: ["a", "b"], next: `${token}+` })],
    [
      "two pages in turn",
      (_, token) => (token === "1" ? { keys: ["b"], next: "2" } : { keys: ["a"], next: "1" }),
    ],
    ["empty pages in turn", (_, token) => ({ keys: [], next: token === "1" ? "2" : "1" })],
  ])("ends with an error rather than a loop at a server that hands out %s", async (_, answer) => {
    const store = server(answer);
    await expect(list(store)).rejects.toMatchObject({
      code: "S3_UNREACHABLE",
      message: expect.stringContaining(`same page of ${PREFIX} twice`),
    });
    expect(store.requests.length).toBeLessThan(5);
  });
});
