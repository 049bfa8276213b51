import { createHash } from "node:crypto";

/** Bytes of a name that Postgres keeps. */
const LONGEST = 63;

/** Every table of Postgres has these beside its own. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);

/**
 * The names of a lake's columns (of one table) or tables (of one schema) in Postgres, in the same order, none twice.
 * A name that Postgres takes stays; one that it does not (too long, empty, a system column's) is shortened and ends in
 * a mark that depends on that name alone, so that it stays the same whatever comes beside it.
 */
export function postgresNames(names: readonly string[]): string[] {
  const taken = new Set(names.filter(isTaken));
  return names.map((name) => {
    if (isTaken(name)) return name;
    for (let attempt = 0; ; attempt += 1) {
      const shortened = marked(name, attempt);
      if (taken.has(shortened)) continue;
      taken.add(shortened);
      return shortened;
    }
  });
}

function isTaken(name: string): boolean {
  return (
    name !== "" && Buffer.byteLength(name) <= LONGEST && !SYSTEM_COLUMNS.has(name) && !name.includes("\0")
  );
}

function marked(name: string, attempt: number): string {
  const mark = `_${createHash("sha256").update(`${attempt}:${name}`).digest("hex").slice(0, 8)}`;
  let kept = "";
  for (const character of name.replaceAll("\0", "")) {
    if (Buffer.byteLength(kept + character) > LONGEST - mark.length) break;
    kept += character;
  }
  return `${kept}${mark}`;
}
