import type { FunctionCatalog } from "./function-catalog.ts";
import { lineOf, type ParseTree, type TreeNode } from "./parse-tree.ts";
import { child, children, everyNode, text } from "./parse-tree-nodes.ts";

/** Aggregates whose value does not depend on the order of their rows. Every other one needs ORDER BY inside. */
const ORDER_FREE = new Set(
  `avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count count_if count_star countif covar_pop
  covar_samp entropy favg fsum geomean geometric_mean histogram histogram_exact kahan_sum kurtosis kurtosis_pop mad
  max mean median min product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept
  regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp sum sum_no_overflow
  sumkahan var_pop var_samp variance wavg weighted_avg`.split(/\s+/),
);

/** Aggregates that take any of several rows even with ORDER BY inside, or guess. */
const NEVER_STABLE = new Set([
  "mode",
  "approx_count_distinct",
  "approx_quantile",
  "approx_top_k",
  "reservoir_quantile",
]);

/**
 * Why the same input rows may give other output rows on the next run: such a model cannot be redone in part.
 * Sentences without a full stop; none for a stable model.
 */
export function instabilities(tree: ParseTree, functions: FunctionCatalog): string[] {
  const nodes = everyNode(tree.root);
  const sorted = new Set(nodes.flatMap(sortedList));
  const found = nodes.flatMap((node) => {
    const problem = sorted.has(node) ? null : problemOf(node, functions);
    const line = lineOf(tree, node);
    return problem
      ? [`it uses ${problem.what}${line === null ? "" : ` (line ${line})`}, ${problem.why}`]
      : [];
  });
  return [...new Set(found)];
}

/** The `list(x)` of `list_sort(list(x))`, which is also how DuckDB parses `list(x ORDER BY x)`. */
function sortedList(node: TreeNode): TreeNode[] {
  const sorts = /^(list|array)_(reverse_)?sort$/.test(text(node, "function_name").toLowerCase());
  const list = sorts ? children(node, "children")[0] : undefined;
  return list && /^(list|array_agg)$/.test(text(list, "function_name").toLowerCase()) ? [list] : [];
}

function problemOf(node: TreeNode, functions: FunctionCatalog): { what: string; why: string } | null {
  if (node.class === "COLLATE") return { what: "COLLATE", why: "under which different keys compare equal" };
  if (node.class === "PARAMETER") return { what: "a parameter", why: "whose value is not part of the model" };
  if (node.class !== "FUNCTION" && node.class !== "WINDOW") return null;
  const name = text(node, "function_name").toLowerCase();
  const clock = name === "age" && children(node, "children").length === 1;
  if (functions.volatile.has(name) || clock)
    return { what: `${name}()`, why: "whose value differs from run to run" };
  if (node.class === "FUNCTION" && !functions.aggregates.has(name)) return null;
  if (NEVER_STABLE.has(name)) return { what: `${name}()`, why: "whose value can differ for the same rows" };

  const order = children(child(node, "order_bys") ?? {}, "orders");
  const ordered = [...order, ...children(node, "orders"), ...children(node, "arg_orders")].length > 0;
  if (ordered) return null;
  if (!ORDER_FREE.has(name))
    return { what: `${name}() without ORDER BY`, why: "which depends on the order of rows" };
  const rowFrame = /_ROWS$/.test(text(node, "start")) || /_ROWS$/.test(text(node, "end"));
  return node.class === "WINDOW" && rowFrame
    ? { what: `${name}() over ROWS without ORDER BY`, why: "which depends on the order of rows" }
    : null;
}
