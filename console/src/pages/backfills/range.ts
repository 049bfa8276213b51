/** "2025-01-01 – 2025-06-30", "from …", "all days" */
export function rangeOf({ from, to }: { from: string | null; to: string | null }): string {
  if (from === null && to === null) return "all days";
  if (from === to) return String(from);
  if (to === null) return `from ${from}`;
  if (from === null) return `to ${to}`;
  return `${from} – ${to}`;
}
