import fc from "fast-check";
import { expect, test } from "vitest";
import { ServerMessages } from "../lake/server-messages.ts";

function message(type: string, content: string): Buffer {
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(Buffer.byteLength(content) + 4, 1);
  return Buffer.concat([head, Buffer.from(content)]);
}

const anyMessage = fc.oneof(
  fc.constantFrom("I", "T", "E").map((status) => ({ type: "Z", content: status })),
  fc.record({ type: fc.constantFrom("D", "C", "E", "S", "d"), content: fc.string({ maxLength: 40 }) }),
);

test("wherever the bytes are cut, it is known what the last whole message was", () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { minLength: 1 }), fc.infiniteStream(fc.nat(12)), (sent, lengths) => {
      const bytes = Buffer.concat(sent.map(({ type, content }) => message(type, content)));
      const followed = new ServerMessages();
      for (let at = 0; at < bytes.length; ) {
        const length = (lengths.next().value as number) + 1;
        followed.follow(bytes.subarray(at, at + length));
        at += length;
        if (at < bytes.length) expect(followed.areBrokenOff).toBe(!boundaries(sent).has(at));
      }
      const ready = sent.filter(({ type }) => type === "Z").at(-1);
      expect(followed.areBrokenOff).toBe(false);
      expect(followed.areComplete).toBe(sent.at(-1)?.type === "Z");
      expect(followed.inTransaction).toBe(ready !== undefined && ready.content !== "I");
    }),
  );
});

/** The places between two messages. */
function boundaries(sent: readonly { content: string }[]): Set<number> {
  let at = 0;
  return new Set(sent.map(({ content }) => (at += 5 + Buffer.byteLength(content))));
}
