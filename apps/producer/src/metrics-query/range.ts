import { Problem } from '../problem.js';
import type { QueryMetrics } from '../schemas.js';

/** A time range as Klaviyo takes it, and when it ends. */
export interface Range {
  /** Times of the time zone, without an offset. */
  readonly local: { readonly from: string; readonly to: string };
  readonly end: Date;
}

/** Throws a `Problem` for a range that is none, or longer than the year Klaviyo answers for (query_metric_aggregates). */
export function rangeOf({ from, to, timezone }: Pick<QueryMetrics, 'from' | 'to' | 'timezone'>): Range {
  const clock = clockOf(timezone);
  const [start, end] = [instantOf(from, 'from', clock), instantOf(to, 'to', clock)];
  const local = { from: localOf(start, clock), to: localOf(end, clock) };
  if (local.from >= local.to) throw misfit('to', 'range_invalid', '`to` must be later than `from`; it is not part of the range.');
  if (local.to > aYearAfter(local.from)) {
    throw misfit('to', 'range_too_long', 'Klaviyo answers for at most a year; ask for each year by itself.');
  }
  return { local, end };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * How long an answer may be kept. Events surface up to a week late, so numbers of the last days still move; what is over for longer than
 * that changes no more.
 */
export function freshForMs(end: Date, now: Date): number {
  const overForMs = now.getTime() - end.getTime();
  if (overForMs < 0) return 5 * MINUTE_MS;
  return overForMs < 7 * DAY_MS ? HOUR_MS : 30 * DAY_MS;
}

type Clock = Intl.DateTimeFormat;

function clockOf(timeZone: string): Clock {
  try {
    return new Intl.DateTimeFormat('en', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    throw misfit('timezone', 'timezone_unknown', 'The time zone is not known; give an IANA name, e.g. Europe/Berlin.');
  }
}

function instantOf(text: string, field: string, clock: Clock): Date {
  const [, day = '', time = '00:00', offset] = /^([\d-]+)(?:T([\d:.]+))?(Z|[+-]\d{2}:\d{2})?$/.exec(text) ?? [];
  const asUtc = Date.parse(`${day}T${time}Z`);
  // Date.parse moves the 30th of February into March.
  if (Number.isNaN(asUtc) || !new Date(asUtc).toISOString().startsWith(day)) {
    throw misfit(field, 'invalid_request', `The body does not fit: ${field}: is no date of the calendar.`);
  }
  if (offset !== undefined) return new Date(`${day}T${time}${offset}`);
  // The offset at the instant itself may be another one than at the same digits in UTC, near a change of the clocks.
  const guess = asUtc - offsetMs(asUtc, clock);
  return new Date(asUtc - offsetMs(guess, clock));
}

function localOf(instant: Date, clock: Clock): string {
  return new Date(instant.getTime() + offsetMs(instant.getTime(), clock)).toISOString().slice(0, 19);
}

function offsetMs(instantMs: number, clock: Clock): number {
  const parts = Object.fromEntries(clock.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1_000) * 1_000;
}

function aYearAfter(local: string): string {
  const date = new Date(`${local}Z`);
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return date.toISOString().slice(0, 19);
}

function misfit(field: string, code: string, detail: string): Problem {
  return new Problem(422, code, detail, { extras: { field } });
}
