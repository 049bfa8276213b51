import { LotusError } from "../common/errors.ts";
import type { Project } from "./definitions.ts";
import { suggestion } from "./findings.ts";

/** For a name that is no processed or enriched table of the project, or one that is disabled: says which there are. */
export function unknownTable(project: Project, name: string): LotusError {
  const tables = project.assets
    .filter(({ kind }) => kind === "processed" || kind === "enriched")
    .map(({ key }) => key);
  const disabled = project.disabled[name];
  const reason = disabled ? `it is disabled: ${disabled}` : `no such table.${suggestion(name, tables)}`;
  return new LotusError("NOT_FOUND", `${name}: ${reason} There are: ${tables.join(", ") || "none"}.`);
}
