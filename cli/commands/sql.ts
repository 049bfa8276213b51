import Table from "cli-table3";
import { Command, Option } from "commander";
import { print } from "../output.ts";
import { withRunningLake } from "../runtime.ts";

export function sqlCommand(): Command {
  return new Command("sql")
    .description("run a query over the lake, read-only; tables of schema main go by their bare names")
    .argument("<query>", 'for example "SELECT * FROM fct_sales LIMIT 10"')
    .option("--at <point>", "everything as of a snapshot's number or a time (ISO 8601, UTC without a zone)")
    .option("--json", "an array of objects; BIGINT and DECIMAL are exact text")
    .addOption(new Option("--csv", "comma-separated values with a header").conflicts("json"))
    .action((query: string, options: { at?: string; json?: boolean; csv?: boolean }) =>
      withRunningLake(async ({ lake }) => {
        const rows = await lake.withSession((session) => session.read(query));
        if (options.json) print(JSON.stringify(rows, null, 2));
        else if (options.csv) printCsv(rows);
        else printTable(rows);
      }, options.at),
    );
}

type Rows = Record<string, unknown>[];

function printTable(rows: Rows): void {
  const head = Object.keys(rows[0] ?? {});
  if (head.length > 0) {
    const table = new Table({ head, style: { head: [], border: [], compact: true } });
    for (const row of rows) table.push(head.map((name) => text(row[name])));
    print(table.toString());
  }
  print(`${rows.length} ${rows.length === 1 ? "row" : "rows"}`);
}

function printCsv(rows: Rows): void {
  const head = Object.keys(rows[0] ?? {});
  print(head.map(csvField).join(","));
  for (const row of rows)
    print(head.map((name) => (row[name] === null ? "" : csvField(text(row[name])))).join(","));
}

/** RFC 4180. */
function csvField(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function text(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
