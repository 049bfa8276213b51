import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventStream } from "../api/live/event-stream.ts";

/** Server-sent events to one who takes little, over a real socket. Patience is short here. */

vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof import("node:timers/promises")>();
  return {
    ...real,
    setTimeout: (ms: number, ...rest: [unknown, object]) => real.setTimeout(ms / 20, ...rest),
  };
});

const MEGABYTE = "x".repeat(1_000_000);
let server: Server;
let response: ServerResponse;
let stream: EventStream;
let received: IncomingMessage;

beforeEach(async () => {
  const answering = new Promise<ServerResponse>((resolve) => {
    server = createServer((_, toAnswer) => resolve(toAnswer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const request = get({ port: (server.address() as AddressInfo).port, agent: false });
  request.on("error", () => {});
  const responding = once(request, "response");
  response = await answering;
  stream = new EventStream(response, {});
  [received] = (await responding) as [IncomingMessage];
  received.on("error", () => {});
});
afterEach(() => server.closeAllConnections());

test("no more is written than is taken", async () => {
  let sent = 0;
  const sending = (async () => {
    for (; sent < 100; sent += 1) await stream.send("other", MEGABYTE);
  })();
  // The system's own buffers fill first.
  let before = -1;
  const holds = () => {
    const held = sent > 0 && sent === before;
    before = sent;
    return held;
  };
  await expect.poll(holds, { timeout: 60_000, interval: 300 }).toBe(true);
  expect(stream.isFree).toBe(false);
  expect(sent).toBeLessThan(100);
  expect(response.writableLength).toBeLessThan(2_500_000);
  received.resume();
  await sending;
  expect(stream.closed.aborted).toBe(false);
  expect(stream.isFree).toBe(true);
});

test("who takes nothing is let go", async () => {
  for (let sent = 0; sent < 100 && !stream.closed.aborted; sent += 1) await stream.send("other", MEGABYTE);
  await vi.waitFor(() => expect(stream.closed.aborted).toBe(true), 60_000);
  expect(response.destroyed).toBe(true);
  await stream.send("other", "nobody hears it");
});

test("who hangs up is noticed", async () => {
  received.destroy();
  await vi.waitFor(() => expect(stream.closed.aborted).toBe(true), 60_000);
});
