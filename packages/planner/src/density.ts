/**
 * Estimates how many records lie in a stretch of time from a few pages read out of it. Nothing here asks anybody: `probe` does.
 * A burst between two pages is not seen, so where an account had some the estimate may be far too low.
 */

/** The first records at or after a point in time, ascending. */
export interface Probe<Item = unknown> {
  readonly records: readonly { readonly at: number; readonly item: Item }[];
  /** There are no more up to the end that was asked for. */
  readonly isAll: boolean;
}

/** A stretch of time [from, to) in epoch milliseconds, and what the page at its beginning told. */
export interface Stretch<Item = unknown> {
  readonly from: number;
  readonly to: number;
  readonly probe: Probe<Item>;
}

/** Second precision is the finest the vendor has: records of one second are not endlessly dense. */
const FINEST_MS = 1_000;
/** A rest that is so many times longer than its page is looked at near the page too, where a burst would end … */
const LONG = 100;
/** … and from here on there alone. */
const FAR = 10_000;

/** All of it: what was read, and the rest by the density of the page before it. */
export function estimate(stretches: readonly Stretch[]): { records: number; isExact: boolean } {
  const records = stretches.reduce((sum, stretch) => sum + readOf(stretch).length + unreadIn(stretch), 0);
  return { records: Math.round(records), isExact: stretches.every(({ probe }) => probe.isAll) };
}

/** Every record that was read, each with the number of records it stands for; all together as many as `estimate` says. */
export function weighted<Item>(stretches: readonly Stretch<Item>[]): { item: Item; weight: number }[] {
  return stretches.flatMap((stretch) => {
    const read = readOf(stretch);
    const weight = read.length === 0 ? 0 : 1 + unreadIn(stretch) / read.length;
    return read.map(({ item }) => ({ item, weight }));
  });
}

/**
 * Where to look next: at most `most` points in all, the most in the stretches whose unread rest is thought to hold the most. Empty when no
 * rest is thought to hold more than `worth` records.
 */
export function nextLooks<Item>(
  stretches: readonly Stretch<Item>[],
  most: number,
  worth: number,
): { stretch: Stretch<Item>; points: number[] }[] {
  const unread = stretches
    .map((stretch) => ({ stretch, records: unreadIn(stretch) }))
    .filter(({ records }) => records > worth)
    .toSorted((a, b) => b.records - a.records)
    .slice(0, most);
  const total = unread.reduce((sum, { records }) => sum + records, 0);
  let left = most;
  return unread.flatMap(({ stretch, records }) => {
    const count = Math.min(left, Math.max(1, Math.round((most * records) / total)));
    left -= count;
    const points = count === 0 ? [] : pointsBeyond(stretch, count);
    return points.length === 0 ? [] : [{ stretch, points }];
  });
}

/** The stretch in parts, the probes having been read from each of the points up to the next. */
export function cut<Item>(
  { from, to, probe }: Stretch<Item>,
  points: readonly number[],
  probes: readonly Probe<Item>[],
): Stretch<Item>[] {
  const bounds = [from, ...points, to];
  return [probe, ...probes].map((one, i) => ({ from: bounds[i] ?? from, to: bounds[i + 1] ?? to, probe: one }));
}

/** So many points that divide the time evenly. */
export function pointsIn({ from, to }: { from: number; to: number }, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(from + ((to - from) * (i + 1)) / (count + 1)));
}

/** In what the page has not read: evenly, and by powers of its own length where the rest is many times longer. */
function pointsBeyond(stretch: Stretch, count: number): number[] {
  const { to } = stretch;
  const end = endOf(stretch);
  const span = spanOf(stretch.probe);
  const ratio = (to - end) / span;
  const near = ratio > FAR ? count : ratio > LONG ? Math.floor(count / 2) : 0;
  const powers = Array.from({ length: near }, (_, i) => Math.floor(end + span * ratio ** ((i + 1) / (near + 1))));
  const points = [...powers, ...pointsIn({ from: end, to }, count - near)].toSorted((a, b) => a - b);
  return points.filter((at, i) => at - (points[i - 1] ?? end) >= FINEST_MS && to - at >= FINEST_MS);
}

/** A page may reach beyond the stretch once that was cut. */
function readOf<Item>({ to, probe }: Stretch<Item>): Probe<Item>['records'] {
  return probe.records.filter(({ at }) => at < to);
}

function unreadIn(stretch: Stretch): number {
  const { to, probe } = stretch;
  const rest = to - endOf(stretch);
  return probe.isAll || rest <= 0 ? 0 : (probe.records.length / spanOf(probe)) * rest;
}

/** Up to where the page has read. */
function endOf({ from, probe }: Stretch): number {
  return probe.records.at(-1)?.at ?? from;
}

/** From the first record to the last: silence before the first says nothing of what follows. */
function spanOf({ records }: Probe): number {
  return Math.max(FINEST_MS, (records.at(-1)?.at ?? 0) - (records[0]?.at ?? 0));
}
