/** Days and microseconds as calendars have them: the proleptic Gregorian one, as in Postgres and in DuckDB. */

export const microsPerSecond = 1_000_000;
export const microsPerDay = 86_400_000_000;

/** What Postgres counts from: 2000-01-01, in days from 1970-01-01. */
export const postgresEpochDays = 10_957;
export const postgresEpochMicros = postgresEpochDays * microsPerDay;

/** Postgres's own bounds, in days from 1970-01-01: 4714-11-24 BC, and the first days of the years too late for it. */
export const firstDay = -2_440_588;
export const endOfDates = 2_145_042_906;
export const endOfTimestamps = 106_762_940;

export interface CivilDate {
  /** 0 is 1 BC. */
  year: number;
  month: number;
  day: number;
}

/** The date of a day counted from 1970-01-01, put into `into`. */
export function civilFromDays(days: number, into: CivilDate): CivilDate {
  // Years that begin in March: the leap day is their last. Eras are of 400 years.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1_460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) |
    0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const monthFromMarch = ((5 * dayOfYear + 2) / 153) | 0;
  into.day = dayOfYear - (((153 * monthFromMarch + 2) / 5) | 0) + 1;
  into.month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  into.year = yearOfEra + era * 400 + (into.month <= 2 ? 1 : 0);
  return into;
}

/** The day, counted from 1970-01-01, of a date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Whether a date stands in the calendar. */
export function isCivilDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const checked = civilFromDays(daysFromCivil(year, month, day), { year: 0, month: 0, day: 0 });
  return checked.month === month && checked.day === day;
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
