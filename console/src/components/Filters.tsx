import { Group, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useCallback } from "react";
import { useSearchParams } from "wouter";
import classes from "./Filters.module.css";

/** Filters live in the address, so that a filtered list can be shared and the back button works. */
export function useFilters() {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (name: string, value: string | null) =>
      setParameters(
        (before) => {
          const next = new URLSearchParams(before);
          if (value === null || value === "") next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setParameters],
  );
  return { get: (name: string) => parameters.get(name) ?? undefined, set };
}

type Filters = ReturnType<typeof useFilters>;

export function FilterBar({ children }: { children: React.ReactNode }) {
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

/** Whether every word of what is looked for is somewhere in what is there. */
export function matches(wanted: string | undefined, ...texts: (string | null)[]): boolean {
  if (wanted === undefined) return true;
  const text = texts.join(" ").toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
