/** What happened in a round. */
export interface RoundReport {
  round: number;
  seconds: number;
  workers: number;
  /** Kills, by where they struck: `feed.commit after`, or `some time`. */
  kills: string[];
  /** Traps that no worker came to. */
  missed: string[];
  /** Workers that ended by themselves. */
  falls: number;
  /** What else was done to the lake. */
  faults: string[];
  /** What was asked of the writers. */
  requests: string[];
  /** How often a writer found that another was first, before its commit. */
  fencesLost: number;
  /** Commits that failed. */
  commitsFailed: number;
  /** How often DuckDB had neither memory nor disk enough. */
  outOfMemory: number;
  /** Objects that landed, were overwritten or deleted. */
  landings: number;
  batches: number;
  rows: number;
  /** What is wrong with the lake. */
  findings: string[];
}

export function emptyReport(round: number, workers: number): RoundReport {
  return {
    round,
    seconds: 0,
    workers,
    kills: [],
    missed: [],
    falls: 0,
    faults: [],
    requests: [],
    fencesLost: 0,
    commitsFailed: 0,
    outOfMemory: 0,
    landings: 0,
    batches: 0,
    rows: 0,
    findings: [],
  };
}

/** A round in a line, and its findings below. */
export function lineOf(report: RoundReport, rounds: number): string {
  const list = (items: readonly string[]) => items.join(", ") || "none";
  const missed = report.missed.length > 0 ? ` (not reached: ${list(report.missed)})` : "";
  const parts = [
    `round ${report.round}/${rounds}`,
    `${report.seconds.toFixed(1)} s`,
    `${report.workers} ${report.workers === 1 ? "worker" : "workers"}`,
    `kills: ${list(report.kills)}${missed}`,
    `faults: ${list(report.faults)}`,
    ...(report.requests.length > 0 ? [`asked for: ${list(report.requests)}`] : []),
    `${report.falls} falls, ${report.fencesLost} fences lost, ${report.commitsFailed} commits failed, ${report.outOfMemory} times out of memory`,
    `${report.landings} landings, ${report.batches} batches, ${report.rows} rows`,
    `${report.findings.length} findings`,
  ];
  return [parts.join(" | "), ...report.findings.map((finding) => `  ${finding}`)].join("\n");
}

/** What all rounds came to. */
export function totalsOf(reports: readonly RoundReport[]): string {
  const sum = (of: (report: RoundReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const counted = (of: (report: RoundReport) => string[]) => {
    const counts = new Map<string, number>();
    for (const what of reports.flatMap(of)) counts.set(what, (counts.get(what) ?? 0) + 1);
    return [...counts].sort().map(([what, times]) => `  ${String(times).padStart(4)}  ${what}`);
  };
  return [
    `${reports.length} rounds in ${(sum((report) => report.seconds) / 60).toFixed(1)} minutes`,
    `${sum((report) => report.landings)} landings, ${sum((report) => report.batches)} batches, ${sum((report) => report.rows)} rows`,
    `${sum((report) => report.kills.length)} kills`,
    ...counted((report) => report.kills),
    `${sum((report) => report.faults.length)} other faults`,
    ...counted((report) => report.faults),
    `${sum((report) => report.falls)} workers fell by themselves, ${sum((report) => report.fencesLost)} fences lost, ${sum((report) => report.commitsFailed)} commits failed, ${sum((report) => report.outOfMemory)} times out of memory`,
    `${sum((report) => report.findings.length)} findings`,
  ].join("\n");
}
