// Runs a platform in a process of its own, for tests that kill it: node --import tsx platform-child.ts STATE_DIR TOOLS
import { startPlatform } from "../../platform/platform.ts";

const [stateDir, tools] = process.argv.slice(2) as [string, string];
const platform = await startPlatform({
  stateDir,
  tools: JSON.parse(tools),
  report: (line) => process.stderr.write(`${line}\n`),
});
process.on("SIGTERM", () => void platform.stop().then(() => process.exit(0)));
console.log("up");
