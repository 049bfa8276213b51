import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { LotusError, messageOf } from "../common/errors.ts";
import type { Finding } from "./definitions.ts";
import { errorFinding } from "./findings.ts";

export interface ProjectFile {
  /** Relative to the project, with `/`. */
  path: string;
  /** The folder it stands in: a source, or a domain. */
  folder: string;
  /** Without its ending. */
  name: string;
  text: string;
}

export interface ProjectFiles {
  streams: ProjectFile[];
  sources: ProjectFile[];
  landing: ProjectFile[];
  processed: ProjectFile[];
  enriched: ProjectFile[];
  findings: Finding[];
}

/** Airbyte's configured catalog, generated beside the streams. */
export const CATALOG_FILE = "_catalog.json";

/**
 * Reads a project's folders: every `.json` under `dag`, every `.sql` under the three others. Other files are
 * nobody's business, except that one which cannot count where it stands is a finding.
 * @throws LotusError PROJECT_INVALID when there is no `dag/streams`.
 */
export async function readProjectFiles(dir: string): Promise<ProjectFiles> {
  const isProject = await stat(join(dir, "dag/streams")).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!isProject) {
    throw new LotusError(
      "PROJECT_INVALID",
      `${dir} is no project: it has no folder dag/streams. Name another with --project, or add a stream with lotus stream add.`,
    );
  }
  const findings: Finding[] = [];
  const read = (folder: string, ending: string) => readFolder(dir, folder, ending, findings);
  const [streams, sources, landing, processed, enriched] = await Promise.all([
    read("dag/streams", ".json"),
    read("dag/sources", ".json"),
    read("landing", ".sql"),
    read("processed", ".sql"),
    read("enriched", ".sql"),
  ]);
  return { streams, sources, landing, processed, enriched, findings };
}

/** The files one folder down, by path: `{folder}/{group}/{name}{ending}`. */
async function readFolder(
  dir: string,
  folder: string,
  ending: string,
  findings: Finding[],
): Promise<ProjectFile[]> {
  const paths = (await listFiles(join(dir, folder))).filter(
    (path) => path.endsWith(ending) && !path.split("/").some((part) => part.startsWith(".")),
  );
  const files = await Promise.all(
    paths.sort().map(async (relative): Promise<ProjectFile | null> => {
      const parts = relative.split("/");
      const path = `${folder}/${relative}`;
      const [group = "", file = ""] = parts;
      if (parts.length !== 2) {
        findings.push(misplaced(path, folder, ending));
        return null;
      }
      if (file === CATALOG_FILE) return null;
      try {
        const text = await readText(join(dir, path));
        return { path, folder: group, name: file.slice(0, -ending.length), text };
      } catch (error) {
        findings.push(unreadable(path, messageOf(error)));
        return null;
      }
    }),
  );
  return files.filter((file) => file !== null);
}

/** Paths of all files below a folder, with `/`; none when there is no such folder. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    );
}

async function readText(path: string): Promise<string> {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  if (text.includes("\0")) throw new Error("it holds a NUL character");
  return text;
}

function misplaced(path: string, folder: string, ending: string): Finding {
  const group = folder === "enriched" ? "domain" : "source";
  return errorFinding(path, [], {
    code: "file-misplaced",
    line: null,
    message: `a file here is not read: it has to stand in ${folder}/{${group}}/`,
    remedy: `Move it to ${folder}/{${group}}/NAME${ending}.`,
  });
}

function unreadable(path: string, reason: string): Finding {
  return errorFinding(path, [], {
    code: "file-unreadable",
    line: null,
    message: `the file cannot be read as UTF-8 text: ${reason}`,
    remedy: "Correct its encoding or its permissions.",
  });
}
