import { afterEach, describe, expect, it } from '@jest/globals';
import { RetryLater, WaitUntil } from '@tajo/errors';
import type { AcquireOptions, Lane, Limiter, LimiterOptions, Priority, RateWindow } from '@tajo/limiter';
import * as fc from 'fast-check';

/** A slot counts as missed after half the margin. Tests that count slots of long windows give a busy machine more than it needs. */
const roomyMs = 2_000;
const marginMs = 60;
const minute = 60_000;
const day = 86_400_000;

/** What every limiter promises. `make` opens a new one with empty books. */
export function limiterSuite(name: string, make: (options: LimiterOptions) => Limiter): void {
  describe(`the ${name} limiter`, () => {
    const opened: Limiter[] = [];
    const open = (options: LimiterOptions = {}) => {
      const limiter = make({ marginMs: roomyMs, ...options });
      opened.push(limiter);
      return limiter;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((limiter) => limiter.close()));
    });

    it('lets no window of a lane see more than its limit, whatever the arrivals', async () => {
      const arrivals = fc.array(
        fc.record({ gapMs: fc.integer({ min: 0, max: 40 }), priority: fc.constantFrom<Priority>('live', 'backfill') }),
        {
          minLength: 8,
          maxLength: 16,
        },
      );
      await fc.assert(
        fc.asyncProperty(
          arrivals,
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 3, max: 8 }),
          async (callers, burst, steady) => {
            const lane = laneOf({ limit: burst, windowMs: 100 }, { limit: steady, windowMs: 300 });
            const limiter = open({ marginMs, backfillAheadMs: 200 });
            const sentAt: number[] = [];
            const calls = callers.map(async ({ priority }, index) => {
              await wait(callers.slice(0, index + 1).reduce((sum, { gapMs }) => sum + gapMs, 0));
              await limiter.acquire(lane, { priority });
              sentAt.push(performance.now());
            });
            await Promise.all(calls);
            expect(sentAt).toHaveLength(callers.length);
            for (const { limit, windowMs } of lane.windows) expect(mostInAnyWindow(sentAt, windowMs)).toBeLessThanOrEqual(limit);
          },
        ),
        { numRuns: 6 },
      );
    });

    it.each<Priority>(['live', 'backfill'])('serves %s callers in the order in which they asked', async (priority) => {
      // Whoever wakes late goes to the end, so a busy machine is given 400 ms.
      const limiter = open({ backfillAheadMs: 1_000, marginMs: 800 });
      const lane = laneOf({ limit: 1, windowMs: 10 });
      const callers = Array.from({ length: 5 }, (_, index) => index);
      const served: number[] = [];
      await Promise.all(callers.map((caller) => limiter.acquire(lane, { priority }).then(() => served.push(caller))));
      expect(served).toEqual(callers);
    });

    it('reserves nothing when the wait would be longer than the caller can wait', async () => {
      const limiter = open();
      const lane = laneOf({ limit: 2, windowMs: minute });
      expect(await granted(limiter, lane, 2)).toBe(2);
      const refusals = await Promise.allSettled(
        Array.from({ length: 20 }, () => limiter.acquire(lane, { maxWaitMs: 5_000, priority: 'live' })),
      );
      for (const refusal of refusals) {
        expect(refusal).toMatchObject({ status: 'rejected', reason: { code: 'lane_empty' } });
        // Had any of the others reserved a slot, the later ones would be told of a later window.
        if (refusal.status === 'rejected' && refusal.reason instanceof WaitUntil) expect(minutesUntil(refusal.reason.at)).toBe(1);
      }
      expect((await limiter.usage(lane))[0]?.used).toBe(2);
    });

    it('names the hour at which a daily quota has room again', async () => {
      const limiter = open();
      const lane = laneOf({ limit: 10, windowMs: 1_000 }, { limit: 3, windowMs: day });
      expect(await granted(limiter, lane, 5)).toBe(3);
      const refusal = await limiter.acquire(lane).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(WaitUntil);
      if (refusal instanceof WaitUntil) expect(minutesUntil(refusal.at)).toBe(24 * 60);
    });

    it('holds everyone back after a penalty, those who had a slot already too', async () => {
      const limiter = open({ marginMs });
      const lane = laneOf({ limit: 1, windowMs: 400 });
      await limiter.acquire(lane);
      // Calls reach the books in the order in which they are made: both have their slot before the penalty comes.
      const holders = [limiter.acquire(lane, { priority: 'live' }), limiter.acquire(lane)].map(settled);
      await limiter.penalize(lane, minute);
      const newcomer = settled(limiter.acquire(lane));
      expect(await Promise.all([...holders, newcomer])).toEqual(['lane_empty', 'lane_empty', 'lane_empty']);
    });

    it('does not shorten a penalty by a later, shorter one', async () => {
      const limiter = open();
      const lane = laneOf({ limit: 5, windowMs: 1_000 });
      await limiter.penalize(lane, 5 * minute);
      await limiter.penalize(lane, 1);
      const refusal = await limiter.acquire(lane).catch((error: unknown) => error);
      expect(refusal instanceof WaitUntil && minutesUntil(refusal.at)).toBe(5);
    });

    it.each<Priority>(['live', 'backfill'])('ends the wait of a %s caller with the reason of its signal', async (priority) => {
      const limiter = open({ marginMs, backfillAheadMs: 500 });
      const lane = laneOf({ limit: 1, windowMs: 5_000 });
      await limiter.acquire(lane);
      const stop = new AbortController();
      const waits = [1, 2, 3].map(() => limiter.acquire(lane, { priority, signal: stop.signal, maxWaitMs: minute }));
      const reason = new Error('shutting down');
      stop.abort(reason);
      for (const outcome of await Promise.allSettled(waits)) expect(outcome).toEqual({ status: 'rejected', reason });
    });

    it('moves the line up when one who stands in it goes away', async () => {
      const limiter = open({ marginMs, backfillAheadMs: 100 });
      const lane = laneOf({ limit: 1, windowMs: 600 });
      await limiter.acquire(lane);
      const stop = new AbortController();
      const first = settled(limiter.acquire(lane, { signal: stop.signal, maxWaitMs: minute }));
      const second = settled(limiter.acquire(lane));
      // Time to join the line. Were it too short, the test would pass without proving much.
      await wait(100);
      stop.abort(new Error('gone'));
      expect(await Promise.all([first, second])).toEqual(['gone', 'sent']);
    });

    it('lets live requests overtake a long queue of backfill', async () => {
      const limiter = open({ backfillAheadMs: 200, marginMs: 0 });
      const lane = laneOf({ limit: 1, windowMs: 60 });
      const served: Priority[] = [];
      const call = (priority: Priority) => limiter.acquire(lane, { priority }).then(() => served.push(priority));
      const backfill = Array.from({ length: 25 }, () => call('backfill'));
      await untilTrue(() => served.length >= 2);
      await Promise.all(Array.from({ length: 4 }, () => call('live')));
      // Reserved before they came: 200 ms of one per 60 ms, and what was served while they were asking.
      expect(served.filter((priority) => priority === 'backfill').length).toBeLessThanOrEqual(12);
      await Promise.all(backfill);
      expect(served).toHaveLength(29);
    });

    it('gives backfill all of the lane, but a share stays free once live demand is seen', async () => {
      const limiter = open({ liveShare: 0.3 });
      const quiet = laneOf({ limit: 10, windowMs: minute });
      expect(await granted(limiter, quiet, 20)).toBe(10);
      const busy = laneOf({ limit: 10, windowMs: minute });
      expect(await granted(limiter, busy, 1, 'live')).toBe(1);
      expect(await granted(limiter, busy, 20, 'backfill')).toBe(6);
      expect(await granted(limiter, busy, 20, 'live')).toBe(3);
    });

    it('counts a live request that found no room as live demand', async () => {
      const limiter = open({ marginMs: 400, liveShare: 0.5 });
      const lane = laneOf({ limit: 2, windowMs: 300 });
      expect(await granted(limiter, lane, 2)).toBe(2);
      expect(await granted(limiter, lane, 1, 'live')).toBe(0);
      await untilTrue(async () => (await limiter.usage(lane))[0]?.used === 0);
      await wait(400);
      expect(await granted(limiter, lane, 2)).toBe(1);
    });

    it('uses no more than its share of the quota, and at least one', async () => {
      const limiter = open({ quotaShare: 0.5 });
      expect(await granted(limiter, laneOf({ limit: 11, windowMs: minute }), 20)).toBe(5);
      expect(await granted(limiter, laneOf({ limit: 1, windowMs: minute }), 3)).toBe(1);
    });

    it('takes a lower limit from the headers of the vendor, and its share of it', async () => {
      const limiter = open({ quotaShare: 0.5 });
      const lane = laneOf({ limit: 100, windowMs: 1_000 }, { limit: 20, windowMs: minute });
      await limiter.observe(lane, { limit: 8, windowMs: minute });
      expect(await granted(limiter, lane, 20)).toBe(4);
      expect((await limiter.usage(lane))[1]).toEqual({ limit: 4, windowMs: minute, used: 4 });
    });

    it('takes a higher limit from the headers only when told to trust it', async () => {
      const wary = open();
      const lane = laneOf({ limit: 5, windowMs: minute });
      await wary.observe(lane, { limit: 8, windowMs: minute });
      expect(await granted(wary, lane, 20)).toBe(5);
      const trusting = open({ trustHigherLimit: true });
      const other = laneOf({ limit: 5, windowMs: minute });
      await trusting.observe(other, { limit: 8, windowMs: minute });
      expect(await granted(trusting, other, 20)).toBe(8);
    });

    it('waits for the vendor when others have used up the budget', async () => {
      const limiter = open();
      const lane = laneOf({ limit: 100, windowMs: minute });
      expect(await granted(limiter, lane, 1)).toBe(1);
      await limiter.observe(lane, { limit: 100, remaining: 50, resetMs: 20_000, windowMs: minute });
      expect(await granted(limiter, lane, 1)).toBe(1);
      await limiter.observe(lane, { limit: 100, remaining: 2, resetMs: 20_000, windowMs: minute });
      expect(await granted(limiter, lane, 1, 'live')).toBe(0);
    });

    it('does not wait for the vendor when its own requests explain what is left', async () => {
      const limiter = open();
      const lane = laneOf({ limit: 100, windowMs: minute });
      expect(await granted(limiter, lane, 98)).toBe(98);
      await limiter.observe(lane, { limit: 100, remaining: 2, resetMs: 20_000, windowMs: minute });
      expect(await granted(limiter, lane, 5)).toBe(2);
    });

    it('reserves several lanes as one or not at all', async () => {
      const limiter = open();
      const endpoint = laneOf({ limit: 10, windowMs: minute });
      const parameter = laneOf({ limit: 2, windowMs: minute });
      expect(await granted(limiter, [endpoint, parameter], 6)).toBe(2);
      expect((await limiter.usage(endpoint))[0]?.used).toBe(2);
      expect(await granted(limiter, endpoint, 20)).toBe(8);
    });

    it('tells its observer of every request let go and of every penalty', async () => {
      const told = { waited: 0, penalized: 0 };
      const limiter = open({ observer: { waited: () => (told.waited += 1), penalized: () => (told.penalized += 1) } });
      const lane = laneOf({ limit: 3, windowMs: minute });
      await granted(limiter, lane, 5);
      await limiter.penalize(lane, 10);
      expect(told).toEqual({ waited: 3, penalized: 1 });
    });

    it('ends every wait when it is closed, and starts no new one', async () => {
      const limiter = open({ marginMs, backfillAheadMs: 300 });
      const lane = laneOf({ limit: 1, windowMs: 5_000 });
      await limiter.acquire(lane);
      const waits = (['live', 'backfill', 'backfill'] as const).map((priority) =>
        settled(limiter.acquire(lane, { priority, maxWaitMs: minute })),
      );
      await limiter.close();
      expect(await Promise.all(waits)).toEqual(['limiter_closed', 'limiter_closed', 'limiter_closed']);
      await expect(limiter.acquire(lane)).rejects.toBeInstanceOf(RetryLater);
    });
  });
}

