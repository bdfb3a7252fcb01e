import type { Priority } from '@tajo/limiter';

/** How much looking a plan may cost. */
export interface Effort {
  /** Pages of a collection that cannot be sampled by time. */
  readonly pages: number;
  /** Looks into a time range at once, how often again, and the share of the whole that a stretch must be thought to hold for it. */
  readonly abreast: number;
  readonly rounds: number;
  readonly worth: number;
  /** Lists, segments, coupons … whose members are looked at, and of those with more than a page, how many more closely. */
  readonly parents: number;
  readonly closely: number;
  /** The share of a lane's minute that looking at the members of a resource may take. */
  readonly laneShare: number;
  /** Lists or segments whose members are asked for by `profile_count`, which Klaviyo allows once a second and 15 times a minute. */
  readonly profileCounts: number;
  /** Requests for counts of events by metric, of which Klaviyo allows 60 a minute; 0 for none. */
  readonly aggregates: number;
  readonly priority: Priority;
  /** Longest wait for a lane of one request, milliseconds. */
  readonly maxWaitMs: number;
}

/** Somebody asked for it and waits. */
export const thorough: Effort = {
  pages: 40,
  abreast: 6,
  rounds: 5,
  worth: 0.04,
  parents: 25,
  closely: 25,
  laneShare: 1 / 6,
  profileCounts: 12,
  aggregates: 48,
  priority: 'live',
  maxWaitMs: 30_000,
};

/** On the way into a run, which must not wait for it: the lanes of 15 a minute are left alone. */
export const quick: Effort = {
  pages: 5,
  abreast: 4,
  rounds: 3,
  worth: 0.25,
  parents: 8,
  closely: 4,
  laneShare: 1 / 30,
  profileCounts: 0,
  aggregates: 0,
  priority: 'backfill',
  maxWaitMs: 2_000,
};
