import { LotusError, messageOf } from "../common/errors.ts";
import type { Finding } from "./definitions.ts";

/** What a finding says, before it is known whom it concerns. */
export interface Fault {
  code: string;
  line: number | null;
  message: string;
  remedy: string;
}

/**
 * One line: `file:line: message Remedy. [code]`, the shape that editors and terminals turn into a link.
 * Line breaks inside (DuckDB's hints) become spaces.
 */
export function formatFinding(finding: Finding): string {
  const place = finding.line === null ? finding.file : `${finding.file}:${finding.line}`;
  const note = finding.severity === "info" ? "note: " : "";
  const text = `${place}: ${note}${sentence(finding.message)} ${sentence(finding.remedy)} [${finding.code}]`;
  return text.replace(/\s+/g, " ");
}

/** Whether nothing found keeps an asset from running: `lotus check` exits 1 otherwise. */
export function checkPasses(findings: readonly Finding[]): boolean {
  return findings.every((finding) => finding.severity === "info");
}

/** By file, then line, so that a list reads like the project's folder. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      compareText(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || compareText(a.message, b.message),
  );
}

/** A fault that keeps `assets` from running. */
export function errorFinding(file: string, assets: readonly string[], fault: Fault): Finding {
  return { ...fault, severity: "error", file, assets: [...assets] };
}

/** Something to know that stops nothing. */
export function infoFinding(file: string, assets: readonly string[], fault: Fault): Finding {
  return { ...fault, severity: "info", file, assets: [...assets] };
}

/** What the parser or the binder said about a model's SQL, with the line that it named. */
export function sqlFault(code: string, error: unknown, remedy: string): Fault {
  const message = messageOf(error);
  const parsed = error instanceof LotusError && /^line (\d+): ([\s\S]*)$/.exec(message);
  if (parsed) {
    // The parser's own messages (assets/parse-tree.ts) end with their remedy behind a semicolon.
    const [, line, text = ""] = parsed;
    const cut = text.lastIndexOf("; ");
    return {
      code,
      line: Number(line),
      message: cut < 0 ? text : text.slice(0, cut),
      remedy: cut < 0 ? remedy : text.slice(cut + 2),
    };
  }
  const marker = /\n\s*LINE (\d+):/.exec(message);
  const text = marker ? message.slice(0, marker.index) : message;
  return { code, line: marker ? Number(marker[1]) : null, message: text.trim(), remedy };
}

/** ` Did you mean X?` when a known name is close to a mistyped one; empty otherwise. */
export function suggestion(name: string, known: Iterable<string>): string {
  const limit = Math.max(2, Math.floor(name.length / 4));
  let best: { name: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { name: candidate, distance };
    }
  }
  return best ? ` Did you mean ${best.name}?` : "";
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  // Names at the beginning stay as they are written: fct_sales, primary_key.
  const capital = /^[a-z]+\s/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
