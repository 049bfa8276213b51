import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FeederContext } from "../assets/feeder/feed-batch.ts";
import { changeQuarantine } from "../assets/feeder/quarantine.ts";
import { loadProject } from "../assets/project.ts";
import { rollBack } from "../assets/rollback.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import { literal } from "../lake/sql.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";

/** Taking files out of the quarantine: once more, or never. */

let fixture: FeederLake;
beforeAll(async () => {
  fixture = await FeederLake.open();
});
afterAll(() => fixture.close());

const change = (
  stream: FedStream,
  action: "retry" | "drop",
  key: string | null,
  as: FeederContext = stream.context,
) => changeQuarantine(as, { action, key, runId: "test" });

/** `id` is a number to the stream: a file with another text in it is set aside. */
const good = (id: number) => values("id, v", `(${id}, 'v')`);
const bad = "SELECT 'x' AS id, 'v' AS v";

/** States of a key's entries in the order in which they were written. */
async function history(stream: FedStream, key: string): Promise<unknown[]> {
  const rows = await fixture.query(
    `SELECT state FROM lakehouse.meta.quarantine_log WHERE source = ${literal(stream.name.source)}
       AND key = ${literal(key)} ORDER BY epoch`,
  );
  return rows.map((row) => row.state);
}

const waiting = async (stream: FedStream, as = stream.context) => {
  const found = await as.lake.withSession((session) =>
    as.backlog.scan(session, { cursorKey: null, whole: true }),
  );
  return found.files + found.misplaced;
};

describe("retry", () => {
  test("feeds what can be read by now, and sets aside again what still cannot, with the reason", async () => {
    const stream = await fixture.stream({ feeder: { on_new_column: "fail" } });
    const wide = await stream.put("2026-01-01/wide.parquet", "SELECT 1::BIGINT AS id, 'v' AS v, 'w' AS w");
    const torn = await stream.put("2026-01-01/torn.parquet", Buffer.from("PAR1 and no more"));
    await stream.put("2026-01-02/good.parquet", good(2));
    await stream.feed();
    const before = await stream.quarantine();
    expect(before.map(({ key }) => key)).toEqual([torn, wide]);

    await stream.load(fixture.lake, { fields: { id: "integer", v: "string", w: "string" } });
    expect(await change(stream, "retry", null)).toEqual({ entries: 2 });
    expect(await stream.quarantine()).toEqual([]);
    await stream.drain();
    expect(await stream.rows("id, w")).toEqual([
      ["1", "w"],
      ["2", null],
    ]);
    expect(await stream.quarantine()).toEqual([before[0]]);
    expect(await history(stream, torn)).toEqual(["waiting", "released", "waiting"]);
    expect(await history(stream, wide)).toEqual(["waiting", "released"]);
  });

  test("of one file leaves the others where they are", async () => {
    const stream = await fixture.stream();
    const first = await stream.put("2026-01-01/a.parquet", Buffer.from("not Parquet"));
    const second = await stream.put("2026-01-01/b.parquet", Buffer.from("not Parquet either"));
    await stream.feed();
    expect(await change(stream, "retry", first)).toEqual({ entries: 1 });
    expect((await stream.quarantine()).map(({ key }) => key)).toEqual([second]);
    expect(await waiting(stream)).toBe(1);
    // A second attempt of the same activity finds it done.
    expect(await change(stream, "retry", first)).toEqual({ entries: 0 });
    expect(await history(stream, first)).toEqual(["waiting", "released"]);
    await stream.drain();
    expect(await change(stream, "retry", first)).toEqual({ entries: 1 });
  });

  test("finds a file far behind the cursor, also from a process whose whole listing is not due", async () => {
    const stream = await fixture.stream();
    const late = await stream.put("2020-01-01/late.parquet", bad);
    for (const day of ["2026-01-01", "2026-01-02", "2026-01-03"])
      await stream.put(`${day}/a.parquet`, good(1));
    await stream.feed();
    // Listing in pages of one makes whole listings rare.
    const [store, elsewhere] = [new SmallPages(), new SmallPages()];
    const context = await stream.process(fixture.lake, store);
    const other = await stream.process(await fixture.another(), elsewhere);
    for (const as of [context, other]) {
      expect(await stream.feed({ as })).toMatchObject([{ files: 0, quarantined: 0 }]);
      expect(await stream.drain({ as })).toMatchObject([{ files: 0, quarantined: 0 }]);
    }
    // Known to wait, so that feeding it lists nothing.
    await stream.put("2026-01-04/a.parquet", good(2));
    expect(await waiting(stream, context)).toBe(1);
    await change(stream, "retry", late, context);
    expect(await stream.drain({ as: context })).toMatchObject([{ files: 1, quarantined: 1 }]);
    await change(stream, "retry", late, context);
    expect(await stream.drain({ as: other })).toMatchObject([{ quarantined: 1 }]);
    store.close();
    elsewhere.close();
  });

  test("names keys that are near, and those that there are, when nothing is set aside under the one named", async () => {
    const stream = await fixture.stream();
    const key = await stream.put("2026-01-01/orders_1.parquet", bad);
    await expect(change(stream, "retry", key)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("None of its files is."),
    });
    await stream.feed();
    await expect(change(stream, "retry", key.replace("orders_1", "order_1"))).rejects.toThrow(
      `Did you mean ${key}?`,
    );
    await expect(change(stream, "drop", "something quite different")).rejects.toThrow(
      `Set aside are ${key}.`,
    );
    await expect(change(stream, "drop", "orders_1.parquet")).rejects.toThrow(`Set aside are ${key}.`);
    expect(await stream.quarantine()).toHaveLength(1);
  });
});

