import type { EnrichedModel, Project, Stream } from "../assets/definitions.ts";
import { LotusError } from "../common/errors.ts";
import { firstLine, isEngineLost } from "../lake/faults.ts";
import type { Lake } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { rawPrefix } from "../sensors/raw-layout.ts";
import { batchesCheck } from "./batches.ts";
import {
  type Check,
  type CheckOutcome,
  confirmed,
  type Fault,
  type LeftOut,
  type Note,
  outcome,
} from "./check.ts";
import { cursorCheck } from "./cursor.ts";
import { enrichedCheck } from "./enriched.ts";
import { epochsCheck } from "./epochs.ts";
import { type FindingCode, findingCodes } from "./finding-codes.ts";
import { lakeFilesCheck } from "./lake-files.ts";
import { landingContentCheck } from "./landing-content.ts";
import { landingFilesCheck } from "./landing-files.ts";
import { LOOKS, Look } from "./look.ts";
import { ModelAnalysis } from "./model-analysis.ts";
import { objectsCheck } from "./objects.ts";
import { processedCheck } from "./processed.ts";
import { snapshotsCheck } from "./snapshots.ts";
import { isUnreadable } from "./unreadable.ts";

export interface AuditRequest {
  /** Best opened for this audit, in mode `read`: DuckDB remembers objects that another use of it saw. */
  lake: Lake;
  store: ObjectStore;
  project: Project;
  /** Objects of the lake's own that belong to nothing are findings when they are older than this. */
  orphanAgeMs: number;
  /** Audit this table only (`int_*` with its stream, `fct_*`, `dim_*`); null: everything. */
  asset: string | null;
  /** Takes a line of progress. */
  report: (line: string) => void;
}

/** Something that is wrong. */
export interface AuditFinding {
  /** Stable; docs/audit.md explains each. */
  code: FindingCode;
  /** An asset, a stream (`source/stream`), or null for the lake as a whole. */
  subject: string | null;
  /** What is wrong, how often, and an example. */
  message: string;
  /** What to do. */
  remedy: string;
  count: number;
  /** A few of the keys, paths or rows that are at fault. */
  examples: string[];
}

export interface AuditResult {
  /** The snapshot that was audited. */
  snapshot: number;
  findings: AuditFinding[];
  checks: { name: string; subject: string | null; milliseconds: number; rows: number }[];
  /** What was not audited, and why. */
  leftOut: LeftOut[];
  /** Worth knowing, and no fault. */
  notes: Note[];
}

/**
 * Checks that the lake is what S3, the ledger and the models say: by scanning, without writing, and while others
 * write. Everything about tables is read at one snapshot; whatever seems wrong is looked at again at a later one
 * before it is reported.
 * @throws LotusError NOT_FOUND for an asset that the project does not have, and what Postgres and S3 throw.
 */
export async function runAudit(request: AuditRequest): Promise<AuditResult> {
  const scope = scopeOf(request.project, request.asset);
  const analysis = await ModelAnalysis.open();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request.lake.withSession(async (session) => {
          const result = await audit(request, session, scope, analysis);
          await session.execute("USE lakehouse.main");
          return result;
        });
      } catch (error) {
        if (!isEngineLost(error) || attempt === ATTEMPTS) throw error;
        request.report(`starting over: ${firstLine(error)}`);
      }
    }
  } finally {
    analysis.close();
  }
}

/** How often an audit is begun over which DuckDB fails in itself. */
const ATTEMPTS = 3;

interface Scope {
  streams: readonly Stream[];
  models: readonly EnrichedModel[];
  /** Whether the whole lake is audited. */
  whole: boolean;
}

function scopeOf(project: Project, asset: string | null): Scope {
  if (asset === null) return { streams: project.streams, models: project.models, whole: true };
  const streams = project.streams.filter((stream) => stream.processed.asset === asset);
  const models = project.models.filter((model) => model.asset === asset);
  if (streams.length + models.length > 0) return { streams, models, whole: false };
  const names = [
    ...project.streams.map((stream) => stream.processed.asset),
    ...project.models.map((model) => model.asset),
  ];
  throw new LotusError(
    "NOT_FOUND",
    `${asset}: ${project.disabled[asset] ? `it is disabled: ${project.disabled[asset]}` : "no such table."} There are: ${names.join(", ") || "none"}.`,
  );
}

