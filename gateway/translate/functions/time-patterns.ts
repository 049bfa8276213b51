/** The order in which Postgres looks for the patterns of a template of to_char: what stands first is found first. */
const names = [
  ..."A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW".split(
    " ",
  ),
  ..."IYYY IYY IY I J MI MM MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W".split(
    " ",
  ),
  ..."Y,YYY YYYY YYY YY Y".split(" "),
];
const patterns = [...names, ...names.filter((name) => !/[a-z]/.test(name)).map((name) => name.toLowerCase())];

/** A piece of a template: a pattern with what changes it, or text that stands for itself. */
export type TimePattern =
  | { name: string; fill: boolean; ordinal: "" | "th" | "TH" }
  | { name: null; literal: string };

/** A template of to_char of a time, taken apart as Postgres does. */
export function timePatterns(template: string): TimePattern[] {
  const found: TimePattern[] = [];
  let rest = template;
  while (rest !== "") {
    const [prefix] = /^(FM|fm|TM|tm)/.exec(rest) ?? [""];
    rest = rest.slice(prefix.length);
    const name = patterns.find((pattern) => rest.startsWith(pattern));
    if (name !== undefined) {
      rest = rest.slice(name.length);
      const [suffix] = /^(TH|th|SP)/.exec(rest) ?? [""];
      rest = rest.slice(suffix.length);
      const unknown = prefix.toUpperCase() === "TM" ? prefix : suffix === "SP" ? suffix : "";
      found.push({
        name: `${unknown}${name}`,
        fill: prefix === "",
        ordinal: suffix === "TH" || suffix === "th" ? suffix : "",
      });
      continue;
    }
    const { literal, length } = leading(rest);
    rest = rest.slice(length);
    if (length > 0) found.push({ name: null, literal });
  }
  return found;
}

/** The text in quotes, or the one sign, that a template begins with. */
function leading(template: string): { literal: string; length: number } {
  if (template.startsWith('"')) {
    const [whole = ""] = /^"(?:\\[\s\S]|[^"\\])*\\?"?/.exec(template) ?? [];
    const inner = whole.replace(/^"/, "").replace(/(^|[^\\])((?:\\\\)*)"$/, "$1$2");
    return { literal: inner.replaceAll(/\\([\s\S])/g, "$1"), length: whole.length };
  }
  if (template.startsWith('\\"')) return { literal: '"', length: 2 };
  const [sign = ""] = template;
  return { literal: sign, length: sign.length };
}
