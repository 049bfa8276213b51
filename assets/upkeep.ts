import type { Column, Upkeep, UpstreamRule } from "./definitions.ts";
import type { FunctionCatalog } from "./function-catalog.ts";
import type { ParseTree } from "./parse-tree.ts";
import { sameName } from "./parse-tree-scope.ts";
import { type BoundModel, bindModel } from "./upkeep-bind.ts";
import { mayFail } from "./upkeep-expressions.ts";
import { printExpression } from "./upkeep-print.ts";
import { type Instance, type Lost, pushFilter } from "./upkeep-push.ts";
import { Refusal } from "./upkeep-relations.ts";
import { instabilities } from "./upkeep-stability.ts";

export interface UpkeepQuestion {
  tree: ParseTree;
  /** Output columns by which rows are redone together. */
  redoBy: readonly string[];
  uniqueKey: readonly string[];
  /** Declared key expressions for each upstream, each list as long as `redoBy`. Believed, not checked. */
  changes: Readonly<Record<string, readonly string[]>>;
  /** The model's output columns. */
  output: readonly Column[];
  /** The columns of every table that the model reads. */
  upstreams: Readonly<Record<string, Column[]>>;
  functions: FunctionCatalog;
}

/**
 * How a model can be kept up to date: it is redone for the keys that changed rows touch only where the parse tree
 * proves that this gives the rows that a rebuild would give, and rebuilt everywhere else. The proof is in
 * assets/upkeep-push.ts. Whoever uses the answer
 * - evaluates every tuple of `keys` over the old and the new image of each changed row,
 * - replaces every upstream that has `restrict` by its rows whose tuple IS NOT DISTINCT FROM a touched key,
 * - drops output rows of other keys from what the model then gives (they may be wrong), and
 * - rebuilds when an upstream changed whose `keys` is null.
 * Expressions that might fail on rows which the model itself never looks at are wrapped in TRY.
 */
export function analyseUpkeep(question: UpkeepQuestion): Upkeep {
  const { tree, redoBy, uniqueKey, functions, output } = question;
  if (uniqueKey.length === 0 || redoBy.length === 0) return rebuild(["it has no unique_key"]);
  const unstable = instabilities(tree, functions);
  if (unstable.length > 0) return rebuild(unstable);
  let model: BoundModel;
  let instances: Instance[];
  try {
    model = bindModel(tree, question.upstreams, functions);
    const { columns } = model.query;
    const alike =
      columns.length === output.length &&
      columns.every(({ name }, index) => {
        return name === "" || sameName(name, output[index]?.name ?? "");
      });
    if (!alike) return rebuild(["its output columns cannot be told from its text"]);
    const positions = redoBy.map((column) => {
      const places = output.flatMap(({ name }, index) => (sameName(name, column) ? [index] : []));
      if (places.length !== 1) throw new Refusal(`redo_by names ${column}, which is not one output column`);
      return places[0] ?? 0;
    });
    instances = pushFilter(model, positions, functions);
  } catch (error) {
    if (error instanceof Refusal) return rebuild([error.message]);
    throw error;
  }

  const upstreams: Record<string, UpstreamRule> = {};
  let proven = false;
  for (const upstream of new Set(instances.map((instance) => instance.upstream))) {
    const mentions = instances
      .filter((instance) => instance.upstream === upstream)
      .map((instance) => readMention(instance, model));
    const declared = Object.entries(question.changes).find(([name]) => sameName(name, upstream))?.[1];
    const rule = ruleOf(mentions, declared ? [...declared] : null);
    upstreams[upstream] = rule;
    proven ||= rule.keys !== null && mentions.every((mention) => mention.tuple !== null);
  }
  if (proven) return { mode: "incremental", upstreams };
  if (instances.length === 0) return rebuild(["it reads no table"]);
  return rebuild(
    Object.entries(upstreams).map(
      ([name, { reason }]) => `${name}: ${reason ?? "its keys are only declared"}`,
    ),
  );
}

/** One mention of an upstream: the key tuple of its rows, or why there is none. */
interface Mention {
  tuple: string[] | null;
  lost: Lost | null;
}

function readMention(instance: Instance, model: BoundModel): Mention {
  if (!instance.tuple) return { tuple: null, lost: instance.lost };
  const names = model.scans.get(instance.scan)?.columns.map((column) => column.name) ?? [];
  const tuple = instance.tuple.map((element) => {
    const text = printExpression(element, names);
    return text !== null && mayFail(element, model.types) ? `TRY(${text})` : text;
  });
  if (tuple.every((text) => text !== null)) return { tuple, lost: null };
  return {
    tuple: null,
    lost: { why: "its redo_by expression is too complicated to be pushed down", blocked: false },
  };
}

/**
 * A changed row touches the keys that it gives at every mention. Reading only touched keys' rows is possible where
 * all mentions agree on the tuple, because one name can stand for only one set of rows.
 */
function ruleOf(mentions: Mention[], declared: string[] | null): UpstreamRule {
  const lost = mentions.flatMap((mention) => (mention.lost ? [mention.lost] : []));
  const blocking = lost.find(({ blocked }) => blocked);
  if (blocking) return { keys: null, restrict: null, reason: blocking.why };
  if (lost[0] && !declared) {
    return {
      keys: null,
      restrict: null,
      reason: `${lost[0].why}, and changes does not say which keys it touches`,
    };
  }
  const derived = distinct(mentions.flatMap(({ tuple }) => (tuple ? [tuple] : [])));
  const restrict = lost.length === 0 && derived.length === 1 ? (derived[0] ?? null) : null;
  return { keys: distinct(declared ? [...derived, declared] : derived), restrict, reason: null };
}

function distinct(tuples: string[][]): string[][] {
  return [...new Map(tuples.map((tuple) => [JSON.stringify(tuple), tuple])).values()];
}

function rebuild(reasons: string[]): Upkeep {
  return { mode: "rebuild", reasons };
}
