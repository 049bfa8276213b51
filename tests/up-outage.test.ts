import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { environmentOf } from "./support/environment.ts";
import { type Isolation, isolate } from "./support/isolation.ts";
import { makeProject, ORDERS } from "./support/project-fixture.ts";
import { byRoads, Road } from "./support/road.ts";

const FILES = 6;
let isolation: Isolation;

beforeAll(async () => {
  isolation = await isolate();
});

afterAll(() => isolation.dispose());

test("a lake that is catching up outlives servers that go away, says so, and ends when nothing is new", async () => {
  const { connections } = isolation;
  const [postgres, s3] = [connections.catalogUrl, connections.s3.endpoint ?? ""].map(
    (url) => new Road(new URL(url)),
  ) as [Road, Road];
  await Promise.all([postgres.open(), s3.open()]);
  const store = new ObjectStore(connections.s3);
  const scratch = await openScratch();
  const local = join(isolation.folder, "raw.parquet");
  await scratch.execute(`COPY (SELECT 1::BIGINT AS id, now() AS updated_at) TO ${literal(local)}`);
  for (let day = 1; day <= FILES; day += 1)
    await store.put(`raw/shop/orders/year=2026/month=01/day=0${day}/a.parquet`, readFileSync(local));
  const project = await makeProject({
    "dag/streams/shop/orders.json": { ...ORDERS, feeder: { batch_files: 1 } },
  });
  const up = execa("node", ["bin/lotus.mjs", "up", "--once", "--project", project], {
    env: environmentOf(byRoads(connections, { postgres, s3 }), isolation.folder),
    reject: false,
    all: true,
  });
  let printed = "";
  const outages = [
    { road: s3, told: /waiting: .*\[S3_UNREACHABLE\]/ },
    { road: postgres, told: /waiting: .*\[CATALOG_UNREACHABLE\]/ },
  ];
  up.all?.on("data", async (text) => {
    printed += text;
    if (!String(text).includes("fed ")) return;
    const outage = outages.shift();
    if (!outage) return;
    await outage.road.close();
    await vi.waitFor(() => expect(printed).toMatch(outage.told), 60_000);
    await outage.road.open();
  });
  const { exitCode } = await up;
  expect(exitCode, printed).toBe(0);
  expect(outages).toEqual([]);
  expect(printed.match(/fed +shop\/orders/g)).toHaveLength(FILES);
  scratch.close();
  store.close();
  await Promise.all([postgres.close(), s3.close()]);
});
