import type { Stream } from "../assets/definitions.ts";
import { literal } from "../lake/sql.ts";

/** How findings name a stream. */
export function streamName({ source, stream }: Stream): string {
  return `${source}/${stream}`;
}

/** A condition on a log: entries of this stream. */
export function ofStream({ source, stream }: Stream): string {
  return `source = ${literal(source)} AND stream = ${literal(stream)}`;
}

/** The landing table of a stream. */
export function landingTable({ landing }: Stream) {
  return { schema: "staging", name: landing.table } as const;
}
