import { ActionIcon, TextInput } from "@mantine/core";
import { IconArrowBarToRight, IconSearch, IconTable } from "@tabler/icons-react";
import { useState } from "react";
import type { LakeTable } from "../../api/types.ts";
import { matches } from "../../components/useFilters.ts";
import { compact, exact } from "../../format/numbers.ts";
import classes from "./TableList.module.css";

/** What can be asked for. A table opens to its columns; a click puts a name where the cursor is. */
export function TableList({ tables, onPick }: { tables: LakeTable[]; onPick: (text: string) => void }) {
  const [wanted, setWanted] = useState("");
  const shown = tables.filter(({ name, columns }) =>
    matches(wanted, name, ...columns.map((column) => column.name)),
  );
  const schemas = [...new Set(shown.map(({ schema }) => schema))];
  return (
    <aside className={classes.side} aria-label="Tables">
      <TextInput
        className={classes.search}
        aria-label="Find a table or a column"
        placeholder="Find a table or a column"
        leftSection={<IconSearch size={15} aria-hidden />}
        value={wanted}
        onChange={({ currentTarget }) => setWanted(currentTarget.value)}
      />
      <div className={classes.list}>
        {schemas.map((schema) => (
          <details key={schema} open={schema === "main" || wanted !== ""}>
            <summary className={classes.schema}>
              {schema}
              <span>{shown.filter((table) => table.schema === schema).length}</span>
            </summary>
            {shown
              .filter((table) => table.schema === schema)
              .map((table) => (
                <Table key={table.name} table={table} onPick={onPick} />
              ))}
          </details>
        ))}
      </div>
    </aside>
  );
}

function Table({ table, onPick }: { table: LakeTable; onPick: (text: string) => void }) {
  const name = table.schema === "main" ? table.name : `${table.schema}.${table.name}`;
  return (
    <details className={classes.table}>
      <summary>
        <IconTable size={14} stroke={1.6} aria-hidden />
        <span className="mono" title={table.description ? `${name}: ${table.description}` : name}>
          {table.name}
        </span>
        {table.rows !== null && <small title={`${exact(table.rows)} rows`}>{compact(table.rows)}</small>}
      </summary>
      <ActionIcon
        className={classes.insert}
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={`Put ${name} into the query`}
        title={`Put ${name} into the query`}
        onClick={() => onPick(name)}
      >
        <IconArrowBarToRight size={14} aria-hidden />
      </ActionIcon>
      <ul>
        {table.columns.map((column) => (
          <li key={column.name}>
            <button
              type="button"
              onClick={() => onPick(column.name)}
              title={column.description ? `${column.type}: ${column.description}` : column.type}
            >
              <span className="mono">{column.name}</span>
              <small>{column.type.toLowerCase()}</small>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
