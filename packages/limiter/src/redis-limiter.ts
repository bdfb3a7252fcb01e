import { createHash } from 'node:crypto';
import { RetryLater } from '@tajo/errors';
import type { Cluster, Redis } from 'ioredis';
import { answerAgeMs, type BookRules, type Books, bookWindows, limitHeldMs, tellingOf } from './books.js';
import { createLimiter, type LimiterOptions, withDefaults } from './create-limiter.js';
import { logKey, stateKey } from './keys.js';
import type { Limiter } from './limiter.js';
import { blockScript } from './lua/block.js';
import { observeScript } from './lua/observe.js';
import { reserveScript } from './lua/reserve.js';
import { usageScript } from './lua/usage.js';

export interface RedisLimiterOptions extends LimiterOptions {
  /** Stays open on `close()`. */
  readonly redis: Redis | Cluster;
  /** What every key begins with. Default `tajo:lane`. */
  readonly prefix?: string;
  /** Longest wait for one answer of Redis, in milliseconds. Default 5,000. */
  readonly answerWithinMs?: number;
}

/**
 * Lanes shared by every process that uses the same Redis: a reservation on a sliding log of time slots. One script call names
 * the slot at which a request may be sent and the caller sleeps exactly that long, so nobody asks twice and the vendor's budget
 * is used to the full whatever the phase of its windows. The clock is that of Redis. Should Redis lose its data, at most one
 * window's worth of requests is sent too many, which the vendor's 429 then stops.
 */
export function createRedisLimiter({
  redis,
  prefix = 'tajo:lane',
  answerWithinMs = 5_000,
  ...options
}: RedisLimiterOptions): Limiter {
  const settings = withDefaults(options);
  return createLimiter(redisBooks({ redis, prefix, answerWithinMs, rules: settings }), settings);
}

export function redisBooks(options: {
  readonly redis: Redis | Cluster;
  readonly prefix: string;
  readonly answerWithinMs: number;
  readonly rules: BookRules;
}): Books {
  const { redis, prefix, answerWithinMs, rules } = options;
  const trusts = rules.trustHigherLimit ? '1' : '0';
  const reserve = script(reserveScript);
  const block = script(blockScript);
  const observe = script(observeScript);
  const usage = script(usageScript);

  return {
    async reserve({ lanes, aheadMs, live, insteadUs }) {
      const keys: string[] = [];
      const args = [aheadMs, live ? '1' : '0', rules.liveShare, rules.liveForMs, trusts, insteadUs ?? '', lanes.length];
      for (const lane of lanes) {
        const windows = bookWindows(lane, rules);
        const strides = stridesOf(windows);
        keys.push(stateKey(prefix, lane), ...strides.map((stride) => logKey(prefix, lane, stride)));
        args.push(strides.length, windows.length, ...strides);
        for (const { limit, windowMs, paddedMs, stride } of windows)
          args.push(limit, windowMs, paddedMs, strides.indexOf(stride) + 1);
      }
      const [granted, nowUs, slotUs] = numbers(await run(reserve, keys, args), 3);
      return { granted: granted === 1, nowUs, slotUs };
    },

    async blockedUntil(lanes) {
      const ends = await reached(Promise.all(lanes.map((lane) => redis.hget(stateKey(prefix, lane), 'blocked'))));
      return Math.max(...ends.map(Number));
    },

    async block(lane, forMs) {
      await run(block, [stateKey(prefix, lane)], [Math.ceil(forMs)]);
    },

    async observe(lane, observation) {
      const telling = tellingOf(lane, observation, rules);
      if (!telling) return;
      const { window, limit, short } = telling;
      const keys = [stateKey(prefix, lane), logKey(prefix, lane, window.stride)];
      const budget = short ? [short.remaining, short.room, Math.ceil(short.resetMs)] : ['', '', ''];
      await run(observe, keys, [
        window.windowMs,
        window.stride,
        limit ?? '',
        limitHeldMs(window.windowMs),
        ...budget,
        answerAgeMs,
      ]);
    },

    async usage(lane) {
      const windows = bookWindows(lane, rules);
      const strides = stridesOf(windows);
      const keys = [stateKey(prefix, lane), ...strides.map((stride) => logKey(prefix, lane, stride))];
      const args = windows.flatMap(({ limit, windowMs, stride }) => [limit, windowMs, strides.indexOf(stride) + 1, stride]);
      const answer = numbers(await run(usage, keys, [trusts, ...args]), windows.length * 2);
      return windows.map(({ windowMs }, at) => ({ windowMs, limit: answer[at * 2] ?? 0, used: answer[at * 2 + 1] ?? 0 }));
    },
  };

  function run({ sha, text }: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return reached(
      redis.evalsha(sha, keys.length, ...keys, ...args).catch((error: unknown) => {
        // A restarted or promoted Redis does not know the script yet; eval teaches it.
        if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
          return redis.eval(text, keys.length, ...keys, ...args);
        throw error;
      }),
    );
  }

  /** A connection with an endless offline queue would otherwise hold the caller for as long as Redis is gone. */
  async function reached<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${answerWithinMs} ms`)), answerWithinMs);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (cause) {
      throw new RetryLater('limiter_unreachable', 'Redis did not answer for a rate-limit lane; it is tried again.', { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Script {
  readonly sha: string;
  readonly text: string;
}

function script(text: string): Script {
  return { sha: createHash('sha1').update(text).digest('hex'), text };
}

function stridesOf(windows: readonly { readonly stride: number }[]): readonly number[] {
  return [...new Set(windows.map(({ stride }) => stride))];
}

function numbers(answer: unknown, count: 3): [number, number, number];
function numbers(answer: unknown, count: number): number[];
function numbers(answer: unknown, count: number): number[] {
  if (Array.isArray(answer) && answer.length === count && answer.every(Number.isFinite)) return answer.map(Number);
  throw new RetryLater(
    'limiter_unreachable',
    'Redis answered a rate-limit script with something else than numbers; it is tried again.',
  );
}
