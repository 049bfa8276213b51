import { useEffect, useState } from "react";
import { lastAsked } from "./history.ts";

const PREFIX = "#sql=";
const SETTLE_MS = 300;

/** The SQL that is written, kept in the address's hash: the address shares it, and no server log sees it. */
export function useSharedSql(): [string, (sql: string) => void] {
  const [sql, setSql] = useState(() => sqlOfHash() ?? lastAsked() ?? "");

  useEffect(() => {
    const read = () => setSql((before) => sqlOfHash() ?? before);
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);

  useEffect(() => {
    const timer = setTimeout(() => {
      if (linkTo(sql) !== location.href) history.replaceState(history.state, "", linkTo(sql));
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [sql]);

  return [sql, setSql];
}

/** The address of this page with a query in it. */
export function linkTo(sql: string): string {
  const page = `${location.origin}${location.pathname}`;
  return sql === "" ? page : `${page}${PREFIX}${encodeURIComponent(sql)}`;
}

function sqlOfHash(): string | null {
  if (!location.hash.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(location.hash.slice(PREFIX.length));
  } catch {
    // A link that was cut.
    return null;
  }
}
