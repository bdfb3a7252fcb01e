import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { type Books, strideOf } from './books.js';
import { type LimiterSettings, withDefaults } from './create-limiter.js';
import type { Lane } from './limiter.js';
import { memoryBooks } from './memory-limiter.js';
import { redisBooks } from './redis-limiter.js';

const marginMs = 30;
const rules: LimiterSettings = withDefaults({ marginMs });
const prefix = `test:${randomUUID()}`;
let redis: Redis;
let lanes = 0;

beforeAll(() => {
  redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
});

afterAll(async () => {
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
});

/** Slots of requests that all come at once, or with pauses of the clock between them. */
async function slotsOf(books: Books, lane: Lane, callers: readonly { live: boolean }[]): Promise<number[]> {
  const reservations = await Promise.all(callers.map(({ live }) => books.reserve({ lanes: [lane], live, aheadMs: 1e12 })));
  return reservations.map(({ slotUs }) => slotUs);
}

/** Whether any `limit` + 1 slots in a row lie closer together than the window and its margin. */
function tooClose(slots: readonly number[], limit: number, windowMs: number): number[] {
  return slots.filter((slot, index) => index >= limit && slot - (slots[index - limit] ?? 0) < (windowMs + marginMs) * 1_000);
}

function laneOf(...windows: Lane['windows'][number][]): Lane {
  lanes += 1;
  return { key: `vendor:account:budget ${lanes}`, windows };
}

function clockUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1_000);
}

const anyWindow = fc.record({ limit: fc.integer({ min: 1, max: 40 }), windowMs: fc.integer({ min: 1, max: 86_400_000 }) });

describe.each([
  ['memory', 150, () => memoryBooks(rules, clockUs)],
  ['Redis', 40, () => redisBooks({ redis, prefix, answerWithinMs: 60_000, rules })],
] as const)('the %s books', (_, numRuns, open) => {
  it('keep every window of a lane at once, live and backfill mixed', async () => {
    const callers = fc.array(fc.record({ live: fc.boolean() }), { minLength: 1, maxLength: 150, size: 'max' });
    await fc.assert(
      fc.asyncProperty(fc.array(anyWindow, { minLength: 1, maxLength: 3 }), callers, async (windows, asking) => {
        const lane = laneOf(...windows);
        const slots = await slotsOf(open(), lane, asking);
        expect(slots).toEqual([...slots].sort((a, b) => a - b));
        for (const { limit, windowMs } of windows) expect(tooClose(slots, limit, windowMs)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('give the first window its whole limit at once', async () => {
    const lane = laneOf({ limit: 150, windowMs: 60_000 }, { limit: 10, windowMs: 1_000 });
    const slots = await slotsOf(
      open(),
      lane,
      Array.from({ length: 400 }, () => ({ live: false })),
    );
    const first = slots[0] ?? 0;
    expect(slots.filter((slot) => slot < first + 60_000_000)).toHaveLength(150);
    expect(slots.filter((slot) => slot < first + 1_000_000)).toHaveLength(10);
  });

  it('keep a large window by every n-th slot: never above the limit, at most 0.1 % below', async () => {
    for (const limit of [4_001, 6_007]) {
      const windowMs = 3_600_000;
      const lane = laneOf({ limit, windowMs });
      expect(strideOf(limit, windowMs)).toBeGreaterThan(1);
      const slots = await slotsOf(
        open(),
        lane,
        Array.from({ length: limit * 2 + 50 }, () => ({ live: false })),
      );
      expect(tooClose(slots, limit, windowMs)).toEqual([]);
      const first = slots[0] ?? 0;
      expect(slots.filter((slot) => slot < first + windowMs * 1_000).length).toBeGreaterThanOrEqual(limit * 0.999 - 1);
    }
  });

  it('take a slot back that was not used, once', async () => {
    const books = open();
    const lane = laneOf({ limit: 3, windowMs: 60_000 });
    const slots = await slotsOf(
      books,
      lane,
      Array.from({ length: 3 }, () => ({ live: false })),
    );
    expect(new Set(slots).size).toBe(3);
    const again = { lanes: [lane], live: false, aheadMs: 0, insteadUs: slots[1] ?? 0 };
    expect((await books.reserve(again)).granted).toBe(true);
    expect((await books.reserve(again)).granted).toBe(false);
    expect((await books.usage(lane))[0]?.used).toBe(3);
  });

  it('keep every window when slots are given back again and again', async () => {
    const lane = laneOf({ limit: 3, windowMs: 1_000 }, { limit: 20, windowMs: 60_000 });
    const books = open();
    const used: number[] = [];
    for (let request = 0; request < 120; request += 1) {
      const { slotUs } = await books.reserve({ lanes: [lane], live: false, aheadMs: 1e12 });
      const late = request % 3 === 0;
      const again = late ? await books.reserve({ lanes: [lane], live: false, aheadMs: 1e12, insteadUs: slotUs }) : undefined;
      used.push(again?.slotUs ?? slotUs);
    }
    for (const { limit, windowMs } of lane.windows) expect(tooClose(used, limit, windowMs)).toEqual([]);
  });

  it('reserve nothing further ahead than asked', async () => {
    const books = open();
    const lane = laneOf({ limit: 1, windowMs: 60_000 });
    const [first, second, third] = [
      await books.reserve({ lanes: [lane], live: false, aheadMs: 0 }),
      await books.reserve({ lanes: [lane], live: false, aheadMs: 59_000 }),
      await books.reserve({ lanes: [lane], live: false, aheadMs: 61_000 }),
    ];
    expect([first.granted, second.granted, third.granted]).toEqual([true, false, true]);
    expect([second.slotUs - first.slotUs, third.slotUs - first.slotUs]).toEqual([60_030_000, 60_030_000]);
  });
});

describe('what the books cost', () => {
  it.each([
    ['36,000 an hour', { limit: 36_000, windowMs: 3_600_000 }, 25_000],
    ['3,500 a minute', { limit: 3_500, windowMs: 60_000 }, 50_000],
  ])('%s stay small when used to the full', async (name, window, mostBytes) => {
    const books = redisBooks({ redis, prefix: `${prefix}:${name}`, answerWithinMs: 60_000, rules });
    const lane = laneOf(window);
    for (let asked = 0; asked < window.limit + 1_000; asked += 1_000) {
      await Promise.all(Array.from({ length: 1_000 }, () => books.reserve({ lanes: [lane], live: false, aheadMs: 0 })));
    }
    expect((await books.usage(lane))[0]?.used).toBeGreaterThanOrEqual(window.limit * 0.998);
    const keys = await redis.keys(`${prefix}:${name}*`);
    const bytes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    expect(keys).toHaveLength(2);
    expect(bytes.reduce<number>((sum, size) => sum + (size ?? 0), 0)).toBeLessThan(mostBytes);
  });
});
