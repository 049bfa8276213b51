import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** Filters live in the address, so that a filtered list can be shared and the back button works. */
export function useFilters() {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (name: string, value: string | null) =>
      setParameters(
        (before) => {
          const next = new URLSearchParams(before);
          if (value === null || value === "") next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setParameters],
  );
  return { get: (name: string) => parameters.get(name) ?? undefined, set };
}

export type Filters = ReturnType<typeof useFilters>;

/** Whether every word of what is looked for is somewhere in what is there. */
export function matches(wanted: string | undefined, ...texts: (string | null)[]): boolean {
  if (wanted === undefined) return true;
  const text = texts.join(" ").toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Whether a value is the one that is wanted, if any is. */
export function equals(wanted: string | undefined, value: string | null): boolean {
  return wanted === undefined || wanted === value;
}
