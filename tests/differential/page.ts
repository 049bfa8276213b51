import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { aggregates, functions, windowFunctions } from "../../gateway/translate/functions/registry.ts";
import { rowFunctions, setFunctions } from "../../gateway/translate/functions/sets.ts";
import { differences } from "./differences.ts";
import { parameterStatements, refused, statements } from "./statements.ts";

/** Where the page stands. */
export const pageFile = fileURLToPath(new URL("../../docs/bi/compatibility.md", import.meta.url));

/** The page on what the gateway answers, as the translator and the differential statements say now. */
export function compatibilityPage(): string {
  const count = Object.values(statements).reduce((sum, list) => sum + list.length, 0);
  const signatures = [...functions.keys()];
  const operators = signatures.filter((signature) => !/^\w/.test(signature));
  return `${[
    "# What SQL the gateway answers",
    "<!-- Made by `npm run compatibility` from gateway/translate/functions and tests/differential. -->",
    `Statements that read tables of the lake are analysed by Postgres and run by DuckDB, with Postgres's meaning. ${count} statements, and random expressions, are put to a real Postgres and to the gateway over the same rows in the tests: values, types and order have to be the same, in text and in binary; ${parameterStatements.length} more of them with parameters. What is not on this page is refused with the code \`0A000\` and a message that names it; nothing is answered with another meaning. Statements that read no table of the lake are Postgres's own, with all that it knows.`,
    "## Queries",
    "`SELECT`, `VALUES`, `WITH` (also `RECURSIVE`), joins of all kinds, `LATERAL`, subqueries wherever Postgres allows them, `DISTINCT`, `DISTINCT ON`, `GROUP BY` with `GROUPING SETS`, `ROLLUP`, `CUBE` and `GROUPING()`, `HAVING`, windows with their frames, `FILTER`, `WITHIN GROUP`, `UNION`, `INTERSECT`, `EXCEPT`, `ORDER BY` with `NULLS FIRST` and `LAST`, `LIMIT`, `OFFSET`, `FETCH ... WITH TIES`, `CASE`, `COALESCE`, `NULLIF`, `GREATEST`, `LEAST`, `IS DISTINCT FROM`, `ANY` and `ALL` of arrays and subqueries, comparisons of rows, subscripts and slices of arrays, parameters.",
    "## Operators",
    table(["Operator", "Of"], grouped(operators)),
    "## Functions and casts",
    "A cast is listed by the type that it yields: `int4(numeric)` is `::integer` of a numeric. Casts from and to text are there for all types of the lake; text that is to become a date or a time has to be written as ISO 8601 has it.",
    table(["Function", "Of"], grouped(signatures.filter((signature) => /^\w/.test(signature)))),
    "## Aggregates",
    "All of them with `FILTER`, and those with one value with `DISTINCT` and as window functions.",
    table(["Aggregate", "Of"], grouped([...aggregates.keys()])),
    "## Window functions",
    table(["Function", "Of"], grouped([...windowFunctions.keys()])),
    "## Functions that return rows",
    table(["Function", "Of"], grouped([...setFunctions.keys(), ...rowFunctions.keys()])),
    "## What is refused",
    "Some of what Postgres would take and the gateway does not, with what its message names:",
    table(
      ["Statement", "Not supported on lake tables"],
      refused.map(([statement, what]) => [`\`${cell(statement)}\``, cell(what)]),
    ),
    "## Known differences",
    differences.map((difference) => `- ${difference}`).join("\n"),
  ].join("\n\n")}\n`;
}

/** By name, in order: the arguments that each takes. */
function grouped(signatures: readonly string[]): string[][] {
  const names = new Map<string, string[]>();
  for (const signature of signatures) {
    const at = signature.indexOf("(", 1);
    const [name, types] = [signature.slice(0, at), signature.slice(at + 1, -1)];
    names.set(name, [
      ...(names.get(name) ?? []),
      types.replace(/\b_(\w+)/g, "$1[]").replaceAll(",", ", ") || "nothing",
    ]);
  }
  return [...names]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, lists]) => [`\`${cell(name)}\``, cell([...new Set(lists)].join(" · "))]);
}

/** Within a table a bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(pageFile, compatibilityPage());
