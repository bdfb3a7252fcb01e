/** What a clock in a zone shows, as if it were UTC; `undefined` for a zone nobody knows. All in epoch milliseconds. */
export function createZone(name: string): { local(at: number): number; instant(local: number): number } | undefined {
  const offset = offsetReader(name);
  if (!offset) return undefined;
  const local = (at: number) => at + offset(at);
  // Twice: the first guess may lie on the other side of a change of the clock.
  const instant = (wanted: number) => wanted - offset(wanted - offset(wanted));
  return { local, instant };
}

function offsetReader(timeZone: string): ((at: number) => number) | undefined {
  if (timeZone === 'UTC') return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
  const known = new Map<number, number>();
  return (at) => {
    // Offsets change on quarters of an hour, never between.
    const quarter = Math.floor(at / 900_000);
    let offset = known.get(quarter);
    if (offset === undefined) {
      const name = format.formatToParts(quarter * 900_000).find(({ type }) => type === 'timeZoneName')?.value ?? '';
      const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
      offset = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
      known.set(quarter, offset);
    }
    return offset;
  };
}

export const intervals = ['hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof intervals)[number];

/** The beginning of the interval a local time lies in; weeks begin on Monday. */
export function startOf(interval: Interval, local: number): number {
  const date = new Date(local);
  date.setUTCMinutes(0, 0, 0);
  if (interval !== 'hour') date.setUTCHours(0);
  if (interval === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (interval === 'month') date.setUTCDate(1);
  return date.getTime();
}

export function nextStart(interval: Interval, start: number): number {
  const date = new Date(start);
  if (interval === 'hour') date.setUTCHours(date.getUTCHours() + 1);
  if (interval === 'day') date.setUTCDate(date.getUTCDate() + 1);
  if (interval === 'week') date.setUTCDate(date.getUTCDate() + 7);
  if (interval === 'month') date.setUTCMonth(date.getUTCMonth() + 1);
  return date.getTime();
}

/** The starts of every interval that touches a local range, its end left out. */
export function startsIn(interval: Interval, from: number, to: number): number[] {
  const starts: number[] = [];
  for (let start = startOf(interval, from); start < to; start = nextStart(interval, start)) starts.push(start);
  return starts;
}

const part = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');

/** `2025-03-01T00:00:00-05:00`. */
export function isoIn(zone: { instant(local: number): number }, local: number): string {
  const minutes = Math.round((local - zone.instant(local)) / 60_000);
  return `${new Date(local).toISOString().slice(0, 19)}${minutes < 0 ? '-' : '+'}${part(minutes / 60)}:${part(minutes % 60)}`;
}
