import { Command } from "commander";
import { type Connections, readSettings } from "../../common/settings.ts";
import { collectStatus, type LakeStatus } from "../../orchestration/status.ts";
import { embeddedAnalyst } from "../../platform/platform.ts";
import { print, statusTables } from "../output.ts";
import { whereGateway, withLogin } from "../running-gateway.ts";
import { rememberedApi } from "../running-project.ts";
import { loadRunningProject, withRunningLake } from "../runtime.ts";

export function statusCommand(): Command {
  return new Command("status")
    .description("show streams, assets and whether the lake is idle")
    .option("--json", "one JSON object, for scripts")
    .option("--project <dir>", "the project; default: the one that runs")
    .action((options: { json?: boolean; project?: string }) =>
      withRunningLake(async (runtime) => {
        const project = await loadRunningProject(options.project);
        const status = await collectStatus({ ...runtime, project });
        const settings = readSettings();
        const api = settings.api.url ?? rememberedApi(settings.stateDir);
        const url = whereGateway(settings);
        const gateway = url && runtime.embedded ? withLogin(url, embeddedAnalyst(settings.stateDir)) : url;
        if (options.json) {
          print(
            JSON.stringify(
              statusJson(status, runtime.connections, runtime.embedded, { api, gateway }),
              null,
              2,
            ),
          );
        } else {
          print(statusTables(status));
          print(status.idle ? "idle: nothing waits, everything is fresh" : "not idle");
        }
      }),
    );
}

/** The object that scripts rely on. Secrets are shown only for the embedded platform. */
export function statusJson(
  status: LakeStatus,
  connections: Connections,
  embedded: boolean,
  { api, gateway }: { api: string | null; gateway: string | null },
): object {
  const { catalogUrl, s3, temporal } = connections;
  const catalog = new URL(catalogUrl);
  if (!embedded) catalog.password = "";
  return {
    idle: status.idle,
    connections: {
      catalog: catalog.href,
      s3: { ...s3, secretAccessKey: embedded ? s3.secretAccessKey : null },
      temporal,
      api,
      gateway,
    },
    streams: status.streams,
    assets: status.assets,
  };
}
