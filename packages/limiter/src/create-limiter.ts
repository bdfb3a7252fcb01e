import { setMaxListeners } from 'node:events';
import { Bug, RetryLater, WaitUntil } from '@tajo/errors';
import type { BookRules, Books, Reservation, ReserveRequest } from './books.js';
import type { AcquireOptions, Lane, Limiter, LimiterObserver } from './limiter.js';
import { Line } from './line.js';
import { nap } from './nap.js';
import { SlotClock } from './slot-clock.js';

export interface LimiterOptions {
  /** Added to every window, in milliseconds; covers the jitter of the way to the vendor (up to 130 ms was measured). Default 120. */
  readonly marginMs?: number;
  /** Share of every limit that is ours, 0 < q <= 1; lower it when other integrations use the same account. Default 1. */
  readonly quotaShare?: number;
  /** Share of every limit that backfill leaves free while there is live demand. Default 0.1. */
  readonly liveShare?: number;
  /** How long one live request counts as live demand, in milliseconds. Default 60,000: the window in which the share must have been left free. */
  readonly liveForMs?: number;
  /** How far ahead backfill reserves, in milliseconds: the longest queue of backfill that a live request can meet. Default 1,000. */
  readonly backfillAheadMs?: number;
  /** Whether a limit in the vendor's headers that is higher than ours raises ours. Default false. */
  readonly trustHigherLimit?: boolean;
  readonly observer?: LimiterObserver;
}

export interface LimiterSettings extends BookRules {
  readonly backfillAheadMs: number;
  readonly observer: LimiterObserver | undefined;
}

export function withDefaults({
  marginMs = 120,
  quotaShare = 1,
  liveShare = 0.1,
  liveForMs = 60_000,
  backfillAheadMs = 1_000,
  trustHigherLimit = false,
  observer,
}: LimiterOptions): LimiterSettings {
  if (!(quotaShare > 0 && quotaShare <= 1))
    throw new Bug('quota_share_invalid', `quotaShare is ${quotaShare}; it must be above 0 and at most 1.`);
  if (!(liveShare >= 0 && liveShare < 1))
    throw new Bug('live_share_invalid', `liveShare is ${liveShare}; it must be at least 0 and below 1.`);
  return { marginMs, quotaShare, liveShare, liveForMs, backfillAheadMs, trustHigherLimit, observer };
}

/** A slot that was missed this often is used all the same: a 429 costs less than standing still. */
const maxTries = 5;

/** What a timer of Node can hold. */
const longestWaitMs = 2 ** 31 - 1;

/** A shorter wait is not checked for a penalty that came meanwhile. */
const recheckAfterMs = 50;

/**
 * The waiting, the same over every kind of books. Live requests reserve as far ahead as they are ready to wait. Backfill reserves
 * only a little ahead and stands in line (one per process) until its slot is that near, so a live request never finds a long
 * queue of backfill slots before it.
 */