describe("drop", () => {
  test("a file is known from then on and not shown; overwritten, it waits again", async () => {
    const stream = await fixture.stream();
    const key = await stream.put("2026-01-01/a.parquet", bad);
    await stream.feed();
    expect(await change(stream, "drop", key)).toEqual({ entries: 1 });
    expect(await change(stream, "drop", key)).toEqual({ entries: 0 });
    expect(await stream.quarantine()).toEqual([]);
    expect(await waiting(stream)).toBe(0);
    const fresh = await stream.process(await fixture.another());
    expect(await waiting(stream, fresh)).toBe(0);
    expect(await stream.feed({ as: fresh })).toMatchObject([{ files: 0, quarantined: 0 }]);

    await stream.put("2026-01-01/a.parquet", good(7));
    expect(await waiting(stream)).toBe(1);
    expect(await stream.feed()).toMatchObject([{ files: 1 }]);
    expect(await stream.rows("id")).toEqual([["7"]]);
    await stream.expectFedOnce([key]);
  });

  test("all of a stream's, and only of that stream", async () => {
    const [stream, other] = [await fixture.stream(), await fixture.stream()];
    for (const each of [stream, other]) {
      for (const name of ["a", "b", 'it\'s; "c"']) await each.put(`2026-01-01/${name}.parquet`, bad);
      await each.feed();
    }
    const [row] = await fixture.query("SELECT id FROM ducklake_current_snapshot('lakehouse')");
    expect(await change(stream, "drop", null)).toEqual({ entries: 3 });
    const notes = await fixture.query(
      `SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lakehouse') WHERE snapshot_id > ${Number(row?.id)}`,
    );
    expect(notes).toEqual([
      {
        author: `feeder_${stream.name.source}_items`,
        commit_message: "drop 3 files set aside",
        commit_extra_info: JSON.stringify({
          runId: "test",
          asset: stream.context.stream.processed.asset,
          work: "quarantine",
          entries: 3,
        }),
      },
    ]);
    expect(await stream.quarantine()).toEqual([]);
    expect(await other.quarantine()).toHaveLength(3);
    expect(await change(stream, "drop", null)).toEqual({ entries: 0 });
  });
});

test("a change waits its turn behind another writer of the stream", async () => {
  const stream = await fixture.stream();
  const { asset } = stream.context.stream.processed;
  await stream.put("2026-01-01/a.parquet", bad);
  await stream.feed();
  const lake = await fixture.another();
  let overtaken = false;
  // Another writer commits between the fence that was read and the commit.
  const slow = {
    ...stream.context,
    lake: {
      withSession: <T>(work: (session: unknown) => Promise<T>) =>
        lake.withSession((session) =>
          work(
            new Proxy(session, {
              get(target, name) {
                const value = Reflect.get(target, name);
                if (name !== "execute") return typeof value === "function" ? value.bind(target) : value;
                return async (sql: string) => {
                  if (sql.startsWith("BEGIN") && !overtaken) {
                    overtaken = true;
                    await fixture.lake.withSession(async (winner) =>
                      advanceFence(winner, asset, await readFence(winner, asset)),
                    );
                  }
                  return target.execute(sql);
                };
              },
            }),
          ),
        ),
    },
  } as unknown as FeederContext;
  expect(await change(stream, "drop", null, slow)).toEqual({ entries: 1 });
  expect(overtaken).toBe(true);
  expect(await stream.quarantine()).toEqual([]);
});

test("the quarantine of a held stream is left alone", async () => {
  const stream = await fixture.stream();
  const { asset } = stream.context.stream.processed;
  await stream.put("2026-01-01/good.parquet", good(1));
  const [fed] = await stream.feed();
  await stream.put("2026-01-01/bad.parquet", bad);
  await stream.feed();
  const project = await loadProject(stream.dir);
  await rollBack(fixture.lake, project, { asset, snapshot: fed?.snapshot ?? 0, runId: "test" });
  for (const action of ["retry", "drop"] as const) {
    await expect(change(stream, action, null)).rejects.toMatchObject({
      code: "ASSET_HELD",
      message: expect.stringContaining(`lotus release ${asset}`),
    });
  }
  expect(await stream.quarantine()).toHaveLength(1);
});

/** A store that lists one object a page. */
class SmallPages extends ObjectStore {
  constructor() {
    super(fixture.isolation.connections.s3);
  }

  override async page(prefix: string, startAfter: string | null, token: string | null) {
    const { objects } = await super.page(prefix, token ?? startAfter, null);
    const [first] = objects;
    return { objects: objects.slice(0, 1), next: objects.length > 1 && first ? first.key : null };
  }
}
