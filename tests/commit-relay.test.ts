import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Connections } from "../common/settings.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import { FeederLake } from "./support/feeder-fixture.ts";
import { Road } from "./support/road.ts";

let lake: FeederLake;
const roads: Road[] = [];

beforeAll(async () => {
  lake = await FeederLake.open();
});
afterEach(async () => {
  for (const road of roads.splice(0)) await road.close();
});
afterAll(() => lake.close());

/** A lake of its own, whose way to Postgres can be cut. */
async function byRoad() {
  const { connections } = lake.isolation;
  const road = new Road(new URL(connections.catalogUrl));
  await road.open();
  roads.push(road);
  const catalogUrl = new URL(connections.catalogUrl);
  catalogUrl.host = `127.0.0.1:${road.port}`;
  const elsewhere: Connections = { ...connections, catalogUrl: catalogUrl.href };
  return { road, other: await lake.another(elsewhere) };
}

const fill = (name: string) =>
  `CREATE TABLE lakehouse.main.${name} AS SELECT range AS id, md5(range::VARCHAR) AS v FROM range(5000)`;
const sum = (name: string) =>
  lake.query(`SELECT count(*)::INTEGER AS rows, sum(hash(v))::VARCHAR AS sum FROM lakehouse.main.${name}`);

test("a commit whose answer is lost is one, and keeps its files", async () => {
  const { road, other } = await byRoad();
  await other.withSession((session) =>
    commitSnapshot(session, async () => {
      road.losesAnswerTo = "COMMIT";
      await session.execute(fill("int_answered"));
      return { result: null, note: { author: "test", message: "test", details: {} } };
    }),
  );
  expect(road.losesAnswerTo).toBeNull();
  await lake.query(fill("int_compared"));
  expect(await sum("int_answered")).toEqual(await sum("int_compared"));
});

test("it is waited for until Postgres can be reached again", async () => {
  const { road, other } = await byRoad();
  road.afterLoss = () => road.close();
  let settled = false;
  const writing = other
    .withSession((session) => {
      road.losesAnswerTo = "COMMIT";
      return session.execute(fill("int_waited"));
    })
    .finally(() => {
      settled = true;
    });
  await vi.waitFor(() => expect(road.losesAnswerTo).toBeNull(), 20_000);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect(settled).toBe(false);
  await road.open();
  await writing;
  expect((await sum("int_waited"))[0]).toMatchObject({ rows: 5000 });
});

test("a commit that never arrived is none, and leaves nothing", async () => {
  const { road, other } = await byRoad();
  const writing = other.withSession((session) => {
    road.swallows = "COMMIT";
    return session.execute(fill("int_never"));
  });
  await expect(writing).rejects.toMatchObject({ retryable: true });
  await expect(sum("int_never")).rejects.toThrow(/does not exist/);
  for await (const page of lake.store.list("lakehouse/main/int_never/")) expect(page).toEqual([]);
});
