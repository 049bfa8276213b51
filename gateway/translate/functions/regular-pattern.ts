import { unsupported } from "../../pg-error.ts";

/**
 * What a pattern is asked for. Postgres takes the longest of the leftmost matches, RE2 the first that its alternatives
 * lead to: whether there is one is the same, what it is need not be.
 */
export type PatternUse = "test" | "extract";

export interface RegularPattern {
  /** For RE2, with the option `s`. */
  pattern: string;
  groups: number;
}

/**
 * A pattern of Postgres's (an ARE) for RE2; `flags`: those that it is used with. Throws (0A000) where RE2 lacks
 * something, or would read it or match it otherwise.
 */
export function regularPattern(source: string, use: PatternUse, flags = ""): RegularPattern {
  const trimming = use === "extract" ? trimmingPattern(source, flags) : null;
  if (trimming !== null) return trimming;
  const [option = ""] = /^\(\?i\)/.exec(source) ?? [];
  const anyCase = option !== "" || flags.includes("i");
  const reader = new PatternReader([...source.slice(option.length)], use, anyCase);
  const pattern = reader.alternatives(0);
  return { pattern: option + pattern, groups: reader.groups };
}

/** `^a+|a+$`, of one sign or class: where both match, it is the same. */
function trimmingPattern(source: string, flags: string): RegularPattern | null {
  const [one, other] = /^([^|]+)\|([^|]+)$/.exec(source)?.slice(1) ?? [];
  const [start, end] = one?.startsWith("^") ? [one, other] : [other, one];
  if (!start?.startsWith("^") || !end?.endsWith("$") || start.slice(1) !== end.slice(0, -1)) return null;
  const repeated = start.slice(1);
  if (!/^(\\s|\\d|\[\^?(?:[^\]\\[^]|\[:[a-z]+:\])+\]|[^\\()[\]{}*+?^$.])\+$/.test(repeated)) return null;
  const { pattern } = regularPattern(repeated, "extract", flags);
  return { pattern: `^${pattern}|${pattern}$`, groups: 0 };
}

/** Within brackets: Unicode's property, as the general categories that RE2 knows, and what they leave out, sign by sign. */
function property(name: RegExp, categories: string): string {
  const known = kept.get(name.source);
  if (known !== undefined) return known;
  const inCategories = new RegExp(`[${categories}]`, "u");
  const ranges: string[] = [];
  let start = -1;
  for (let code = 0; code <= 0x1ffff; code += 1) {
    const sign = String.fromCodePoint(code);
    const inside = !(code >= 0xd800 && code <= 0xdfff) && name.test(sign) && !inCategories.test(sign);
    if (inside && start < 0) start = code;
    if (!inside && start >= 0) {
      ranges.push(`\\x{${start.toString(16)}}-\\x{${(code - 1).toString(16)}}`);
      start = -1;
    }
  }
  const made = categories + ranges.join("");
  kept.set(name.source, made);
  return made;
}

const kept = new Map<string, string>();

// As Postgres's C.UTF-8 has them (src/common/unicode_category.c).
const letters = () => property(/\p{Alphabetic}/u, "\\p{L}\\p{Nl}");
const capitals = () => property(/\p{Uppercase}/u, "\\p{Lu}");
const smallLetters = () => property(/\p{Lowercase}/u, "\\p{Ll}");
const punctuation = () => property(/(?!\p{Alphabetic})\p{So}/u, "\\p{P}\\p{Sm}\\p{Sc}\\p{Sk}");

const blanks =
  "\\x{9}-\\x{d} \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";

/** Within brackets. */
function namedClass(name: string, anyCase: boolean): string {
  switch (name) {
    case "digit":
      return "0-9";
    case "alpha":
      return letters();
    case "alnum":
      return `${letters()}0-9`;
    case "word":
      return `${letters()}0-9_`;
    case "upper":
      return anyCase ? letters() : capitals();
    case "lower":
      return anyCase ? letters() : smallLetters();
    case "punct":
      return punctuation();
    case "space":
      return blanks;
    case "xdigit":
      return "0-9A-Fa-f";
    case "blank":
      return " \\t";
    default:
      throw unsupported(`the class [:${name}:] in a regular expression`);
  }
}

class PatternReader {
  groups = 0;
  readonly #signs: readonly string[];
  readonly #use: PatternUse;
  readonly #anyCase: boolean;
  #at = 0;
  #lazy: boolean | null = null;
  /** How many signs each branch that was read last matches; null where that depends. */
  #length: number | null = 0;

