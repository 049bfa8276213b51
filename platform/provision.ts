import { provisionExtensions } from "./extensions.ts";
import { provisionGoTool } from "./gotools.ts";
import type { Report } from "./progress.ts";
import { type ExtensionName, lakeExtensions } from "./versions.ts";

/** Absolute paths of what npm does not carry. */
export interface Tools {
  extensions: Record<(typeof lakeExtensions)[number], string>;
  temporal: string;
  versitygw: string;
}

export type { ExtensionName, Report };
export { lakeExtensions, provisionExtensions };

/**
 * Makes sure that everything the embedded platform needs is on this machine; `report` gets a line for each step
 * that takes time, none when nothing is to do.
 * @throws LotusError PROVISION_FAILED
 */
export async function provision(report: Report): Promise<Tools> {
  return {
    extensions: await provisionExtensions(lakeExtensions, report),
    versitygw: await provisionGoTool("versitygw", report),
    temporal: await provisionGoTool("temporal", report),
  };
}