let lanes = 0;

/** A lane that no other test uses. */
export function laneOf(...windows: RateWindow[]): Lane {
  lanes += 1;
  return { key: `vendor:account:budget ${lanes}`, windows };
}

/** How many of the callers may send at once. */
export async function granted(
  limiter: Limiter,
  lane: Lane | readonly Lane[],
  callers: number,
  priority: Priority = 'backfill',
): Promise<number> {
  const options: AcquireOptions = { maxWaitMs: 0, priority };
  const outcomes = await Promise.all(Array.from({ length: callers }, () => settled(limiter.acquire(lane, options))));
  const sent = outcomes.filter((outcome) => outcome === 'sent').length;
  expect(outcomes.filter((outcome) => outcome === 'lane_empty')).toHaveLength(callers - sent);
  return sent;
}

/** The largest number of times within one stretch of `windowMs`. */
export function mostInAnyWindow(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + windowMs).length));
}

/** `sent`, or the code (else the message) of what was thrown. */
export function settled(call: Promise<void>): Promise<string> {
  return call.then(
    () => 'sent',
    (error: unknown) => {
      if (error instanceof RetryLater || error instanceof WaitUntil) return error.code;
      return error instanceof Error ? error.message : String(error);
    },
  );
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export async function untilTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('waited 20 s for a condition');
    await wait(5);
  }
}

function minutesUntil(at: Date): number {
  return Math.round((at.getTime() - Date.now()) / minute);
}
