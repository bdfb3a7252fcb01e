import { describe, expect, it } from '@jest/globals';
import { historyInWords } from './history.js';
import { paceQuota, stockQuota } from './quotas.js';
import { spread } from './count-each.js';

const events = { unmapped: 'skip', history: 'prefix', liveWindowHours: 24, lookBackDays: 7, orders: false } as const;

describe('what becomes of old events', () => {
  it.each([
    ['prefix', /older than 24 hours \(about 98 % of them\) are sent as hist_<name>.*no automation/],
    ['same-name', /under the same name.*automations.*may start/],
    ['skip', /are not sent/],
  ] as const)('is said of %s', (history, words) => {
    expect(historyInWords({ ...events, history }, 0.98)).toMatch(words);
  });

  it('is said without a share where there are none', () => {
    expect(historyInWords(events, null)).toContain('Events older than 24 hours are sent');
  });
});

describe('quotas', () => {
  it('are broken by what goes beyond them, named when near, and else left out', () => {
    expect(stockQuota('lists', { limit: 300, existing: 280, added: 40 })).toEqual([
      {
        quota: 'lists',
        limit: 300,
        needed: 320,
        broken: true,
        message: expect.stringContaining('it has 280, and this run needs 40 more: the run would fail'),
      },
    ]);
    expect(stockQuota('lists', { limit: 300, existing: 280, added: 20 })).toMatchObject([{ broken: false }]);
    expect(stockQuota('lists', { limit: 300, existing: 3, added: 40 })).toEqual([]);
    expect(stockQuota('lists', { limit: 300, existing: 300, added: 0 })).toEqual([]);
  });

  it('of an hour say how many hours a run takes', () => {
    const lane = { lane: 'brevo:default:other', requests: 340, seconds: 10_800, limit: 100, windowMs: 3_600_000 };
    expect(paceQuota(lane)).toMatchObject([
      { broken: false, needed: 340, message: expect.stringMatching(/340 requests.*100 are allowed an hour: about 3 hours/) },
    ]);
    expect(paceQuota({ ...lane, requests: 100, seconds: 0 })).toEqual([]);
    expect(paceQuota({ ...lane, windowMs: 60_000 })).toEqual([]);
  });
});

describe('a choice among many', () => {
  it('is spread over all of them, without a pattern', () => {
    const chosen = spread(
      Array.from({ length: 300 }, (_, i) => i),
      30,
    );
    expect(new Set(chosen).size).toBe(30);
    for (let part = 0; part < 5; part += 1)
      expect(chosen.filter((i) => Math.floor(i / 60) === part).length).toBeGreaterThanOrEqual(4);
    for (const period of [2, 3, 5]) expect(chosen.filter((i) => i % period === 0).length).toBeLessThan(20);
    expect(spread([1, 2, 3], 8)).toEqual([1, 2, 3]);
  });
});
