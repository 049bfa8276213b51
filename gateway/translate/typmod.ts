import type { PgNode } from "../analysis/tree.ts";

/** The type modifier that Postgres announces an expression's column with: its `exprTypmod`. */
export function typmodOf(node: PgNode): number {
  switch (node.tag) {
    case "VAR":
      return node.number("vartypmod");
    case "CONST":
      return node.number("consttypmod");
    case "PARAM":
      return node.number("paramtypmod");
    case "RELABELTYPE":
    case "ARRAYCOERCEEXPR":
      return node.number("resulttypmod");
    case "FUNCEXPR":
      return lengthCoercion(node);
    case "COLLATEEXPR":
    case "NAMEDARGEXPR":
      return typmodOf(node.node("arg"));
    case "NULLIFEXPR":
      return common(node.nodes("args").slice(0, 1));
    case "SUBSCRIPTINGREF":
      return node.number("reftypmod");
    case "SQLVALUEFUNCTION":
      return node.number("typmod");
    case "COALESCEEXPR":
    case "MINMAXEXPR":
      return common(node.nodes("args"));
    case "CASEEXPR": {
      const otherwise = node.nodeOrNull("defresult");
      // Without ELSE there is a NULL, which has no modifier.
      if (otherwise === null) return -1;
      return common([otherwise, ...node.nodes("args").map((branch) => branch.node("result"))]);
    }
    case "ARRAYEXPR":
      return node.boolean("multidims") ? -1 : common(node.nodes("elements"));
    case "SUBLINK":
      return sublink(node);
    default:
      return -1;
  }
}

/** The modifier that all have; -1 where they differ. */
function common(nodes: readonly PgNode[]): number {
  const modifiers = new Set(nodes.map(typmodOf));
  const [only] = modifiers;
  return modifiers.size === 1 && only !== undefined ? only : -1;
}

function sublink(node: PgNode): number {
  const kind = node.number("subLinkType");
  const [first] = node.node("subselect").nodes("targetList");
  return (kind === 4 || kind === 6) && first !== undefined ? typmodOf(first.node("expr")) : -1;
}

/** `numeric(x, typmod)` and its like, which Postgres calls for `::numeric(10,2)`. */
function lengthCoercion(node: PgNode): number {
  const format = node.number("funcformat");
  const [, modifier] = node.nodes("args");
  if ((format !== 1 && format !== 2) || modifier?.tag !== "CONST") return -1;
  const bytes = modifier.datum("constvalue");
  return modifier.number("consttype") === 23 && bytes !== null ? bytes.readInt32LE(0) : -1;
}
