import { type FunctionCatalog, loadFunctionCatalog } from "../assets/function-catalog.ts";
import { parseSelect } from "../assets/parse-tree.ts";
import { openScratchLake } from "../assets/scratch-lake.ts";
import { instabilities } from "../assets/upkeep-stability.ts";
import type { Session } from "../lake/session.ts";

/** A place to parse models in, and what is known of DuckDB's functions. */
export class ModelAnalysis {
  readonly scratch: Session;
  readonly #functions: FunctionCatalog;

  private constructor(scratch: Session, functions: FunctionCatalog) {
    this.scratch = scratch;
    this.#functions = functions;
  }

  static async open(): Promise<ModelAnalysis> {
    const scratch = await openScratchLake();
    return new ModelAnalysis(scratch, await loadFunctionCatalog(scratch));
  }

  /** Why a model may give other rows each time it runs, or null. */
  async whyUnstable(sql: string): Promise<string | null> {
    const reasons = instabilities(await parseSelect(this.scratch, sql), this.#functions);
    return reasons.length === 0 ? null : `it may give other rows each time: ${reasons.join("; ")}`;
  }

  close(): void {
    this.scratch.close();
  }
}
