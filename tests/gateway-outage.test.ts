import type pg from "pg";
import Cursor from "pg-cursor";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunningGateway } from "../gateway/server.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";
import { byRoads, Road } from "./support/road.ts";

const LARGE = 400_000;
let fixture: GatewayFixture;
let gateway: RunningGateway;
let postgres: Road;
let s3: Road;

beforeAll(async () => {
  fixture = await GatewayFixture.open(`
    CREATE TABLE small AS SELECT i AS id FROM range(10) t(i);
    CREATE TABLE large AS SELECT i AS id, hash(i)::VARCHAR AS filler FROM range(${LARGE}) t(i)`);
  const { connections } = fixture.lake.isolation;
  postgres = new Road(new URL(connections.catalogUrl));
  s3 = new Road(new URL(connections.s3.endpoint ?? ""));
  await Promise.all([postgres.open(), s3.open()]);
  gateway = await fixture.another(null, byRoads(connections, { postgres, s3 }));
});

afterAll(async () => {
  await fixture.close();
  await Promise.all([postgres.close(), s3.close()]);
});

const connect = () => fixture.connect({ port: gateway.port });

/** A client, and when it has heard that its session is over. */
async function watched(): Promise<{ client: pg.Client; ended: Promise<unknown> }> {
  const client = await connect();
  return { client, ended: new Promise((resolve) => client.once("end", resolve)) };
}

async function count(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query(`SELECT count(*)::int AS rows FROM ${table}`);
  return rows[0].rows;
}

describe("Postgres out of reach", () => {
  test("ends the sessions, says why to who comes, and heals with what was written meanwhile", async () => {
    for (let round = 1; round <= 3; round += 1) {
      const idle = await watched();
      const inside = await watched();
      await inside.client.query("BEGIN");
      expect(await count(inside.client, "large")).toBe(LARGE + round - 1);
      const portal = await watched();
      await portal.client.query("BEGIN");
      await portal.client.query("DECLARE rows CURSOR FOR SELECT * FROM large");
      expect((await portal.client.query("FETCH 5 FROM rows")).rows).toHaveLength(5);
      const running = await watched();
      const answer = running.client
        .query("SELECT count(*) FROM large a CROSS JOIN large b WHERE a.id * b.id % 7 = 3")
        .catch((error: Error) => error);

      await postgres.close();
      await Promise.all([idle.ended, inside.ended, portal.ended, running.ended]);
      expect(await answer).toBeInstanceOf(Error);
      await expect(connect()).rejects.toMatchObject({
        code: "08006",
        message: "the gateway does not reach its Postgres",
      });

      await fixture.lake.inLake(
        `INSERT INTO small VALUES (${100 + round}); INSERT INTO large VALUES (${LARGE + round}, 'late')`,
      );
      await postgres.open();
      const client = await connect();
      expect(await count(client, "small")).toBe(10 + round);
      expect(await count(client, "large")).toBe(LARGE + round);
    }
  });

  test("when its connections break and new ones are had at once, costs a client its session and no more", async () => {
    for (let round = 1; round <= 5; round += 1) {
      const { client, ended } = await watched();
      const rows = await count(client, "large");
      postgres.reset();
      await ended;
      expect(await count(await connect(), "large")).toBe(rows);
    }
  });
});

describe("S3 out of reach", () => {
  let client: pg.Client;

  beforeEach(async () => {
    client = await connect();
  });

  test("fails what needs it with 58030, answers the rest, and heals", async () => {
    // Nobody needs S3 for the small one once it is copied.
    await vi.waitFor(async () => {
      await count(client, "small");
      s3.broken = true;
      try {
        await count(client, "small");
      } finally {
        s3.broken = false;
      }
    }, 60_000);
    await s3.close();
    await expect(client.query("SELECT max(filler) FROM large")).rejects.toMatchObject({
      code: "58030",
      message: "the lake cannot be read now [S3_UNREACHABLE]",
    });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await s3.open();
    expect((await client.query("SELECT count(filler)::int AS rows FROM large")).rows[0].rows).toBeGreaterThan(
      LARGE - 1,
    );
  });

  test("in the middle of a result: an error, or all of the rows", async () => {
    for (const read of [1, 100, 10_000, 100_000]) {
      const whole = await count(client, "large");
      const cursor = client.query(new Cursor("SELECT id, filler FROM large"));
      let rows = (await cursor.read(read)).length;
      s3.broken = true;
      s3.reset();
      const outcome = await (async () => {
        for (;;) {
          const more = (await cursor.read(20_000)).length;
          if (more === 0) return null;
          rows += more;
        }
      })().catch((error: unknown) => error);
      s3.broken = false;
      if (outcome === null) expect(rows).toBe(whole);
      // 58000: what S3 gave before was enough to read it once more.
      else expect(outcome).toMatchObject({ code: expect.stringMatching(/^580[03]0$/) });
      await cursor.close();
    }
  });
});
