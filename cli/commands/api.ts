import { Command } from "commander";
import { readSettings } from "../../common/settings.ts";
import { attachRunning } from "../../platform/platform.ts";
import { print } from "../output.ts";
import { loadRunningProject, openRuntime } from "../runtime.ts";
import { serveApi } from "../serve-api.ts";
import { untilStopped } from "../until-stopped.ts";

export function apiCommand(): Command {
  return new Command("api")
    .description("serve the control API and the console; `lotus up` does so by itself")
    .option("--project <dir>", "the project; default: the one that runs")
    .action(async (options: { project?: string }) => {
      const settings = readSettings();
      const connections = settings.connections ?? attachRunning(settings.stateDir);
      const project = await loadRunningProject(options.project);
      const runtime = await openRuntime(settings, connections, { mode: "read", report: () => {} });
      try {
        const api = await serveApi(runtime, settings, project, { log: "stdout" });
        print(`API and console: ${api.url}`);
        await untilStopped();
        await api.stop();
      } finally {
        await runtime.close();
      }
    });
}
