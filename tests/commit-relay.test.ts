import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Connections } from "../common/settings.ts";
import { translateError } from "../lake/faults.ts";
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
  await vi.waitFor(() => expect(road.losesAnswerTo).toBeNull(), 60_000);
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

/** What every statement on the same instance says once DuckDB has failed in itself. */
const FATAL = translateError(new Error("FATAL Error: Failed: database has been invalidated"));

test("a session that can end its transaction no more is closed all the same", async () => {
  const { other } = await byRoad();
  const work = other.withSession(async (session) => {
    await session.execute("BEGIN TRANSACTION");
    await session.execute(fill("int_open"));
    vi.spyOn(session, "execute").mockRejectedValue(FATAL);
    throw new Error("lost");
  });
  await expect(work).rejects.toThrow("lost");
  // In another DuckDB.
  const rows = await other.withSession((session) =>
    session.queryRaw("SELECT 1 FROM duckdb_tables() WHERE table_name = 'int_open'"),
  );
  expect(rows).toEqual([]);
});

test("a ROLLBACK that is interrupted is run again", async () => {
  await lake.lake.withSession(async (session) => {
    await session.execute("BEGIN TRANSACTION");
    vi.spyOn(session, "execute").mockRejectedValueOnce(
      translateError(new Error("INTERRUPT Error: Interrupted!")),
    );
    await session.rollback();
    await expect(session.execute("ROLLBACK")).rejects.toThrow(/no transaction is active/);
  });
});

test("Postgres is reached by a name, by more statements at once than Node has threads", async () => {
  const catalogUrl = new URL(lake.isolation.connections.catalogUrl);
  catalogUrl.hostname = "localhost";
  const named = await lake.another({ ...lake.isolation.connections, catalogUrl: catalogUrl.href });
  await lake.query("CREATE TABLE IF NOT EXISTS lakehouse.main.int_named AS SELECT 1 AS id");
  const read = () =>
    named.withSession((session) => session.queryRaw("SELECT id FROM lakehouse.main.int_named"));
  expect(await Promise.all(Array.from({ length: 12 }, read))).toEqual(Array(12).fill([{ id: 1 }]));
});

test("the outcome of a commit is found out while every thread is busy", async () => {
  const { road, other } = await byRoad();
  const slow: Promise<unknown>[] = [];
  const stop = new AbortController();
  let ended = 0;
  road.afterLoss = () => {
    for (let count = 0; count < 6; count += 1) {
      const work = other.withSession(
        (session) => session.queryRaw("SELECT sum(sqrt(range)) AS s FROM range(1000000000000)"),
        stop.signal,
      );
      slow.push(work.catch(() => {}).finally(() => (ended += 1)));
    }
  };
  await other.withSession(async (session) => {
    road.losesAnswerTo = "COMMIT";
    await session.execute(fill("int_busy"));
  });
  expect(slow).toHaveLength(6);
  expect(ended).toBe(0);
  stop.abort();
  await Promise.all(slow);
  expect((await sum("int_busy"))[0]).toMatchObject({ rows: 5000 });
}, 180_000);
