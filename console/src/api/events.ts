import { createParser, type EventSourceMessage } from "eventsource-parser";
import { problemOf } from "./problem.ts";
import { authorization, signOut } from "./session.ts";
import { createStore } from "./store.ts";

export type Connection = "connecting" | "live" | "lost";

/** Whether what the pages show is what happens. */
export const connection = createStore<Connection>("connecting");

/** The server says something every 15 s; a line this silent is dead, whatever TCP believes. */
const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Follows the API's events until it is stopped: goes on after the last event that was seen, and reconnects with
 * longer and longer waits. `onBack` is told when it is there again after it was lost. Read with `fetch`, since
 * EventSource cannot send a token.
 */
export function follow(onEvent: (event: EventSourceMessage) => void, onBack: () => void): () => void {
  const stopped = new AbortController();
  void keepFollowing(onEvent, onBack, stopped.signal);
  return () => stopped.abort();
}

async function keepFollowing(
  onEvent: (event: EventSourceMessage) => void,
  onBack: () => void,
  stopped: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  let wait = FIRST_WAIT_MS;
  while (!stopped.aborted) {
    try {
      const response = await open(last, stopped);
      if (connection.get() === "lost") onBack();
      connection.set("live");
      wait = FIRST_WAIT_MS;
      await read(response, (event) => {
        last = event.id ?? last;
        onEvent(event);
      });
    } catch {
      // What went wrong is shown as a lost connection, and tried again.
    }
    if (stopped.aborted) return;
    connection.set("lost");
    // Spread, so that a hundred consoles do not return at the same moment.
    await sleep(wait * (0.5 + Math.random() / 2), stopped);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

interface Line {
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
  hangUp: () => void;
}

async function open(last: string | undefined, stopped: AbortSignal): Promise<Line> {
  const silent = new AbortController();
  const response = await fetch("/api/v1/events", {
    headers: {
      accept: "text/event-stream",
      ...authorization(),
      ...(last === undefined ? {} : { "last-event-id": last }),
    },
    signal: AbortSignal.any([stopped, silent.signal]),
  });
  if (response.status === 401) signOut();
  if (!response.ok || !response.body) throw await problemOf(response);
  return { body: response.body, hangUp: () => silent.abort() };
}

async function read({ body, hangUp }: Line, onEvent: (event: EventSourceMessage) => void): Promise<void> {
  const parser = createParser({ onEvent });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let watch: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      watch = setTimeout(hangUp, SILENCE_MS);
      const { done, value } = await reader.read();
      clearTimeout(watch);
      if (done) return;
      parser.feed(value);
    }
  } finally {
    clearTimeout(watch);
  }
}

function sleep(milliseconds: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stopped.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
