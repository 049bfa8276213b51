// Runs DuckDB's INSTALL or LOAD in a process of its own: both block, and a blocked download can only be ended
// by ending its process. Usage: node duckdb-probe.mjs install NAME FOLDER | load PATH
import { DuckDBInstance } from "@duckdb/node-api";

const [action, subject, folder] = process.argv.slice(2);
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

try {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  if (action === "install") {
    await connection.run(`SET extension_directory = ${quoted(folder)}`);
    await connection.run(`INSTALL ${subject}`);
  } else {
    await connection.run(`LOAD ${quoted(subject)}`);
  }
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error.message}\n`, () => process.exit(1));
}
