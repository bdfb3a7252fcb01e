import { Bug } from '@tajo/errors';
import type { Lane, LaneObservation, WindowUsage } from './limiter.js';

/**
 * Where reservations are written down. The waiting (`create-limiter.ts`) is the same for every kind of books; all times are on
 * the clock of the books, so that the clocks of the processes do not matter. Slots are microseconds: each is taken once, so
 * that one can be given back by name.
 */
export interface Books {
  /** Takes the earliest slot that every window of every lane allows, unless it is more than `aheadMs` away. */
  reserve(request: ReserveRequest): Promise<Reservation>;
  /** Until when (ms) the most penalised of the lanes is closed; 0 when none is. */
  blockedUntil(lanes: readonly Lane[]): Promise<number>;
  block(lane: Lane, forMs: number): Promise<void>;
  observe(lane: Lane, observation: LaneObservation): Promise<void>;
  usage(lane: Lane): Promise<readonly WindowUsage[]>;
}

export interface ReserveRequest {
  readonly lanes: readonly Lane[];
  readonly aheadMs: number;
  readonly live: boolean;
  /** A slot that was taken and not used; it is given back first, whether or not another one is granted. */
  readonly insteadUs?: number;
}

/** `slotUs` is the slot taken, or when not `granted`, the one that would have been. */
export interface Reservation {
  readonly granted: boolean;
  readonly nowUs: number;
  readonly slotUs: number;
}

/** What every kind of books does the same way. */
export interface BookRules {
  /** Added to every window: covers what the way to the vendor varies by, or two requests could arrive closer than they left. */
  readonly marginMs: number;
  /** Share of every limit that is ours, 0 < q <= 1; the rest is left to the customer's other integrations. */
  readonly quotaShare: number;
  /** Share of every limit that backfill leaves free while there is live demand. */
  readonly liveShare: number;
  /** How long one live request counts as live demand, in milliseconds. */
  readonly liveForMs: number;
  /** Whether a limit in the vendor's headers that is higher than ours raises ours. */
  readonly trustHigherLimit: boolean;
}

/** One window as the books keep it. */
export interface BookedWindow {
  readonly limit: number;
  readonly windowMs: number;
  /** The window and the margin. */
  readonly paddedMs: number;
  /** Every how manieth slot is written down. */
  readonly stride: number;
}

export function bookWindows(lane: Lane, { marginMs, quotaShare }: BookRules): readonly BookedWindow[] {
  return lane.windows.map(({ limit, windowMs }) => {
    if (!(limit >= 1 && windowMs >= 1))
      throw new Bug('lane_invalid', `Lane ${lane.key} has a window of ${limit} per ${windowMs} ms.`);
    return { limit: ourShare(limit, quotaShare), windowMs, paddedMs: windowMs + marginMs, stride: strideOf(limit, windowMs) };
  });
}

export function ourShare(limit: number, share: number): number {
  return Math.max(1, Math.floor(limit * share));
}

/**
 * Windows up to a minute and small limits (225 a day, 100 an hour) are kept exactly: one log entry per request. For the large
 * ones (36,000 an hour) only every n-th slot is written down, and the window is measured from the first written slot that is
 * *not older* than the limit-th last request: never more than the limit, at most 0.1 % less of it, and 2,000 entries (20 kB)
 * instead of 36,000. A power of two, so that a small change of the configured limit keeps the log.
 */
export function strideOf(limit: number, windowMs: number): number {
  return windowMs <= 60_000 || limit <= 4_000 ? 1 : 2 ** Math.floor(Math.log2(limit / 1_000));
}

/** How long a limit seen in the vendor's headers replaces ours. Every answer repeats it, so two windows are plenty. */
export function limitHeldMs(windowMs: number): number {
  return Math.max(2 * windowMs, 60_000);
}

/** An answer's headers may describe the lane as it was this long ago. */
export const answerAgeMs = 2_000;

/** What of an observation the books must act on; undefined for the common case that it tells nothing new. */
export function tellingOf(
  lane: Lane,
  { limit, remaining, resetMs, windowMs }: LaneObservation,
  rules: BookRules,
):
  | {
      readonly window: BookedWindow;
      readonly limit?: number;
      readonly short?: { remaining: number; room: number; resetMs: number };
    }
  | undefined {
  const window = bookWindows(lane, rules).find((one) => one.windowMs === windowMs);
  if (!window) return undefined;
  const theirs = limit !== undefined && limit >= 1 ? ourShare(limit, rules.quotaShare) : undefined;
  const replaces = theirs !== undefined && (theirs < window.limit || (rules.trustHigherLimit && theirs > window.limit));
  // Several requests are on their way when an answer arrives, hence a reserve and not zero.
  const total = limit ?? window.limit;
  const short =
    remaining !== undefined && resetMs !== undefined && resetMs > 0 && remaining <= Math.max(1, Math.ceil(total * 0.03));
  if (!replaces && !short) return undefined;
  return { window, ...(replaces && { limit: theirs }), ...(short && { short: { remaining, room: total, resetMs } }) };
}
