import { useCallback, useEffect, useRef, useState } from "react";
import { isAborted } from "../../api/problem.ts";
import { ask, type Question } from "../../api/query.ts";
import type { QueryResult } from "../../api/types.ts";

type State =
  | { kind: "idle" }
  | { kind: "running"; since: number }
  | { kind: "failed"; error: unknown }
  | { kind: "done"; number: number; result: QueryResult; question: Question };

/** One question at a time; the next one, or leaving the page, interrupts the one before, on the server too. */
export function useQuestion() {
  const [state, setState] = useState<State>({ kind: "idle" });
  const current = useRef<AbortController | null>(null);
  const number = useRef(0);

  const run = useCallback((question: Question) => {
    current.current?.abort();
    const mine = new AbortController();
    current.current = mine;
    number.current += 1;
    setState({ kind: "running", since: Date.now() });
    ask(question, mine.signal).then(
      (result) => {
        if (current.current === mine) setState({ kind: "done", number: number.current, result, question });
      },
      (error: unknown) => {
        if (current.current === mine && !isAborted(error)) setState({ kind: "failed", error });
      },
    );
  }, []);

  const cancel = useCallback(() => {
    current.current?.abort();
    setState({ kind: "idle" });
  }, []);

  useEffect(() => () => current.current?.abort(), []);
  return { state, run, cancel };
}
