import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createMemoryLimiter, createRedisLimiter } from '@tajo/limiter';
import { Redis } from 'ioredis';
import { granted, laneOf, limiterSuite, mostInAnyWindow, settled, wait } from './limiter.js';

const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const prefix = `test:${randomUUID()}`;

limiterSuite('memory', (options) => createMemoryLimiter(options));

describe('with Redis', () => {
  let redis: Redis;
  let books = 0;
  beforeAll(() => {
    redis = new Redis(url);
  });
  afterAll(async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    await redis.quit();
  });

  limiterSuite('Redis', (options) => {
    books += 1;
    return createRedisLimiter({ redis, prefix: `${prefix}:${books}`, ...options });
  });

  it('draws no refusal from a strict vendor, with many processes on one lane that stall now and then', async () => {
    const lane = laneOf({ limit: 8, windowMs: 200 }, { limit: 40, windowMs: 2_000 });
    const vendor = lane.windows.map((window) => ({
      ...window,
      phaseMs: Math.random() * window.windowMs,
      counts: new Map<number, number>(),
    }));
    const sentAt: number[] = [];
    const processes = Array.from({ length: 6 }, () => {
      const connection = new Redis(url);
      return { connection, limiter: createRedisLimiter({ redis: connection, prefix: `${prefix}:shared`, marginMs: 60 }) };
    });
    const callers = processes.flatMap(({ limiter }) => Array.from({ length: 8 }, () => limiter));
    const began = performance.now();
    const stalls = setInterval(() => busyFor(150), 700);
    await Promise.all(
      callers.map(async (limiter) => {
        while (performance.now() - began < 5_000) {
          if ((await settled(limiter.acquire(lane, { maxWaitMs: 3_000 }))) !== 'sent') continue;
          const now = performance.now();
          sentAt.push(now);
          for (const { windowMs, phaseMs, counts } of vendor) {
            const window = Math.floor((now + phaseMs) / windowMs);
            counts.set(window, (counts.get(window) ?? 0) + 1);
          }
        }
      }),
    );
    clearInterval(stalls);
    await Promise.all(processes.map(({ limiter, connection }) => limiter.close().then(() => connection.quit())));
    const violations = vendor.flatMap(({ limit, counts }) => [...counts.values()].filter((count) => count > limit));
    expect(violations).toEqual([]);
    expect(mostInAnyWindow(sentAt, 2_000)).toBeLessThanOrEqual(40);
    // More than one window's worth, so that two windows met; how full they were is for the bench to say.
    expect(sentAt.length).toBeGreaterThan(40);
  });

  it('holds every process back when one of them was penalised', async () => {
    const lane = laneOf({ limit: 1, windowMs: 300 });
    const other = new Redis(url);
    const [one, two] = [redis, other].map((connection) =>
      createRedisLimiter({ redis: connection, prefix: `${prefix}:penalty`, marginMs: 60 }),
    );
    if (!one || !two) throw new Error('two limiters');
    await one.acquire(lane);
    const holder = settled(two.acquire(lane, { priority: 'live' }));
    await wait(50);
    await one.penalize(lane, 60_000);
    expect(await holder).toBe('lane_empty');
    await Promise.all([one.close(), two.close()]);
    await other.quit();
  });

  it('goes on after Redis has forgotten the scripts', async () => {
    const limiter = createRedisLimiter({ redis, prefix: `${prefix}:flushed`, marginMs: 2_000 });
    const lane = laneOf({ limit: 2, windowMs: 60_000 });
    expect(await granted(limiter, lane, 1)).toBe(1);
    await redis.script('FLUSH');
    expect(await granted(limiter, lane, 5)).toBe(1);
    await limiter.close();
  });

  it('leaves nothing in Redis once the longest window has passed', async () => {
    const limiter = createRedisLimiter({ redis, prefix: `${prefix}:expiry`, marginMs: 0, liveForMs: 100 });
    await limiter.acquire(laneOf({ limit: 2, windowMs: 200 }), { priority: 'live' });
    expect((await redis.keys(`${prefix}:expiry*`)).length).toBe(2);
    for (let tries = 0; tries < 100 && (await redis.keys(`${prefix}:expiry*`)).length > 0; tries += 1) await wait(50);
    expect(await redis.keys(`${prefix}:expiry*`)).toEqual([]);
    await limiter.close();
  });

  it('puts all keys of an account into one slot of a Redis Cluster', async () => {
    const limiter = createRedisLimiter({ redis, prefix: `${prefix}:cluster` });
    await limiter.acquire([
      { key: 'klaviyo:a:GET /api/profiles', windows: [{ limit: 1, windowMs: 1_000 }] },
      { key: 'klaviyo:a:additional-fields[profile]=predictive_analytics', windows: [{ limit: 36_000, windowMs: 3_600_000 }] },
    ]);
    for (const key of await redis.keys(`${prefix}:cluster*`)) expect(key).toContain('{klaviyo:a}');
    await limiter.close();
  });

  it.each([
    ['refuses', { maxRetriesPerRequest: 0, enableOfflineQueue: true }],
    ['hangs', { maxRetriesPerRequest: null }],
  ])('says that it is to be tried again when the connection %s', async (_, settings) => {
    const gone = new Redis({ port: 1, host: '127.0.0.1', retryStrategy: () => 50, disconnectTimeout: 10, ...settings });
    gone.on('error', () => {});
    const limiter = createRedisLimiter({ redis: gone, answerWithinMs: 200 });
    expect(await settled(limiter.acquire(laneOf({ limit: 1, windowMs: 1_000 })))).toBe('limiter_unreachable');
    await limiter.close();
    gone.disconnect();
  });
});

/** What a large JSON text or a garbage collection does to a process: everything it does then happens late. */
function busyFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
