import { Command } from "commander";
import { checkPasses, formatFinding } from "../../assets/findings.ts";
import { loadProject } from "../../assets/project.ts";
import { print } from "../output.ts";
import { projectDir } from "../runtime.ts";

export function checkCommand(): Command {
  return new Command("check")
    .description("validate every definition of the project; exits 1 on a finding")
    .option("--project <dir>", "folder with dag/, landing/, processed/, enriched/", ".")
    .action(async (options: { project: string }) => {
      const project = await loadProject(projectDir(options.project));
      for (const finding of project.findings) print(formatFinding(finding));
      const errors = project.findings.filter((finding) => finding.severity === "error").length;
      print(
        `${project.streams.length} streams, ${project.models.length} enriched models, ${errors} ${errors === 1 ? "finding" : "findings"}`,
      );
      process.exitCode = checkPasses(project.findings) ? 0 : 1;
    });
}
