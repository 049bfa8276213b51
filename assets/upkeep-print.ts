import { identifier, literal } from "../lake/sql.ts";
import { writeExactJson } from "./parse-tree-json.ts";
import { child, children, text } from "./parse-tree-nodes.ts";
import { type Expression, isBound } from "./upkeep-expressions.ts";

/**
 * SQL text of an expression over one table's columns, which stand in it by their bare, quoted names. Null for
 * what this small printer does not know.
 */
export function printExpression(expression: Expression, columns: readonly string[]): string | null {
  return print(expression);

  function print(node: Expression): string | null {
    if (isBound(node)) {
      const column = columns[node.column];
      return column === undefined ? null : [column, ...node.path].map(identifier).join(".");
    }
    switch (node.class) {
      case "CONSTANT":
        return printConstant(node);
      case "CAST": {
        const inner = print(child(node, "child") ?? {});
        const type = typeName(child(node, "cast_type"));
        const call = node.try_cast === true ? "TRY_CAST" : "CAST";
        return inner && type && `${call}(${inner} AS ${type})`;
      }
      case "FUNCTION":
        return printCall(node);
      case "COMPARISON": {
        const [left, right] = [print(child(node, "left") ?? {}), print(child(node, "right") ?? {})];
        const operator = COMPARISONS[text(node, "type")];
        return left && right && operator ? `(${left} ${operator} ${right})` : null;
      }
      case "OPERATOR": {
        const parts = printAll(children(node, "children"));
        if (!parts) return null;
        if (node.type === "OPERATOR_COALESCE") return `coalesce(${parts.join(", ")})`;
        if (node.type === "OPERATOR_IS_NULL" && parts.length === 1) return `(${parts[0]} IS NULL)`;
        if (node.type === "OPERATOR_IS_NOT_NULL" && parts.length === 1) return `(${parts[0]} IS NOT NULL)`;
        if (node.type === "OPERATOR_NOT" && parts.length === 1) return `(NOT ${parts[0]})`;
        return null;
      }
      case "CONJUNCTION": {
        const parts = printAll(children(node, "children"));
        const operator =
          node.type === "CONJUNCTION_AND" ? "AND" : node.type === "CONJUNCTION_OR" ? "OR" : null;
        return parts && operator && `(${parts.join(` ${operator} `)})`;
      }
      case "CASE":
        return printCase(node);
      default:
        return null;
    }
  }

  function printAll(nodes: Expression[]): string[] | null {
    const parts = nodes.map(print);
    return parts.every((part) => part !== null) ? parts : null;
  }

  function printCall(node: Expression): string | null {
    const parts = printAll(children(node, "children"));
    const plain =
      (text(node, "schema") === "" || text(node, "schema") === "main") &&
      text(node, "catalog") === "" &&
      !child(node, "filter") &&
      node.distinct !== true &&
      children(child(node, "order_bys") ?? {}, "orders").length === 0 &&
      children(node, "children").every((part) => text(part, "alias") === "");
    if (!parts || !plain) return null;
    const name = text(node, "function_name");
    if (node.is_operator !== true) return `${identifier(name)}(${parts.join(", ")})`;
    if (!/^[-+*/%<>=~!@#&|^?]+$/.test(name)) return null;
    if (parts.length === 1) return `(${name} ${parts[0]})`;
    return parts.length === 2 ? `(${parts[0]} ${name} ${parts[1]})` : null;
  }

  function printCase(node: Expression): string | null {
    const checks = children(node, "case_checks").map((check) => {
      const parts = printAll([child(check, "when_expr") ?? {}, child(check, "then_expr") ?? {}]);
      return parts && `WHEN ${parts[0]} THEN ${parts[1]}`;
    });
    const otherwise = print(child(node, "else_expr") ?? {});
    if (!otherwise || checks.includes(null)) return null;
    return `CASE ${checks.join(" ")} ELSE ${otherwise} END`;
  }
}

function printConstant(node: Expression): string | null {
  const value = child(node, "value");
  if (!value) return null;
  if (value.is_null === true) return "NULL";
  const type = text(child(value, "type") ?? {}, "id");
  if (type === "VARCHAR" && typeof value.value === "string") return literal(value.value);
  if (type === "BOOLEAN") return value.value === true ? "TRUE" : "FALSE";
  return type === "INTEGER" || type === "BIGINT" ? writeExactJson(value.value) : null;
}

const SIMPLE_TYPE = /^[A-Z][A-Z_ ]*$/;

function typeName(type: Expression | null): string | null {
  const id = type ? text(type, "id") : "";
  const detail = type && child(type, "type_info");
  if (id === "DECIMAL" && detail) return `DECIMAL(${String(detail.width)},${String(detail.scale)})`;
  return !detail && SIMPLE_TYPE.test(id) ? id : null;
}

const COMPARISONS: Record<string, string> = {
  COMPARE_EQUAL: "=",
  COMPARE_NOTEQUAL: "<>",
  COMPARE_LESSTHAN: "<",
  COMPARE_GREATERTHAN: ">",
  COMPARE_LESSTHANOREQUALTO: "<=",
  COMPARE_GREATERTHANOREQUALTO: ">=",
  COMPARE_DISTINCT_FROM: "IS DISTINCT FROM",
  COMPARE_NOT_DISTINCT_FROM: "IS NOT DISTINCT FROM",
};
