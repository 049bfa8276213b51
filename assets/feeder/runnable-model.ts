import type { Session } from "../../lake/session.ts";
import type { ProcessedModel } from "../definitions.ts";
import { sameName } from "../names.ts";
import { deparse, type ParseTree, parseSelect } from "../parse-tree.ts";
import { withHiddenColumn } from "../row-wise.ts";

/**
 * A name, like none of those `taken`, for the struct column by which a row's version rides through the model beside
 * what the SELECT passes on.
 */
export function hiddenColumn(taken: readonly string[]): string {
  let name = "__lotus";
  while (taken.some((other) => sameName(other, name))) name += "_";
  return name;
}

/** A processed model, ready to run over landed rows. */
export class RunnableModel {
  readonly sql: string;
  readonly #landingTable: string;
  readonly #scratch: Session;
  readonly #tree: ParseTree;
  readonly #rewritten = new Map<string, Promise<string>>();

  private constructor(model: ProcessedModel, landingTable: string, scratch: Session, tree: ParseTree) {
    this.sql = model.sql;
    this.#landingTable = landingTable;
    this.#scratch = scratch;
    this.#tree = tree;
  }

  /** @throws LotusError MODEL_FAILED when the SQL does not parse. */
  static async prepare(
    scratch: Session,
    model: ProcessedModel,
    landingTable: string,
  ): Promise<RunnableModel> {
    return new RunnableModel(model, landingTable, scratch, await parseSelect(scratch, model.sql));
  }

  /**
   * The SELECT, rewritten to pass the hidden column on as its last one over a landing table with these columns;
   * its other columns are to be taken by place.
   */
  withHiddenColumn(landingColumns: readonly string[]): Promise<string> {
    const key = JSON.stringify(landingColumns);
    let sql = this.#rewritten.get(key);
    if (!sql) {
      sql = deparse(
        this.#scratch,
        withHiddenColumn(this.#tree, this.#landingTable, hiddenColumn(landingColumns), landingColumns),
      );
      this.#rewritten.set(key, sql);
    }
    return sql;
  }
}
