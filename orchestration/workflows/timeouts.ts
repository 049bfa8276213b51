/**
 * How long work may be silent before its worker is taken for dead, and the work is given to another. A worker beats
 * every few seconds while a statement runs. Alone in this file, so that the chaos harness can bundle shorter ones.
 */
export const heartbeatTimeout = "30 seconds";

/** Work that must succeed some day: it is tried again for as long as the world is broken. */
export const untilItSucceeds = { initialInterval: "1 second", maximumInterval: "30 seconds" } as const;

/** Work that another day does as well: what waits behind it is worth more. */
export const fewAttempts = {
  initialInterval: "1 second",
  maximumInterval: "10 seconds",
  maximumAttempts: 5,
} as const;
