/** DuckDB's types as it writes them, taken apart as far as telling which fit into which asks. */
export type ColumnType =
  /** Everything that has no parts: `BIGINT`, `TIMESTAMP WITH TIME ZONE`. */
  | { kind: "plain"; name: string }
  | { kind: "decimal"; width: number; scale: number }
  | { kind: "list"; item: ColumnType }
  | { kind: "struct"; fields: { name: string; type: ColumnType }[] }
  | { kind: "map"; key: ColumnType; value: ColumnType };

/** Reads a type as DESCRIBE shows it. What it does not know is plain, and so equals only itself. */
export function parseType(text: string): ColumnType {
  const reader = new TypeReader(text);
  const type = reader.type();
  return type && reader.atEnd ? type : { kind: "plain", name: text };
}

export function isNested(type: ColumnType): boolean {
  return type.kind === "list" || type.kind === "struct" || type.kind === "map";
}

class TypeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** A type with the brackets behind it; null where the text is none. */
  type(): ColumnType | null {
    let type = this.#base();
    while (type && this.#take(/\[\]/y)) type = { kind: "list", item: type };
    return type;
  }

  #base(): ColumnType | null {
    const decimal = this.#take(/DECIMAL\((\d+),(\d+)\)/y);
    if (decimal) return { kind: "decimal", width: Number(decimal[1]), scale: Number(decimal[2]) };
    if (this.#take(/STRUCT\(/y)) return this.#struct();
    if (this.#take(/MAP\(/y)) return this.#map();
    const name = this.#take(/[A-Z][A-Z0-9_]*( [A-Z]+)*/y);
    return name && { kind: "plain", name: name[0] };
  }

  #struct(): ColumnType | null {
    const fields: { name: string; type: ColumnType }[] = [];
    do {
      const name = this.#take(/"((?:[^"]|"")*)" |(\w+) /y);
      const type = name && this.type();
      if (!name || !type) return null;
      fields.push({ name: name[2] ?? (name[1] ?? "").replaceAll('""', '"'), type });
    } while (this.#take(/, /y));
    return this.#take(/\)/y) && { kind: "struct", fields };
  }

  #map(): ColumnType | null {
    const key = this.type();
    const value = this.#take(/, /y) && this.type();
    return key && value && this.#take(/\)/y) && { kind: "map", key, value };
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }
}
