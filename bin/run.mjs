import { spawn } from "node:child_process";

/**
 * Runs a program to its end, and says every 15 s that it still works.
 * @returns its exit code and everything that it wrote.
 */
export function runQuietly(title, command, args, { cwd, say }) {
  const start = Date.now();
  const heartbeat = setInterval(
    () => say(`${title}: still working, ${Math.round((Date.now() - start) / 1000)} s`),
    15_000,
  );
  return new Promise((resolve) => {
    const end = (code, output) => {
      clearInterval(heartbeat);
      resolve({ code, output, seconds: ((Date.now() - start) / 1000).toFixed(1) });
    };
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", (error) => end(127, `${command} cannot be run: ${error.message}`));
    child.on("close", (code, signal) => end(code ?? signal, output));
  });
}

/** Programs end with pages of usage; the cause comes first. */
export function firstLines(output) {
  return output.trimEnd().split("\n").slice(0, 40).join("\n");
}
