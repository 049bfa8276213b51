import type { ServiceName } from "../platform/service.ts";
import { Random } from "../samples/random.ts";
import { MOMENTS, type Moment, POINTS, type Point, UPKEEP_POINTS } from "./points.ts";
import { STREAMS, type StreamName, shuffled } from "./shop.ts";
import type { ProxyName, Toxic } from "./toxiproxy.ts";
import type { Trap } from "./trap.ts";

type NewTrap = Omit<Trap, "id">;

/** What is done to the workers. */
export type Blow =
  /** It kills itself at a point; `request`: what leads it there. */
  | { kind: "trap"; trap: NewTrap; request: Request | null }
  /** It is killed some time after it was started. */
  | { kind: "kill"; worker: number; afterMs: number }
  /** It stops at a point for longer than a heartbeat's time-out, while another does its work, and then goes on. */
  | { kind: "zombie"; trap: NewTrap; forMs: number }
  /** The way to a server is cut at a point. */
  | { kind: "cut"; trap: NewTrap; proxy: ProxyName; forMs: number };

/** What is done to a server or to the way to it, beside the workers' fate. */
export type Fault = { atMs: number } & (
  | { kind: "restart"; server: ServiceName; signal: NodeJS.Signals }
  | { kind: "poison"; proxy: ProxyName; toxic: Toxic; forMs: number }
  | { kind: "cut"; proxy: ProxyName; forMs: number }
);

/** Work that somebody asks of the writers meanwhile. */
export type Request = { atMs: number } & (
  | { kind: "retention" | "compact" | "quarantine"; stream: StreamName }
  | { kind: "compactEnriched" }
  | { kind: "maintenance" }
);

/** DuckDB's sizes. */
export interface Squeeze {
  memoryLimit: string;
  spillLimit: string;
}

export interface RoundPlan {
  round: number;
  workers: number;
  /** Several lists at a time, each one blow after another. */
  blows: Blow[][];
  faults: Fault[];
  requests: Request[];
  /** Whether the lake is maintained once more when all is healed: every step must then succeed. */
  maintains: boolean;
  /** About how many files a stream gets. */
  size: number;
  /** What the workers' DuckDB has, while a batch comes that needs more; null: enough. */
  squeeze: Squeeze | null;
  /** How long a trap is waited for: a run has more rounds for those that are not reached, the short form has not. */
  patienceMs: number;
}

/** Decks of what is dealt in turn, so that everything comes up, and is shuffled anew when it is used up. */
class Deck<T> {
  readonly #random: Random;
  readonly #all: readonly T[];
  #left: T[] = [];

  constructor(random: Random, all: readonly T[]) {
    this.#random = random;
    this.#all = all;
  }

  deal(): T {
    if (this.#left.length === 0) this.#left = shuffled(this.#random, this.#all);
    return this.#left.pop() as T;
  }
}

/** Kinds of draws; LOAD in shop.ts is 1. */
const PLAN = 2;
const DECKS = 3;

/** Every named point with every moment. */
export const ALL_MOMENTS: readonly { point: Point; moment: Moment }[] = POINTS.flatMap((point) =>
  MOMENTS.map((moment) => ({ point, moment })),
);

/** Each point, and a commit at all three moments: after it lies what comes before the activity's answer. */
const SHORT_MOMENTS: readonly { point: Point; moment: Moment }[] = [
  { point: "feed.register", moment: "before" },
  { point: "feed.merge", moment: "during" },
  { point: "feed.ledger", moment: "after" },
  { point: "feed.commit", moment: "before" },
  { point: "feed.commit", moment: "during" },
  { point: "feed.commit", moment: "after" },
  { point: "rebuild.replace", moment: "after" },
  { point: "rebuild.record", moment: "before" },
  { point: "rebuild.commit", moment: "during" },
  { point: "materialize.replace", moment: "before" },
  { point: "materialize.record", moment: "during" },
  { point: "materialize.commit", moment: "after" },
];
const SHORT_ROUNDS = 3;

/** Decides what happens in each round, from the seed alone: rounds are to be asked for in order. */
export class Planner {
  readonly #seed: number;
  readonly #short: boolean;
  readonly #traps: Deck<(typeof ALL_MOMENTS)[number]>;
  readonly #upkeep: Deck<{ point: (typeof UPKEEP_POINTS)[number]; moment: Moment }>;
  readonly #servers: Deck<ServiceName>;