async function audit(
  request: AuditRequest,
  session: Session,
  scope: Scope,
  analysis: ModelAnalysis,
): Promise<AuditResult> {
  const { store, project, report } = request;
  const looked = { session, store, project, prefixes: prefixesOf(scope) };
  const checks = checksOf(request, scope, analysis);
  report("listing the bucket, reading the ledger ...");
  let look = await Look.take(looked);
  const { snapshot } = look;
  const result: AuditResult = {
    snapshot,
    findings: [],
    checks: [],
    leftOut: scope.whole ? disabledAssets(project) : [],
    notes: [],
  };
  const suspicious: { check: Check; faults: Fault[] }[] = [];
  for (const check of checks) {
    const started = performance.now();
    const done = await runCheck(check, look, () => Look.take(looked));
    look = done.look;
    const milliseconds = Math.round(performance.now() - started);
    result.checks.push({ name: check.name, subject: check.subject, milliseconds, rows: done.outcome.rows });
    result.leftOut.push(...done.outcome.leftOut);
    result.notes.push(...done.outcome.notes);
    if (done.outcome.faults.length > 0) suspicious.push({ check, faults: done.outcome.faults });
    report(progressLine(check, done.outcome, milliseconds));
  }
  if (suspicious.length === 0) return result;
  report("looking again at what seems wrong ...");
  look = await Look.take(looked);
  for (const { check, faults } of suspicious) {
    const done = await runCheck(check, look, () => Look.take(looked));
    look = done.look;
    result.findings.push(...confirmed(faults, done.outcome.faults).map((fault) => finding(check, fault)));
  }
  return result;
}

function prefixesOf({ streams, whole }: Scope): string[] {
  if (whole) return ["raw/", "lakehouse/"];
  return streams.flatMap(({ source, stream }) => [rawPrefix(source, stream), "lakehouse/"]);
}

function checksOf(request: AuditRequest, scope: Scope, analysis: ModelAnalysis): Check[] {
  const { project, orphanAgeMs } = request;
  const ofStreams = scope.streams.flatMap((stream) => [
    objectsCheck(stream),
    landingFilesCheck(stream),
    landingContentCheck(stream),
    processedCheck(stream, analysis),
    batchesCheck(stream),
    cursorCheck(stream),
    epochsCheck(stream.processed.asset, stream),
  ]);
  const ofModels = scope.models.flatMap((model) => [
    enrichedCheck(model, analysis),
    epochsCheck(model.asset, null),
  ]);
  const ofLake = scope.whole ? [snapshotsCheck(), lakeFilesCheck(project, orphanAgeMs)] : [];
  return [...ofStreams, ...ofModels, ...ofLake];
}

function disabledAssets({ disabled }: Project): LeftOut[] {
  return Object.entries(disabled).map(([subject, reason]) => ({
    subject,
    reason: `it is disabled: ${reason}`,
  }));
}

/** Runs a check; when the snapshot that it looked at expired meanwhile, over a new look. */
async function runCheck(
  check: Check,
  first: Look,
  again: () => Promise<Look>,
): Promise<{ outcome: CheckOutcome; look: Look }> {
  let look = first;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { outcome: await check.run(look), look };
    } catch (error) {
      const expired = !(await look.isKept());
      if (expired && attempt < LOOKS) look = await again();
      else if (!expired && isUnreadable(error)) {
        const culprits = [{ name: check.subject ?? "the lake", detail: firstLine(error) }];
        return { outcome: outcome(0, { faults: [{ code: "table-unreadable", count: 1, culprits }] }), look };
      } else throw error;
    }
  }
}

function finding({ subject }: Check, { code, count, culprits }: Fault): AuditFinding {
  const { what, remedy } = findingCodes[code];
  const [first] = culprits;
  const detail = first?.detail ? ` (${first.detail})` : "";
  const named = subject === null ? "" : `${subject}: `;
  return {
    code,
    subject,
    message: `${named}${what}: ${count}, for example ${first?.name ?? "-"}${detail}`,
    remedy: forSubject(remedy, subject),
    count,
    examples: culprits.slice(0, 5).map((culprit) => culprit.name),
  };
}

/** Puts the names into the commands of a remedy. */
function forSubject(remedy: string, subject: string | null): string {
  if (subject === null) return remedy;
  const [source, stream] = subject.split("/");
  return stream === undefined
    ? remedy.replace("ASSET", subject)
    : remedy.replace("SOURCE STREAM", `${source} ${stream}`).replace("ASSET", `int_${source}__${stream}`);
}

function progressLine(check: Check, { rows, faults, leftOut }: CheckOutcome, milliseconds: number): string {
  const subject = check.subject === null ? "" : ` ${check.subject}`;
  const doubt =
    faults.length > 0 ? `, to be looked at again: ${faults.map((fault) => fault.code).join(", ")}` : "";
  const left = leftOut.length > 0 ? ", left out in part or whole" : "";
  return `${check.name}${subject}: ${rows.toLocaleString("en-US")} in ${(milliseconds / 1000).toFixed(1)} s${doubt}${left}`;
}
