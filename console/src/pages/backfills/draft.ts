import type { BackfillMode, BackfillRequest } from "../../api/types.ts";

export type Target = "streams" | "assets" | "downstreamOf";

/** A backfill as the form has it. */
export interface Draft {
  mode: BackfillMode;
  target: Target;
  names: string[];
  from: string;
  to: string;
  maxConcurrent: number;
}

export const blankDraft: Draft = {
  mode: "reprocess",
  target: "streams",
  names: [],
  from: "",
  to: "",
  maxConcurrent: 2,
};

export function isComplete({ names, from, to }: Draft): boolean {
  return names.length > 0 && !isReversed(from, to);
}

export function isReversed(from: string, to: string): boolean {
  return from !== "" && to !== "" && from > to;
}

export function requestOf({ mode, target, names, from, to, maxConcurrent }: Draft): BackfillRequest {
  return {
    mode,
    [target]: names,
    maxConcurrent,
    ...(from === "" ? {} : { from }),
    ...(to === "" ? {} : { to }),
  };
}