  constructor(seed: number, short: boolean) {
    this.#seed = seed;
    this.#short = short;
    this.#traps = new Deck(new Random(seed, DECKS, 1), short ? SHORT_MOMENTS : ALL_MOMENTS);
    this.#upkeep = new Deck(
      new Random(seed, DECKS, 3),
      UPKEEP_POINTS.flatMap((point) => MOMENTS.map((moment) => ({ point, moment }))),
    );
    // In turn: a server that falls five times within a minute each is given up.
    this.#servers = new Deck(new Random(seed, DECKS, 2), ["postgres", "s3", "temporal"]);
  }

  plan(round: number): RoundPlan {
    const random = new Random(this.#seed, PLAN, round);
    return this.#short ? this.#shortRound(random, round) : this.#longRound(random, round);
  }

  #longRound(random: Random, round: number): RoundPlan {
    const workers = random.chance(0.5) ? 2 : 1;
    const blows: Blow[][] = Array.from({ length: workers }, () => []);
    const count = random.between(4, 5);
    for (let number = 0; number < count; number += 1) {
      blows[number % workers]?.push(random.chance(0.75) ? this.#trap(random) : killSometime(random));
    }
    if (random.chance(0.4)) blows[0]?.splice(random.below(3), 0, cutAtPoint(random));
    if (random.chance(0.6)) blows.at(-1)?.push(this.#upkeepTrap(random));
    // Only where somebody else can take over.
    if (workers === 2 && random.chance(0.35)) blows[1]?.push(zombie(random));
    const faults: Fault[] = [];
    if (random.chance(0.7)) faults.push(restart(random, this.#servers.deal()));
    for (let number = random.between(0, 2); number > 0; number -= 1) faults.push(disturbance(random));
    const squeeze = random.chance(0.15) ? SQUEEZE : null;
    const maintains = random.chance(0.4);
    const requests = Array.from({ length: random.between(0, 3) }, () => request(random));
    if (maintains) requests.push({ kind: "maintenance", atMs: random.between(0, 8_000) });
    return { round, workers, blows, faults, requests, maintains, size: 16, squeeze, patienceMs: 25_000 };
  }

  /** Three of these come to every named point. */
  #shortRound(random: Random, round: number): RoundPlan {
    const blows = Array.from({ length: Math.ceil(SHORT_MOMENTS.length / SHORT_ROUNDS) }, () =>
      this.#trap(random),
    );
    const cut: Fault = { kind: "cut", atMs: 2_000, forMs: 500, proxy: random.pick(["postgres", "s3"]) };
    return {
      round,
      workers: 2,
      blows: [blows.filter((_, number) => number % 2 === 0), blows.filter((_, number) => number % 2 === 1)],
      faults: [round % 2 === 1 ? restart(random, this.#servers.deal()) : cut],
      requests: [],
      maintains: false,
      size: 10,
      squeeze: null,
      patienceMs: 180_000,
    };
  }

  #trap(random: Random): Blow {
    const { point, moment } = this.#traps.deal();
    const delayMs = moment === "before" ? 0 : random.below(moment === "during" ? 40 : 15);
    // Batches are many; of the rest the next one may be long in coming.
    const skip = point.startsWith("feed.") && !this.#short && random.chance(0.3) ? 1 : 0;
    return { kind: "trap", trap: { point, moment, skip, delayMs, deed: "kill" }, request: null };
  }

  #upkeepTrap(random: Random): Blow {
    const { point, moment } = this.#upkeep.deal();
    const delayMs = moment === "during" ? random.below(20) : 0;
    const trap: NewTrap = { point, moment, skip: 0, delayMs, deed: "kill" };
    return { kind: "trap", trap, request: leadingTo(random, point) };
  }
}

function leadingTo(random: Random, point: (typeof UPKEEP_POINTS)[number]): Request | null {
  const atMs = 0;
  switch (point) {
    case "replace.unregister":
    case "replace.commit":
      return null;
    case "retention.commit":
      return { kind: "retention", atMs, stream: "visits" };
    case "compact.write":
    case "compact.commit":
      return { kind: "compactEnriched", atMs };
    case "quarantine.commit":
      return { kind: "quarantine", atMs, stream: random.pick(STREAMS) };
    default:
      return { kind: "maintenance", atMs };
  }
}

const SIGNALS: Record<ServiceName, NodeJS.Signals[]> = {
  // "Immediate": it comes back as after a crash.
  postgres: ["SIGQUIT", "SIGKILL"],
  s3: ["SIGTERM", "SIGKILL"],
  temporal: ["SIGINT", "SIGKILL"],
};

/** Enough for everything but a heavy batch as a whole: that needs about 100 MB, and nothing may be spilt. */
const SQUEEZE: Squeeze = { memoryLimit: "80MB", spillLimit: "1MB" };

function restart(random: Random, server: ServiceName): Fault {
  return { kind: "restart", atMs: random.between(500, 9_000), server, signal: random.pick(SIGNALS[server]) };
}

function request(random: Random): Request {
  const atMs = random.between(0, 9_000);
  const kind = random.pick(["retention", "compact", "quarantine", "compactEnriched"] as const);
  if (kind === "compactEnriched") return { kind, atMs };
  return { kind, atMs, stream: kind === "retention" ? "visits" : random.pick(STREAMS) };
}

function killSometime(random: Random): Blow {
  return { kind: "kill", worker: random.below(2), afterMs: random.between(100, 6_000) };
}

/** Between planning and commit, where a fence is needed; or after it, where the answer comes too late. */
function zombie(random: Random): Blow {
  const point = random.pick(["feed.register", "feed.ledger", "feed.commit", "materialize.record"] as const);
  const moment = random.pick(["before", "after"] as const);
  const trap: NewTrap = { point, moment, skip: 0, delayMs: 0, deed: "stop" };
  return { kind: "zombie", trap, forMs: random.between(13_000, 16_000) };
}

function cutAtPoint(random: Random): Blow {
  const point = random.pick(["feed.commit", "feed.merge", "materialize.commit", "rebuild.commit"] as const);
  const moment = random.pick(["before", "during"] as const);
  const delayMs = moment === "during" ? random.below(30) : 0;
  return {
    kind: "cut",
    trap: { point, moment, skip: 0, delayMs, deed: "tell" },
    proxy: random.chance(0.7) ? "postgres" : "s3",
    forMs: random.between(200, 2_500),
  };
}

function disturbance(random: Random): Fault {
  const atMs = random.between(0, 9_000);
  const forMs = random.between(300, 4_000);
  const proxy = random.pick(["postgres", "s3"] as const);
  if (random.chance(0.3)) return { kind: "cut", atMs, forMs, proxy: random.chance(0.2) ? "temporal" : proxy };
  return { kind: "poison", atMs, forMs, proxy, toxic: toxic(random) };
}

function toxic(random: Random): Toxic {
  const stream = random.pick(["upstream", "downstream"] as const);
  switch (random.below(5)) {
    case 0:
      return { type: "latency", stream, attributes: { latency: random.between(5, 100), jitter: 0 } };
    case 1:
      return { type: "latency", stream, attributes: { latency: 30, jitter: random.between(10, 30) } };
    case 2:
      return { type: "reset_peer", stream, attributes: { timeout: random.between(0, 500) } };
    case 3:
      return { type: "timeout", stream, attributes: { timeout: random.between(1, 1_000) } };
    default:
      return { type: "limit_data", stream, attributes: { bytes: random.between(100, 100_000) } };
  }
}
