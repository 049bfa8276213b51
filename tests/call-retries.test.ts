import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTemporal } from "../orchestration/connect.ts";
import { type Isolation, isolate } from "./support/isolation.ts";
import { Road } from "./support/road.ts";

let isolation: Isolation;
let road: Road;
beforeAll(async () => {
  isolation = await isolate();
  road = new Road(new URL(`http://${isolation.connections.temporal.address}`));
  await road.open();
});
afterAll(async () => {
  await road.close();
  isolation.dispose();
});

const connect = () =>
  connectTemporal({ ...isolation.connections.temporal, address: `127.0.0.1:${road.port}` });

test("a call is tried again until the server is back", async () => {
  const { client, close } = await connect();
  await road.close();
  const call = client.workflow.count();
  await setTimeout(400);
  await road.open();
  expect((await call).count).toBe(0);
  await close();
});

test.each([50, 300, 700, 1500])(
  "closed %i ms after a call began to be retried, it fails and nothing else does",
  async (ms) => {
    const { client, close } = await connect();
    await road.close();
    const call = client.workflow.count();
    const failure = expect(call).rejects.toThrow();
    await setTimeout(ms);
    await close();
    await failure;
    // What is thrown from a timer fails the run.
    await setTimeout(2500);
    await road.open();
  },
);
