import { describe, expect, test } from "vitest";
import { Planner } from "../chaos/plan.ts";
import { POINTS, TransactionReader, UPKEEP_POINTS } from "../chaos/points.ts";
import { runChaos } from "../chaos/run.ts";
import { Shop } from "../chaos/shop.ts";

/** The short form of `npm run chaos`. It has a platform of its own, whose servers it restarts. */

const SEED = 7;
const ROUNDS = 3;

test("kills at every named point, a restart and a cut leave a lake that is right", async () => {
  const said: string[] = [];
  const { rounds, folders } = await runChaos({
    rounds: ROUNDS,
    seed: SEED,
    short: true,
    keep: false,
    report: (line) => said.push(line),
    done: () => {},
    signal: new AbortController().signal,
  });
  expect(rounds.flatMap((round) => round.findings)).toEqual([]);
  expect(rounds).toHaveLength(ROUNDS);
  expect(folders).toEqual([]);
  const killedAt = new Set(rounds.flatMap((round) => round.kills.map((kill) => kill.split(" ")[0])));
  expect([...killedAt].sort()).toEqual([...POINTS].sort());
  const faults = rounds.flatMap((round) => round.faults);
  expect(faults.some((fault) => /SIG[A-Z]+$/.test(fault))).toBe(true);
  expect(faults.some((fault) => fault.endsWith(" cut"))).toBe(true);
}, 1_200_000);

describe("what is decided", () => {
  const plans = (seed: number, short: boolean) => {
    const planner = new Planner(seed, short);
    return Array.from({ length: 50 }, (_, index) => planner.plan(index + 1));
  };

  test("follows from the seed alone", () => {
    expect(plans(7, false)).toEqual(plans(7, false));
    expect(plans(7, false)).not.toEqual(plans(8, false));
    const load = (seed: number) => {
      const shop = new Shop(seed);
      return [1, 2, 3].map((round) => shop.round(round, 16, round === 2));
    };
    expect(load(7)).toEqual(load(7));
    expect(load(7)).not.toEqual(load(8));
  });

  test("fifty rounds kill more than 200 times, at every point, and try everything else", () => {
    const rounds = plans(7, false);
    const blows = rounds.flatMap((round) => round.blows.flat());
    expect(blows.filter((blow) => blow.kind === "kill" || blow.kind === "trap").length).toBeGreaterThan(250);
    const points = blows.flatMap((blow) => (blow.kind === "trap" ? [blow.trap.point] : []));
    expect([...new Set(points)].sort()).toEqual([...POINTS, ...UPKEEP_POINTS].sort());
    expect(new Set(blows.map((blow) => blow.kind))).toEqual(new Set(["kill", "trap", "zombie", "cut"]));
    const faults = rounds.flatMap((round) => round.faults);
    expect(new Set(faults.map((fault) => fault.kind))).toEqual(new Set(["restart", "poison", "cut"]));
  });
});

test("named points are told from the statements of a transaction", () => {
  const reader = new TransactionReader();
  const read = (...statements: string[]) => statements.map((sql) => reader.read(sql));
  expect(
    read(
      "BEGIN TRANSACTION",
      "CALL ducklake_add_data_files('lakehouse', 'stg_a__b', ['s3://x'])",
      'MERGE INTO "lakehouse"."main"."int_a__b" AS t USING ...',
      "INSERT INTO lakehouse.meta.feeder_batches VALUES (1);\nINSERT INTO ...",
      "COMMIT",
    ),
  ).toEqual([null, "feed.register", "feed.merge", "feed.ledger", "feed.commit"]);
  expect(
    read(
      "BEGIN TRANSACTION",
      'DELETE FROM "lakehouse"."main"."int_a__b" AS t',
      "INSERT INTO lakehouse.meta.materializations VALUES (1)",
      "COMMIT",
    ),
  ).toEqual([null, "rebuild.replace", "rebuild.record", "rebuild.commit"]);
  expect(
    read(
      "BEGIN TRANSACTION",
      'MERGE INTO "lakehouse"."main"."fct_a" AS t',
      "INSERT INTO lakehouse.meta.materializations VALUES (1)",
      "ROLLBACK",
      "BEGIN TRANSACTION",
      'CREATE TABLE "lakehouse"."meta"."fence_x" (epoch BIGINT)',
      "COMMIT",
    ),
  ).toEqual([null, "materialize.replace", "materialize.record", null, null, null, null]);
  const note = (details: object) =>
    `CALL ducklake_set_commit_message('lakehouse', 'a', 'it''s (done)',\n extra_info => '${JSON.stringify(details)}')`;
  const table = '"lakehouse"."main"."int_a__b"';
  expect(
    read(
      "BEGIN TRANSACTION",
      `INSERT INTO ${table} ("id") SELECT "id" FROM ${table} WHERE filename IN ('x')`,
      `DELETE FROM ${table} WHERE filename IN ('x')`,
      note({ work: "compact", runId: "it''s" }),
      "COMMIT",
    ),
  ).toEqual([null, "compact.write", null, null, "compact.commit"]);
  expect(
    read(
      "CALL postgres_execute('__ducklake_metadata_lakehouse', 'WITH gone AS (DELETE ...')",
      "BEGIN TRANSACTION",
      "CALL ducklake_add_data_files('lakehouse', 'stg_a__b', ['s3://x'])",
      note({ work: "replace" }),
      "COMMIT",
    ),
  ).toEqual(["replace.unregister", null, "feed.register", null, "replace.commit"]);
});
