import { Command, InvalidArgumentError } from "commander";
import { readSettings } from "../../common/settings.ts";
import { attachRunning } from "../../platform/platform.ts";
import { print } from "../output.ts";
import { gatewayUrl } from "../running-gateway.ts";
import { loadRunningProject } from "../runtime.ts";
import { serveGateway } from "../serve-gateway.ts";
import { untilEnded, untilStopped } from "../until-stopped.ts";

export function gatewayCommand(): Command {
  return new Command("gateway")
    .description("serve the lake to BI tools over Postgres's protocol; `lotus up` does so by itself")
    .option("--project <dir>", "the project; default: the one that runs")
    .option("--ends-with <pid>", "stop when the process that started this one is gone", readPid)
    .action(async (options: { project?: string; endsWith?: number }) => {
      const settings = readSettings();
      const connections = settings.connections ?? attachRunning(settings.stateDir);
      const project = await loadRunningProject(options.project);
      const gateway = await serveGateway(settings, connections, project);
      print(`BI: ${gatewayUrl(gateway)}`);
      await Promise.race([untilStopped(), ...(options.endsWith ? [untilEnded(options.endsWith)] : [])]);
      await gateway.stop();
    });
}

function readPid(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a process's number.");
  return Number(text);
}
