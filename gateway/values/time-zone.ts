import { unsupported } from "../pg-error.ts";

const secondsPerDay = 86_400;
/** What a Date can be: seconds from 1970 to either side. */
const farthest = 8_640_000_000_000;
const greatestCache = 50_000;

/** A time during which a zone keeps one offset: seconds from 1970 and, the offset, seconds east. */
interface Period {
  from: number;
  to: number;
  offset: number;
}

const zones = new Map<string, TimeZone>();

/** The zone that Postgres calls so in `SHOW TimeZone`. @throws PgError 0A000 for one that has its rules in its name. */
export function timeZone(name: string): TimeZone {
  const known = zones.get(name);
  if (known) return known;
  const opened = new TimeZone(name);
  zones.set(name, opened);
  return opened;
}

/** How far a zone's clocks are from UTC. The rules are those of JavaScript's Intl. */
export class TimeZone {
  readonly #formatter: Intl.DateTimeFormat | null;
  readonly #fixed: number;
  /** By day in UTC. */
  readonly #days = new Map<number, Period[]>();
  #last: Period = { from: 0, to: 0, offset: 0 };

  constructor(name: string) {
    this.#formatter = formatter(name);
    this.#fixed = this.#formatter === null ? fixedOffset(name) : 0;
  }

  /** Seconds east of UTC at an instant, given in seconds from 1970. */
  offsetAt(instant: number): number {
    if (this.#formatter === null) return this.#fixed;
    const last = this.#last;
    if (instant >= last.from && instant < last.to) return last.offset;
    const periods = this.#periods(Math.floor(instant / secondsPerDay));
    const period = periods.find(({ to }) => instant < to) as Period;
    this.#last = period;
    return period.offset;
  }

  #periods(day: number): Period[] {
    const known = this.#days.get(day);
    if (known) return known;
    const from = day * secondsPerDay;
    const to = from + secondsPerDay;
    const before = this.#ask(from);
    const after = this.#ask(to);
    const periods: Period[] = [];
    let change = from;
    if (before !== after) {
      change = this.#change(from, to, before);
      periods.push({ from, to: change, offset: before });
    }
    periods.push({ from: change, to, offset: after });
    if (this.#days.size >= greatestCache) this.#days.clear();
    this.#days.set(day, periods);
    return periods;
  }

  /** The first second of another offset. */
  #change(from: number, to: number, before: number): number {
    let low = from;
    let high = to;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  }

  #ask(instant: number): number {
    const reachable = Math.max(-farthest, Math.min(farthest, instant));
    const text = this.#formatter?.format(reachable * 1_000) ?? "";
    const [, sign, hours = "0", minutes = "0", seconds = "0"] =
      /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
    const offset = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
    return sign === "-" ? -offset : offset;
  }
}

function formatter(name: string): Intl.DateTimeFormat | null {
  // Names of this form Postgres reads the other way round.
  if (/^(?:<.*>|[+-])/.test(name)) return null;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch {
    return null;
  }
}

/** `<+02>-02`, `UTC-5:30`: an abbreviation and hours to the west. */
function fixedOffset(name: string): number {
  const match = /^(?:<[^>]+>|[A-Za-z]{3,})([+-]?)(\d{1,3})(?::(\d\d)(?::(\d\d))?)?$/.exec(name);
  if (match === null)
    throw unsupported(`the time zone ${name}`, "Set TimeZone to a name such as Europe/Berlin.");
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match;
  const west = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return sign === "-" ? west : -west;
}
