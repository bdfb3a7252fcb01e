import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

/**
 * The day as `YYYY-MM-DD`: Brevo has dates but no times of day. Takes ISO 8601 with `T` or space, dates, `DD.MM.YYYY`, Unix seconds and
 * milliseconds, and `YYYYMMDD`. The day is the one *as written*: moving `1990-05-01T00:00:00+02:00` to UTC would move a birthday. Unix times are UTC.
 * `03/04/2026` is refused, since it is two different days on the two sides of the Atlantic.
 */
export function toDay(input: unknown): Outcome<string> {
  if (isEmpty(input)) return EMPTY;
  if (typeof input === 'number') return fromNumber(input);
  if (typeof input !== 'string' || input.length > 60) return misfit(NO_DATE);
  const text = input.trim();
  if (/^\d{8,13}$/.test(text)) return fromNumber(Number(text));
  const iso = ISO.exec(text);
  if (iso) return day(iso[1], iso[2], iso[3]);
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  if (dotted) return day(dotted[3], dotted[2], dotted[1]);
  return /^\d{1,2}\/\d{1,2}\/\d{2,4}/.test(text)
    ? misfit('the date can be read as two different days; write it as YYYY-MM-DD')
    : misfit(NO_DATE);
}

/** Whether text is a date in ISO form, the only one that says by its shape that it is a date. */
export function isIsoDate(text: string): boolean {
  return text.length <= 60 && ISO.test(text.trim()) && toDay(text).kind === 'value';
}

const NO_DATE = 'the value is not a date';

const ISO =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?)?$/i;

/** Unix time before 1973 is refused: numbers that small are counts, not times. */
const OLDEST_UNIX_SECONDS = 1e8;
const OLDEST_UNIX_MS = 1e11;
/** 9999-12-31, the last day a date column can hold. */
const LATEST_MS = 253_402_300_799_000;

function fromNumber(number: number): Outcome<string> {
  const digits = String(number);
  if (/^(?:19|20)\d{6}$/.test(digits)) return day(digits.slice(0, 4), digits.slice(4, 6), digits.slice(6));
  if (!(number >= OLDEST_UNIX_SECONDS)) return misfit(NO_DATE);
  const ms = number >= OLDEST_UNIX_MS ? number : number * 1000;
  return ms > LATEST_MS ? misfit(NO_DATE) : value(new Date(ms).toISOString().slice(0, 10));
}

function day(year: string | undefined, month: string | undefined, date: string | undefined): Outcome<string> {
  const [y, m, d] = [Number(year), Number(month), Number(date)];
  const last = new Date(Date.UTC(y, m, 0)).getUTCDate();
  // Two-digit years count from 1900 in Date.UTC, so years below 1000 would be silently moved; no customer was born then.
  if (y < 1000 || m < 1 || m > 12 || d < 1 || d > last) return misfit('the date does not exist in the calendar');
  return value(`${year}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`);
}
