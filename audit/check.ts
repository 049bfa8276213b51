import type { FindingCode } from "./finding-codes.ts";
import type { Look } from "./look.ts";

/** One thing that is looked at. A check only reads, and finds the same again as long as nothing was changed. */
export interface Check {
  /** What it compares, in a word or two. */
  name: string;
  /** The asset, the stream (`source/stream`), or null for the lake as a whole. */
  subject: string | null;
  run(look: Look): Promise<CheckOutcome>;
}

export interface CheckOutcome {
  /** How many rows, files or objects were compared. */
  rows: number;
  faults: Fault[];
  /** Parts that could not be compared, and why. */
  leftOut: LeftOut[];
  /** Worth knowing, and no fault. */
  notes: Note[];
}

/** What a check found wrong, of one kind. */
export interface Fault {
  code: FindingCode;
  /** How many there are. */
  count: number;
  /** The first of them in the order of their names: never more than CULPRITS. */
  culprits: Culprit[];
}

export interface Culprit {
  /** A key, a path, a row's key, an id. */
  name: string;
  /** What is wrong with it, where there is more to say. */
  detail: string | null;
}

export interface LeftOut {
  subject: string;
  reason: string;
}

export interface Note {
  subject: string;
  message: string;
}

/** So many culprits of a fault are remembered, to tell whether a second look found the same. */
export const CULPRITS = 1000;

/** An outcome of a check: without anything to say, all was well. */
export function outcome(rows: number, said: Partial<Omit<CheckOutcome, "rows">> = {}): CheckOutcome {
  return { rows, faults: [], leftOut: [], notes: [], ...said };
}

/** An outcome that only says why nothing was compared. */
export function nothingCompared(subject: string, reason: string): CheckOutcome {
  return outcome(0, { leftOut: [{ subject, reason }] });
}

/** Faults without those that nobody is to blame for. */
export function onlyFound(faults: readonly Fault[]): Fault[] {
  return faults.filter((fault) => fault.count > 0);
}

/**
 * What both looks found: on a lake that is written to, a listing and a snapshot never show the same instant, and what
 * is wrong is still wrong a moment later.
 */
export function confirmed(first: readonly Fault[], second: readonly Fault[]): Fault[] {
  return second.flatMap((fault) => {
    const before = first.find((candidate) => candidate.code === fault.code);
    if (!before) return [];
    const names = new Set(before.culprits.map((culprit) => culprit.name));
    const culprits = fault.culprits.filter((culprit) => names.has(culprit.name));
    if (culprits.length === 0) return [];
    const whole = fault.count === fault.culprits.length;
    return [{ ...fault, culprits, count: whole ? culprits.length : fault.count }];
  });
}
