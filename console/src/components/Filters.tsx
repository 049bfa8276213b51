import { Group, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./Filters.module.css";
import type { Filters } from "./useFilters.ts";

export function FilterBar({ children }: { children: ReactNode }) {
  return (
    <Group gap="xs" className={classes.bar} role="search">
      {children}
    </Group>
  );
}

export function TextFilter({ filters, name, label }: { filters: Filters; name: string; label: string }) {
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      className={classes.text}
      leftSection={<IconSearch size={15} aria-hidden />}
      value={filters.get(name) ?? ""}
      onChange={({ currentTarget }) => filters.set(name, currentTarget.value)}
    />
  );
}

interface Choice {
  value: string;
  label: string;
}

export function ChoiceFilter({
  filters,
  name,
  label,
  choices,
  searchable,
}: {
  filters: Filters;
  name: string;
  label: string;
  choices: (Choice | string)[];
  searchable?: boolean;
}) {
  return (
    <Select
      aria-label={label}
      placeholder={label}
      className={classes.choice}
      data={choices}
      value={filters.get(name) ?? null}
      onChange={(value) => filters.set(name, value)}
      searchable={searchable === true}
      clearable
      comboboxProps={{ width: "max-content", position: "bottom-start" }}
      clearButtonProps={{ "aria-label": `Any ${label.toLowerCase()}` }}
    />
  );
}
