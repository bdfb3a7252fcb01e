/**
 * When the profiles of an account came into being: years of trickle, whole years of silence, import days with many a second, and
 * one second that holds pages of them. Indexes ascend with time, so an account needs no table of dates. All in epoch seconds.
 */
interface Stretch {
  readonly from: number;
  readonly seconds: number;
  /** Share of the account, in parts of 1,000. */
  readonly share: number;
}

const DAY = 86_400;

const stretches: readonly Stretch[] = [
  { from: second('2017-03-01T00:00:00Z'), seconds: 305 * DAY, share: 50 },
  { from: second('2018-01-01T00:00:00Z'), seconds: 364 * DAY, share: 80 },
  // Nothing at all in 2019, then a CSV upload within forty minutes of a leap day.
  { from: second('2020-02-29T10:00:00Z'), seconds: 2_400, share: 200 },
  { from: second('2020-03-01T00:00:00Z'), seconds: 480 * DAY, share: 150 },
  { from: second('2021-11-26T00:00:00Z'), seconds: DAY, share: 150 },
  // Nothing for nine months.
  { from: second('2022-09-01T00:00:00Z'), seconds: 850 * DAY, share: 220 },
  // One single second.
  { from: second('2025-01-15T00:00:00Z'), seconds: 1, share: 15 },
  { from: second('2025-01-15T00:00:01Z'), seconds: 1, share: 5 },
  { from: second('2025-01-16T00:00:00Z'), seconds: 340 * DAY, share: 130 },
];

/** Nothing generated lies after this, whatever day the sandbox runs on. */
export const END_OF_DATA = second('2025-12-31T00:00:00Z');

export function createdSecond(index: number, profiles: number): number {
  let place = (index * 1_000) / profiles;
  for (const { from, seconds, share } of stretches) {
    if (place < share) return from + Math.floor((place / share) * seconds);
    place -= share;
  }
  return END_OF_DATA;
}

/** Klaviyo writes profile times with an offset and at second precision. Days are remembered: a page holds hundreds of times. */
export function isoSecond(epochSecond: number): string {
  const day = Math.floor(epochSecond / DAY);
  let date = days.get(day);
  if (date === undefined) {
    date = new Date(day * DAY * 1_000).toISOString().slice(0, 10);
    days.set(day, date);
  }
  const rest = epochSecond - day * DAY;
  return `${date}T${twoDigits(rest / 3_600)}:${twoDigits((rest / 60) % 60)}:${twoDigits(rest % 60)}+00:00`;
}

const days = new Map<number, string>();

function twoDigits(value: number): string {
  const whole = Math.floor(value);
  return whole < 10 ? `0${whole}` : String(whole);
}

function second(iso: string): number {
  return Date.parse(iso) / 1_000;
}
