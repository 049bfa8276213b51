const KEY = "lotus-queries";
const MOST = 50;

export interface Asked {
  sql: string;
  at: string;
}

/** What was asked in this browser, newest first. */
export function askedBefore(): Asked[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(isAsked) : [];
  } catch {
    // Somebody else's entry, or none that can be read.
    return [];
  }
}

export function lastAsked(): string | undefined {
  return askedBefore()[0]?.sql;
}

export function remember(sql: string): void {
  const rest = askedBefore().filter((entry) => entry.sql !== sql);
  const next = [{ sql, at: new Date().toISOString() }, ...rest].slice(0, MOST);
  localStorage.setItem(KEY, JSON.stringify(next));
}

function isAsked(entry: unknown): entry is Asked {
  return typeof entry === "object" && entry !== null && "sql" in entry && "at" in entry;
}