export function createLimiter(books: Books, settings: LimiterSettings): Limiter {
  const { marginMs, backfillAheadMs, observer } = settings;
  const clock = new SlotClock();
  const lines = new Map<string, BackfillLine>();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);

  return {
    async acquire(lane, options = {}) {
      const want = wantOf('key' in lane ? [lane] : lane, options);
      for (let tries = 1; ; tries += 1) {
        const slot = await takeSlot(want);
        const waitMs = slot.dueAt - performance.now();
        if (waitMs > 0) await nap(waitMs, want);
        if (tries === maxTries || !(await missed(slot, waitMs, want))) break;
        want.missedUs = slot.slotUs;
      }
      const waitedMs = Math.max(0, Math.round(performance.now() - want.askedAt));
      for (const one of want.lanes) observer?.waited(one, waitedMs);
    },

    async penalize(lane, forMs) {
      observer?.penalized(lane, forMs);
      await books.block(lane, forMs);
    },

    observe: (lane, observation) => books.observe(lane, observation),
    usage: (lane) => books.usage(lane),

    async close() {
      closing.abort(new RetryLater('limiter_closed', 'The limiter is closing; the request is tried again by whoever runs next.'));
    },
  };

  function wantOf(lanes: readonly Lane[], { priority = 'backfill', maxWaitMs = 10_000, signal }: AcquireOptions): Want {
    if (lanes.length === 0) throw new Bug('lane_missing', 'A request without a lane would pass every limit.');
    const askedAt = performance.now();
    const signals = [signal, closing.signal];
    return {
      lanes,
      live: priority === 'live',
      askedAt,
      deadline: askedAt + Math.min(maxWaitMs, longestWaitMs),
      signals,
      name: lanes.map(({ key }) => key).join(' + '),
    };
  }

  async function takeSlot(want: Want): Promise<Slot> {
    if (want.live) {
      const slot = await ask(want, Number.POSITIVE_INFINITY);
      if (!slot.granted) throw laneEmpty(want, slot.dueAt);
      return slot;
    }
    if (!lines.has(want.name)) {
      // Somewhat less far than those in line, or a newcomer could slip in before the head of the line.
      const slot = await ask(want, backfillAheadMs * 0.75);
      if (slot.granted) return slot;
      if (slot.dueAt > want.deadline) throw laneEmpty(want, slot.dueAt);
    }
    return standInLine(want);
  }

  async function standInLine(want: Want): Promise<Slot> {
    const { name, deadline, signals } = want;
    const line = lines.get(name) ?? new BackfillLine();
    if (line.headDueAt > deadline) throw laneEmpty(want, line.headDueAt);
    lines.set(name, line);
    const turn = line.join();
    try {
      const isHead = await nap(deadline - performance.now(), { signals, wake: turn.came });
      if (!isHead) throw laneEmpty(want, Math.max(line.headDueAt, performance.now() + backfillAheadMs));
      for (;;) {
        const slot = await ask(want, backfillAheadMs);
        if (slot.granted) return slot;
        line.headDueAt = slot.dueAt;
        if (slot.dueAt > deadline) throw laneEmpty(want, slot.dueAt);
        await nap(Math.max(1, slot.dueAt - performance.now() - backfillAheadMs), want);
      }
    } finally {
      line.leave(turn);
      if (line.empty) lines.delete(name);
    }
  }

  async function ask(want: Want, mostAheadMs: number): Promise<Slot> {
    const { lanes, live, deadline, signals, missedUs } = want;
    for (const signal of signals) signal?.throwIfAborted();
    const askedAt = performance.now();
    const aheadMs = Math.max(0, Math.floor(Math.min(deadline - askedAt, mostAheadMs)));
    const answer = await books.reserve({ lanes, live, aheadMs, ...(missedUs !== undefined && { insteadUs: missedUs }) });
    want.missedUs = undefined;
    for (const signal of signals) signal?.throwIfAborted();
    return { ...answer, dueAt: clock.due({ ...answer, askedAt, answeredAt: performance.now() }) };
  }

  /** A late request meets those of later slots and a penalised one meets a 429: both must ask again. */
  async function missed({ slotUs, dueAt }: Slot, waitMs: number, { lanes }: Want): Promise<boolean> {
    if (waitMs > recheckAfterMs && (await books.blockedUntil(lanes)) * 1000 > slotUs) return true;
    return performance.now() - dueAt > Math.max(marginMs / 2, 10);
  }
}

interface Want extends Pick<ReserveRequest, 'lanes' | 'live'> {
  readonly name: string;
  /** On `performance.now()`, as all times here. */
  readonly askedAt: number;
  readonly deadline: number;
  readonly signals: readonly (AbortSignal | undefined)[];
  /** The slot that was slept through, to be given back with the next question. */
  missedUs?: number | undefined;
}

interface Slot extends Reservation {
  readonly dueAt: number;
}

class BackfillLine extends Line {
  /** When the head of the line may send, as last heard. */
  headDueAt = 0;
}

function laneEmpty({ name }: Want, dueAt: number): WaitUntil {
  const waitMs = Math.max(0, Math.ceil(dueAt - performance.now()));
  const at = new Date(Date.now() + waitMs);
  return new WaitUntil('lane_empty', `Lane ${name} has no room before ${at.toISOString()}; it resumes then.`, { at });
}
