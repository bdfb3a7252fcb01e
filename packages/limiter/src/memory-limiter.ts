import { answerAgeMs, type BookRules, type Books, bookWindows, limitHeldMs, tellingOf } from './books.js';
import { createLimiter, type LimiterOptions, withDefaults } from './create-limiter.js';
import type { Lane, Limiter } from './limiter.js';

/** The same lanes within one process, for unit tests only: two processes would each use the whole budget. */
export function createMemoryLimiter(options: LimiterOptions = {}): Limiter {
  const settings = withDefaults(options);
  return createLimiter(
    memoryBooks(settings, () => Math.floor((performance.timeOrigin + performance.now()) * 1000)),
    settings,
  );
}

interface LaneBook {
  last: number;
  blocked: number;
  live: number;
  /** By stride: slots since the last one written, and the written ones, newest first. */
  readonly rests: Map<number, number>;
  readonly logs: Map<number, readonly number[]>;
  /** By window: the vendor's word. */
  readonly limits: Map<number, { readonly limit: number; readonly until: number }>;
}

/** Follows `lua/reserve.ts` line by line; the reasons stand there. */
export function memoryBooks(rules: BookRules, clockUs: () => number): Books {
  const books = new Map<string, LaneBook>();

  return {
    async reserve({ lanes, aheadMs, live, insteadUs }) {
      const nowUs = clockUs();
      if (insteadUs !== undefined) for (const lane of lanes) giveBack(lane, insteadUs);
      const slotUs = Math.max(nowUs, ...lanes.map((lane) => earliest(lane, live, nowUs)));
      if (live) for (const lane of lanes) bookOf(lane).live = nowUs / 1000;
      if (Math.floor((slotUs - nowUs) / 1000) > aheadMs) return { granted: false, nowUs, slotUs };
      for (const lane of lanes) write(lane, slotUs, nowUs);
      return { granted: true, nowUs, slotUs };
    },

    async blockedUntil(lanes) {
      return Math.max(...lanes.map((lane) => bookOf(lane).blocked));
    },

    async block(lane, forMs) {
      const book = bookOf(lane);
      book.blocked = Math.max(book.blocked, clockUs() / 1000 + forMs);
    },

    async observe(lane, observation) {
      const telling = tellingOf(lane, observation, rules);
      if (!telling) return;
      const { window, limit, short } = telling;
      const book = bookOf(lane);
      const now = clockUs() / 1000;
      if (limit !== undefined) book.limits.set(window.windowMs, { limit, until: now + limitHeldMs(window.windowMs) });
      if (!short) return;
      const used =
        newerThan(book, window.stride, (now - window.windowMs - answerAgeMs) * 1000) + (book.rests.get(window.stride) ?? 0);
      if (short.remaining < short.room - used) book.blocked = Math.max(book.blocked, now + short.resetMs);
    },

    async usage(lane) {
      const book = bookOf(lane);
      const now = clockUs() / 1000;
      return bookWindows(lane, rules).map(({ limit, windowMs, stride }) => {
        const future = newerThan(book, stride, now * 1000);
        const rest = future === 0 ? (book.rests.get(stride) ?? 0) : 0;
        return {
          windowMs,
          limit: inForce(book, { limit, windowMs }, now),
          used: newerThan(book, stride, (now - windowMs) * 1000) - future + rest,
        };
      });
    },
  };

  function bookOf({ key }: Lane): LaneBook {
    const known = books.get(key);
    if (known) return known;
    const fresh = { last: 0, blocked: 0, live: 0, rests: new Map(), logs: new Map(), limits: new Map() };
    books.set(key, fresh);
    return fresh;
  }

  function giveBack(lane: Lane, slotUs: number): void {
    const { logs } = bookOf(lane);
    const log = logs.get(1);
    if (log)
      logs.set(
        1,
        log.filter((slot) => slot !== slotUs),
      );
  }

  function earliest(lane: Lane, live: boolean, nowUs: number): number {
    const now = nowUs / 1000;
    const book = bookOf(lane);
    const yields = !live && book.live > 0 && now - book.live < rules.liveForMs;
    let slot = Math.max(book.last + 1, Math.ceil(book.blocked * 1000));
    for (const { limit, windowMs, paddedMs, stride } of bookWindows(lane, rules)) {
      const whole = inForce(book, { limit, windowMs }, now);
      const most = yields ? Math.max(1, Math.floor(whole * (1 - rules.liveShare))) : whole;
      const back = Math.floor((most - 1 - (book.rests.get(stride) ?? 0)) / stride);
      const nth = back >= 0 ? (book.logs.get(stride)?.[back] ?? 0) : book.last;
      if (nth > 0) slot = Math.max(slot, nth + paddedMs * 1000);
    }
    return slot;
  }

  function write(lane: Lane, slot: number, nowUs: number): void {
    const book = bookOf(lane);
    book.last = slot;
    const windows = bookWindows(lane, rules);
    for (const stride of new Set(windows.map((window) => window.stride))) {
      const rest = ((book.rests.get(stride) ?? 0) + 1) % stride;
      book.rests.set(stride, rest);
      if (rest !== 0) continue;
      const longestMs = Math.max(...windows.filter((window) => window.stride === stride).map(({ paddedMs }) => paddedMs));
      const kept = (book.logs.get(stride) ?? []).filter((one) => one >= nowUs - longestMs * 1000);
      book.logs.set(stride, [slot, ...kept]);
    }
  }

  function inForce(book: LaneBook, { limit, windowMs }: { limit: number; windowMs: number }, now: number): number {
    const seen = book.limits.get(windowMs);
    if (!seen || seen.until <= now) return limit;
    return rules.trustHigherLimit ? seen.limit : Math.min(limit, seen.limit);
  }
}

function newerThan(book: LaneBook, stride: number, at: number): number {
  return (book.logs.get(stride) ?? []).filter((slot) => slot > at).length * stride;
}
