import { describe, expect, it } from '@jest/globals';
import type { Lane } from '@tajo/limiter';
import { byLane, plannedLane, runSeconds, secondsFor, slowest } from './lane-time.js';

const profiles: Lane = {
  key: 'klaviyo:a:profiles',
  windows: [
    { limit: 75, windowMs: 1_000 },
    { limit: 700, windowMs: 60_000 },
  ],
};
const other: Lane = { key: 'brevo:a:other', windows: [{ limit: 100, windowMs: 3_600_000 }] };
const reports: Lane = {
  key: 'klaviyo:a:reports',
  windows: [
    { limit: 1, windowMs: 1_000 },
    { limit: 2, windowMs: 60_000 },
    { limit: 225, windowMs: 86_400_000 },
  ],
};

describe('the time of a lane', () => {
  it.each([
    [other, 0, 0],
    [other, 1, 0],
    [other, 100, 0],
    [other, 101, 3_600],
    [other, 1_001, 36_000],
    [profiles, 76, 1],
    [profiles, 700, 9],
    [profiles, 701, 60],
    [profiles, 70_000, 99 * 60],
    [reports, 3, 60],
    [reports, 226, 86_400],
  ] as const)('%#: lets so many requests through as its tightest window does', (lane, requests, seconds) => {
    expect(secondsFor(requests, lane)).toBe(seconds);
  });

  it('grows when only a part of the limit may be used, and no share stops it', () => {
    expect(secondsFor(101, other, 0.5)).toBe(7_200);
    expect(secondsFor(3, other, 0.000_1)).toBe(7_200);
  });

  it('is about what a lane is asked for by all of the run', () => {
    const needs = byLane([
      { lanes: [other], requests: 60 },
      { lanes: [other, profiles], requests: 60 },
      { lanes: [reports], requests: 0 },
    ]);
    expect(needs.map(({ lane, requests }) => [lane.key, requests])).toEqual([
      ['brevo:a:other', 120],
      ['klaviyo:a:profiles', 60],
    ]);
    expect(slowest(needs)).toEqual({ key: 'brevo:a:other', seconds: 3_600 });
    expect(plannedLane({ lane: other, requests: 120 }, 0.5)).toEqual({
      lane: 'brevo:a:other',
      requests: 120,
      seconds: 7_200,
      limit: 50,
      windowMs: 3_600_000,
    });
  });

  it('binds nobody who needs few requests', () => {
    expect(slowest([{ lane: other, requests: 100 }])).toEqual({ key: null, seconds: 0 });
  });
});

const resource = (name: string, seconds: number, ...after: string[]) => ({ name, seconds, after });

describe('the time of a run', () => {
  it('adds up what waits for each other and nothing else', () => {
    const resources = [resource('profiles', 60), resource('events', 100, 'profiles'), resource('flows', 120)];
    expect(runSeconds(resources, [])).toBe(160);
    expect(runSeconds([resource('events', 100, 'profiles')], [])).toBe(100);
    expect(runSeconds([], [])).toBe(0);
  });

  it('is at least that of a lane that several share', () => {
    const resources = [resource('products', 0), resource('coupons', 0)];
    expect(runSeconds(resources, [{ lane: other, requests: 101 }])).toBe(3_600);
  });

  it('ends even if resources waited for each other', () => {
    expect(runSeconds([resource('a', 1, 'b'), resource('b', 1, 'a')], [])).toBeLessThanOrEqual(3);
  });
});
