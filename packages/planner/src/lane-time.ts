import type { Lane } from '@tajo/limiter';
import type { PlannedLane } from './plan.js';

/** Requests that count in these lanes, all of them at once. */
export interface Need {
  readonly lanes: readonly Lane[];
  readonly requests: number;
}

export interface LaneNeed {
  readonly lane: Lane;
  readonly requests: number;
}

/** Requests by lane: what counts in two lanes stands under both. */
export function byLane(needs: readonly Need[]): LaneNeed[] {
  const sums = new Map<string, LaneNeed>();
  for (const { lanes, requests } of needs) {
    if (requests <= 0) continue;
    for (const lane of lanes) sums.set(lane.key, { lane, requests: (sums.get(lane.key)?.requests ?? 0) + Math.ceil(requests) });
  }
  return [...sums.values()];
}

/**
 * The shortest time in which a lane that nobody used yet lets so many requests through: a window's full number at once, then the
 * next when it has passed. `share` is the part of the limits that may be used.
 */
export function secondsFor(requests: number, { windows }: Lane, share = 1): number {
  const waits = windows.map(({ limit, windowMs }) => Math.floor(Math.max(0, requests - 1) / ours(limit, share)) * windowMs);
  return Math.max(0, ...waits) / 1_000;
}

/** The same at a lane's lasting pace, without what a fresh window lets through at once: what to choose between two ways by. */
export function lastingSeconds(needs: readonly LaneNeed[], share = 1): number {
  const each = needs.flatMap(({ lane, requests }) =>
    lane.windows.map(({ limit, windowMs }) => (requests * windowMs) / ours(limit, share)),
  );
  return Math.max(0, ...each) / 1_000;
}

/** The lane that takes the longest; null when none makes anybody wait. */
export function slowest(needs: readonly LaneNeed[], share = 1): { key: string | null; seconds: number } {
  let found: { key: string | null; seconds: number } = { key: null, seconds: 0 };
  for (const { lane, requests } of needs) {
    const seconds = secondsFor(requests, lane, share);
    if (seconds > found.seconds) found = { key: lane.key, seconds };
  }
  return found;
}

export function plannedLane({ lane, requests }: LaneNeed, share = 1): PlannedLane {
  const longest = lane.windows.reduce((a, b) => (b.windowMs > a.windowMs ? b : a), { limit: 0, windowMs: 0 });
  const seconds = Math.ceil(secondsFor(requests, lane, share));
  return {
    lane: lane.key,
    requests,
    seconds,
    limit: longest.limit === 0 ? 0 : ours(longest.limit, share),
    windowMs: longest.windowMs,
  };
}

/**
 * When a run could be over: resources that wait for nobody run beside each other, those that wait begin when the last one they wait
 * for has ended, and what shares a lane shares its time.
 */
export function runSeconds(
  resources: readonly { readonly name: string; readonly after: readonly string[]; readonly seconds: number }[],
  lanes: readonly LaneNeed[],
  share = 1,
): number {
  const byName = new Map(resources.map((one) => [one.name, one]));
  const ends = new Map<string, number>();
  function endOf(name: string, path: readonly string[]): number {
    const resource = byName.get(name);
    if (!resource || path.includes(name)) return 0;
    const known = ends.get(name);
    if (known !== undefined) return known;
    const end = resource.seconds + Math.max(0, ...resource.after.map((before) => endOf(before, [...path, name])));
    ends.set(name, end);
    return end;
  }
  return Math.max(slowest(lanes, share).seconds, 0, ...resources.map(({ name }) => endOf(name, [])));
}

function ours(limit: number, share: number): number {
  return Math.max(1, Math.floor(limit * share));
}
