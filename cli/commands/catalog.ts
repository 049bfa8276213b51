import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { configuredCatalog } from "../../assets/catalog.ts";
import { loadProject } from "../../assets/project.ts";
import { print } from "../output.ts";
import { projectDir } from "../runtime.ts";

export function catalogCommand(): Command {
  return new Command("catalog")
    .description("write Airbyte's configured catalog of a source to dag/streams/SOURCE/_catalog.json")
    .argument("<source>")
    .option("--project <dir>", "folder with dag/, landing/, processed/, enriched/", ".")
    .action(async (source: string, options: { project: string }) => {
      const project = await loadProject(projectDir(options.project));
      const catalog = await configuredCatalog(project, source);
      const file = join("dag", "streams", source, "_catalog.json");
      await mkdir(dirname(join(project.dir, file)), { recursive: true });
      await writeFile(join(project.dir, file), `${JSON.stringify(catalog, null, 2)}\n`);
      print(`wrote ${file}: ${catalog.streams.length} streams`);
    });
}