  constructor(signs: readonly string[], use: PatternUse, anyCase: boolean) {
    this.#signs = signs;
    this.#use = use;
    this.#anyCase = anyCase;
    const source = signs.join("");
    if (source.startsWith("***") || source.startsWith("(?")) {
      if (!source.startsWith("(?:")) throw unsupported("options at the beginning of a regular expression");
    }
  }

  alternatives(depth: number): string {
    const branches = [this.#branch(depth)];
    const lengths = [this.#length];
    while (this.#peek() === "|") {
      this.#at += 1;
      branches.push(this.#branch(depth));
      lengths.push(this.#length);
    }
    if (this.#peek() === ")" && depth === 0)
      throw unsupported("a parenthesis that was not opened in a regular expression");
    if (branches.length > 1) {
      if (branches.some((branch) => branch === ""))
        throw unsupported("an empty alternative in a regular expression");
      if (this.#use === "extract") {
        if (depth === 0 && !lengths.includes(null)) return longestFirst(branches, lengths).join("|");
        this.#requireDistinctBeginnings(branches);
      }
      this.#length = null;
    }
    return branches.join("|");
  }

  /** Alternatives of which at most one can match at a place: then the longest one is the first one. */
  #requireDistinctBeginnings(branches: readonly string[]): void {
    const beginnings = branches.map((branch) => branch[0] ?? "");
    const plain =
      beginnings.every((sign) => /[\p{L}\p{N}]/u.test(sign)) &&
      branches.every((branch) => !/^.[?*+{]/u.test(branch));
    if (!plain || new Set(beginnings).size < branches.length) {
      throw unsupported("a regular expression with alternatives, for anything but a test,");
    }
  }

  #branch(depth: number): string {
    let result = depth === 0 ? this.#wordBeginning() : "";
    let length: number | null = 0;
    for (;;) {
      const sign = this.#peek();
      if (sign === undefined || sign === "|" || (sign === ")" && depth > 0)) {
        this.#length = length;
        return result;
      }
      const end = depth === 0 ? this.#wordEnd(result) : null;
      if (end !== null) {
        result += end;
        continue;
      }
      this.#length = 1;
      result += this.#quantified(depth);
      length = length === null || this.#length === null ? null : length + this.#length;
    }
  }

  /** `\m`, or `\y` before a letter, in front of all: where only whether there is a match counts, it may take a sign. */
  #wordBeginning(): string {
    if (this.#use !== "test" || !/^\\[my][\p{L}\p{N}]/u.test(this.#rest())) return "";
    this.#at += 2;
    return `(?:^|[^${this.#named("word")}])`;
  }

  #wordEnd(before: string): string | null {
    const [found] = /^\\[My](?=$|\|)/.exec(this.#rest()) ?? [];
    if (found === undefined || this.#use !== "test" || !/(^|[^\\])[\p{L}\p{N}]$/u.test(before)) return null;
    this.#at += 2;
    return `(?:[^${this.#named("word")}]|$)`;
  }

  #quantified(depth: number): string {
    const group = this.#peek() === "(";
    const anchor = this.#peek() === "^" || this.#peek() === "$";
    const atom = this.#atom(depth);
    if (group) this.#length = null;
    if (anchor) this.#length = 0;
    const quantifier = this.#quantifier();
    if (quantifier === "") return atom;
    this.#length = null;
    if (anchor) throw unsupported("a quantifier behind ^ or $ in a regular expression");
    if (this.#use === "extract") {
      if (group)
        throw unsupported("a quantifier behind a group in a regular expression, for anything but a test,");
      const lazy = quantifier.endsWith("?") && quantifier.length > 1;
      if (this.#lazy !== null && this.#lazy !== lazy) {
        throw unsupported("a regular expression that is greedy here and not there, for anything but a test,");
      }
      this.#lazy = lazy;
    }
    return atom + quantifier;
  }

  #quantifier(): string {
    const sign = this.#peek();
    let quantifier = "";
    if (sign === "*" || sign === "+" || sign === "?") {
      quantifier = sign;
      this.#at += 1;
    } else if (sign === "{") {
      const [bound] = /^\{\d{1,3}(,(\d{1,3})?)?\}/.exec(this.#rest()) ?? [];
      if (bound === undefined) throw unsupported("{ in a regular expression");
      if (bound.match(/\d+/g)?.some((count) => Number(count) > 255))
        throw unsupported("a bound over 255 in a regular expression");
      quantifier = bound;
      this.#at += bound.length;
    } else return "";
    if (this.#peek() === "?") {
      quantifier += "?";
      this.#at += 1;
    }
    if (/^[*+?{]/.test(this.#rest()))
      throw unsupported("a quantifier behind another in a regular expression");
    return quantifier;
  }

  #atom(depth: number): string {
    const sign = this.#next();
    switch (sign) {
      case "(":
        return this.#group(depth);
      case "[":
        return this.#brackets();
      case "\\":
        return this.#escape();
      case ".":
        return ".";
      case "^":
        return "^";
      case "$":
        return "$";
      case "*":
      case "+":
      case "?":
      case "{":
        throw unsupported(`${sign} at the beginning of a regular expression`);
      default:
        return quoted(sign);
    }
  }

  #group(depth: number): string {
    let opening = "(";
    if (this.#peek() === "?") {
      if (!this.#rest().startsWith("?:")) throw unsupported("looking around in a regular expression");
      this.#at += 2;
      opening = "(?:";
    } else this.groups += 1;
    const inner = this.alternatives(depth + 1);
    if (this.#peek() !== ")") throw unsupported("a group without an end in a regular expression");
    if (inner === "") throw unsupported("an empty group in a regular expression");
    this.#at += 1;
    return `${opening}${inner})`;
  }

  #escape(): string {
    const sign = this.#next();
    const classes: Record<string, string> = { d: "digit", w: "word", s: "space" };
    const named = classes[sign.toLowerCase()];
    if (named !== undefined) return `[${sign === sign.toLowerCase() ? "" : "^"}${this.#named(named)}]`;
    if (sign === "A") return "^";
    if (sign === "Z") return "$";
    const control = controls[sign];
    if (control !== undefined) return control;
    if (/[\p{L}\p{N}]/u.test(sign)) throw unsupported(`\\${sign} in a regular expression`);
    return quoted(sign);
  }

  #brackets(): string {
    let result = "[";
    if (this.#peek() === "^") {
      this.#at += 1;
      result += "^";
    }
    let first = true;
    for (;;) {
      const sign = this.#next();
      if (sign === "]" && !first) return `${result}]`;
      first = false;
      if (sign === "[" && /^[:.=]/.test(this.#rest())) {
        const [whole, name] = /^:([a-z]+):\]/.exec(this.#rest()) ?? [];
        if (whole === undefined || name === undefined)
          throw unsupported("a collating element in a regular expression");
        this.#at += whole.length;
        result += this.#named(name);
        continue;
      }
      if (sign === "\\") {
        const escaped = this.#next();
        const named = ({ d: "digit", w: "word", s: "space" } as Record<string, string>)[escaped];
        if (named !== undefined) result += this.#named(named);
        else if (controls[escaped] !== undefined) result += controls[escaped];
        else if (/[\p{L}\p{N}]/u.test(escaped)) throw unsupported(`\\${escaped} in a regular expression`);
        else result += this.#range(escaped);
        continue;
      }
      result += this.#range(sign);
    }
  }

  /** One sign within brackets, or a range that begins with it. */
  #range(from: string): string {
    if (this.#peek() !== "-" || this.#signs[this.#at + 1] === "]") return quoted(from);
    this.#at += 1;
    const to = this.#next();
    if (to === "[" || to === "\\" || (to.codePointAt(0) ?? 0) < (from.codePointAt(0) ?? 0)) {
      throw unsupported("this range in a regular expression");
    }
    return `${quoted(from)}-${quoted(to)}`;
  }

  #named(name: string): string {
    return namedClass(name, this.#anyCase);
  }

  #peek(): string | undefined {
    return this.#signs[this.#at];
  }

  #rest(): string {
    return this.#signs.slice(this.#at, this.#at + 20).join("");
  }

  #next(): string {
    const sign = this.#signs[this.#at];
    if (sign === undefined) throw unsupported("a regular expression that ends too early");
    this.#at += 1;
    return sign;
  }
}

/** Of alternatives of known lengths the longest that matches is the first that does. */
function longestFirst(branches: readonly string[], lengths: readonly (number | null)[]): string[] {
  const order = branches.map((branch, index) => ({ branch, length: lengths[index] ?? 0 }));
  order.sort((one, other) => other.length - one.length);
  return order.map(({ branch }) => branch);
}

const controls: Readonly<Record<string, string>> = { n: "\\n", t: "\\t", r: "\\r", f: "\\f", v: "\\v" };

function quoted(sign: string): string {
  return /[\p{L}\p{N}_ ]/u.test(sign) || (sign.codePointAt(0) ?? 0) > 127
    ? sign
    : `\\x{${(sign.codePointAt(0) ?? 0).toString(16)}}`;
}
