import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore, type Store } from '@tajo/store';
import * as fc from 'fast-check';
import type { Work } from './work.js';
import { nextPoll } from './poll-pace.js';

const HOUR_MS = 3_600_000;

describe('looking at open imports', () => {
  let store: Store;
  beforeAll(() => {
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/pace_${randomUUID().slice(0, 8)}`;
    store = createStore(url.href);
  });
  afterAll(() => store.close());

  /** An account whose workers look as soon as they may, and a clock for them. */
  async function account(limitsEnabled = true) {
    const id = randomUUID();
    await store.accounts.ensure(id, 'token');
    const clock = { now: Date.parse('2026-01-15T10:00:00Z') };
    // The pace asks for no more than these.
    const work = {
      store,
      now: () => new Date(clock.now),
      config: { account: { pace: { settlePollSeconds: 60 }, limits: { enabled: limitsEnabled } } },
    } as unknown as Work;
    const looks: number[] = [];
    return {
      clock,
      looks,
      /** Woken (by a callback or by the queue): answers when to come back. */
      wakeUp: async (moved: boolean): Promise<number> => {
        const pace = await nextPoll(work, id);
        if (pace.at > work.now()) return pace.at.getTime();
        await pace.polled(work.now());
        looks.push(clock.now);
        if (moved) pace.moved();
        return (await nextPoll(work, id)).at.getTime();
      },
    };
  }

  it('happens at most 80 times in any hour, whenever and however often it is woken, and whatever moves', async () => {
    const steps = fc.array(fc.record({ pauseMs: fc.constantFrom(0, 0, 0, 500, 5_000, 90_000, 1_200_000), moved: fc.boolean() }), {
      minLength: 100,
      maxLength: 220,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { clock, looks, wakeUp } = await account();
        for (const { pauseMs, moved } of all) {
          const at = await wakeUp(moved);
          clock.now = pauseMs === 500 ? clock.now + 500 : Math.max(clock.now, at) + pauseMs;
        }
        expect(mostInAnHour(looks)).toBeLessThanOrEqual(80);
      }),
      { numRuns: 6 },
    );
  }, 60_000);

  it('never stops for long, and uses the hour up, when every look brings something', async () => {
    const { clock, looks, wakeUp } = await account();
    const end = clock.now + 3 * HOUR_MS;
    while (clock.now < end) clock.now = await wakeUp(true);
    expect(mostInAnHour(looks)).toBeLessThanOrEqual(80);
    expect(looks.length).toBeGreaterThan(130);
    const gaps = looks.slice(1).map((at, i) => at - (looks[i] ?? 0));
    expect(gaps[0]).toBe(1_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(90_000);
  });

  it('grows apart while nothing happens, up to the configured pause', async () => {
    const { clock, looks, wakeUp } = await account();
    for (let i = 0; i < 20; i += 1) clock.now = await wakeUp(false);
    const gaps = looks.slice(1).map((at, i) => at - (looks[i] ?? 0));
    for (const [i, gap] of gaps.slice(1).entries()) expect(gap).toBeGreaterThanOrEqual(gaps[i] ?? 0);
    expect(gaps.at(-1)).toBe(60_000);
  });

  it('needs no thrift where there are no limits', async () => {
    const { clock, looks, wakeUp } = await account(false);
    for (let i = 0; i < 100; i += 1) clock.now = await wakeUp(true);
    expect((looks.at(-1) ?? 0) - (looks[0] ?? 0)).toBeLessThanOrEqual(100_000);
  });
});

const mostInAnHour = (looks: readonly number[]) =>
  Math.max(...looks.map((start) => looks.filter((at) => at >= start && at < start + HOUR_MS).length));
