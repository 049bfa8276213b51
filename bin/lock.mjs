import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Of two processes at once, one installs and builds, and the other waits.
 * A lock file with the holder's pid, linked into place so that it is never seen empty.
 * @returns how to let go of it.
 */
export async function lock(root, say) {
  const folder = join(root, ".lotus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "install.lock");
  const draft = `${file}.${process.pid}`;
  let told = false;
  for (;;) {
    try {
      writeFileSync(draft, String(process.pid));
      linkSync(draft, file);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = readHolder(file);
    if (holder !== null && !isAlive(holder)) {
      setAside(file, holder);
      continue;
    }
    if (!told) say(`waiting for process ${holder ?? "?"}, which installs packages or builds the console`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Moves a dead holder's lock away; somebody else's, taken in between, is put back. */
function setAside(file, deadHolder) {
  const aside = `${file}.dead-${process.pid}`;
  try {
    renameSync(file, aside);
    if (readHolder(aside) !== deadHolder) linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file) {
  try {
    return Number(readFileSync(file, "utf8")) || null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
