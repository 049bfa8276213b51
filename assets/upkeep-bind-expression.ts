import { lineOf, type TreeNode } from "./parse-tree.ts";
import { child, children, everyNode, isNode, mapNodes, text, texts } from "./parse-tree-nodes.ts";
import { sameName } from "./parse-tree-scope.ts";
import { bindQuery } from "./upkeep-bind.ts";
import { at, type Binding, type Place } from "./upkeep-binding.ts";
import { type Expression, UNKNOWN } from "./upkeep-expressions.ts";
import { type OutputColumn, Refusal } from "./upkeep-relations.ts";
import { type NamedFrom, resolve } from "./upkeep-scope.ts";

/** Resolves the columns of an expression; what is not a value of one row alone becomes, or holds, UNKNOWN. */
export function bindExpression(binding: Binding, node: TreeNode, place: Place): Expression {
  switch (node.class) {
    case "CONSTANT":
      return node;
    case "COLUMN_REF":
      return bindColumn(binding, node, place);
    case "STAR":
      throw new Refusal(`COLUMNS(...)${at(binding.tree, node)} cannot be followed; list the columns`);
    case "SUBQUERY": {
      const query = child(child(node, "subquery") ?? {}, "node") ?? {};
      place.subqueries.push(bindQuery(binding, query, place.tables, place.scope));
      const tested = child(node, "child");
      if (tested) bindExpression(binding, tested, place);
      return UNKNOWN;
    }
    case "LAMBDA":
      return bindLambda(binding, node, place);
    case "WINDOW": {
      const expression = mapNodes(node, (part) => bindExpression(binding, part, place));
      const partitions = children(expression, "partitions");
      place.onWindow({ name: text(node, "function_name"), partitions, line: lineOf(binding.tree, node) });
      return expression;
    }
    case "FUNCTION": {
      const aggregate = binding.functions.aggregates.has(text(node, "function_name").toLowerCase());
      if (aggregate) place.onAggregate();
      const inAggregate = place.inAggregate || aggregate;
      return mapNodes(node, (part) => bindExpression(binding, part, { ...place, inAggregate }));
    }
    default:
      return mapNodes(node, (part) => bindExpression(binding, part, place));
  }
}

/** `x -> x + 1`, or the JSON arrow `doc -> 'key'`, which the parser does not tell from it. */
function bindLambda(binding: Binding, node: TreeNode, place: Place): Expression {
  const parameters = everyNode(node.lhs).filter((inner) => inner.class === "COLUMN_REF");
  for (const parameter of parameters) {
    try {
      bindColumn(binding, parameter, place);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  const names = parameters.flatMap((parameter) => texts(parameter, "column_names"));
  const locals = new Set([...place.locals, ...names.map((name) => name.toLowerCase())]);
  bindExpression(binding, child(node, "expr") ?? {}, { ...place, locals });
  return UNKNOWN;
}

function bindColumn(binding: Binding, node: TreeNode, place: Place): Expression {
  const first = (texts(node, "column_names")[0] ?? "").toLowerCase();
  if (place.locals.has(first)) return UNKNOWN;
  const { expression, outer } = resolve(node, place.scope, lineOf(binding.tree, node));
  if (outer && place.inAggregate) {
    throw new Refusal(
      `an aggregate in a subquery${at(binding.tree, node)} is over columns of the query around it`,
    );
  }
  return expression;
}

/** The columns that `*` or `t.*` stands for. */
export function expandStar(binding: Binding, item: TreeNode, from: NamedFrom, place: Place): OutputColumn[] {
  if (item.columns === true || isNode(item.expr)) {
    throw new Refusal(`COLUMNS(...)${at(binding.tree, item)} cannot be followed; list the columns`);
  }
  const relation = text(item, "relation_name");
  const alias = relation.toLowerCase();
  const ofAlias = from.entries.filter((entry) => entry.alias.toLowerCase() === alias);
  const shown = relation ? ofAlias : from.star;
  if (relation ? from.opaque.has(alias) || ofAlias.length === 0 : from.opaque.size > 0) {
    throw new Refusal(`the columns of *${at(binding.tree, item)} cannot be told; list them`);
  }
  const excluded = [
    ...texts(item, "exclude_list"),
    ...children(item, "qualified_exclude_list").map((entry) => text(entry, "column")),
  ];
  const replaced = new Map(
    children(item, "replace_list").map((entry) => [
      text(entry, "key").toLowerCase(),
      bindExpression(binding, child(entry, "value") ?? {}, place),
    ]),
  );
  const renamed = new Map(
    children(item, "rename_list").map((entry) => [
      text(child(entry, "key") ?? {}, "column").toLowerCase(),
      text(entry, "value"),
    ]),
  );
  return shown
    .filter((column) => !excluded.some((name) => sameName(name, column.name)))
    .map(({ name, expression }) => ({
      name: renamed.get(name.toLowerCase()) ?? name,
      expression: replaced.get(name.toLowerCase()) ?? expression,
    }));
}
