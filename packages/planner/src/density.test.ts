import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cut, estimate, nextLooks, pointsIn, type Probe, type Stretch, weighted } from './density.js';

const PAGE = 100;
const DAY = 86_400_000;

/** A page of an account whose records were made at these times. */
function probeOf(times: readonly number[], from: number, to: number): Probe<number> {
  const all = times.filter((time) => time >= from && time < to);
  return { records: all.slice(0, PAGE).map((at) => ({ at, item: at })), isAll: all.length <= PAGE };
}

/** How an account is looked into: evenly first, then where the most is thought to be. */
function lookInto(times: readonly number[], to: number, rounds: number): Stretch<number>[] {
  const from = times[0] ?? to;
  const cutAt = (stretch: Stretch<number>, points: readonly number[]) =>
    cut(
      stretch,
      points,
      points.map((at, i) => probeOf(times, at, points[i + 1] ?? stretch.to)),
    );
  const whole: Stretch<number> = { from, to, probe: probeOf(times, from, to) };
  let stretches = whole.probe.isAll ? [whole] : cutAt(whole, pointsIn(whole, 4));
  for (let round = 0; round < rounds; round += 1) {
    const looks = new Map(nextLooks(stretches, 4, PAGE).map(({ stretch, points }) => [stretch, points]));
    stretches = stretches.flatMap((stretch) => cutAt(stretch, looks.get(stretch) ?? []));
  }
  return stretches;
}

const evenly = (count: number, from: number, to: number) =>
  Array.from({ length: count }, (_, i) => Math.floor(from + ((to - from) * i) / count));

describe('the estimate of records in a time', () => {
  it('is exact where a page holds everything', () => {
    const times = evenly(60, 0, 900 * DAY);
    const probe = probeOf(times, 0, 1_000 * DAY);
    expect(estimate([{ from: 0, to: 1_000 * DAY, probe }])).toEqual({ records: 60, isExact: true });
  });

  it.each([500, 20_000, 300_000])('is near %d records that came evenly', (count) => {
    const { records, isExact } = estimate(lookInto(evenly(count, 0, 1_000 * DAY), 1_000 * DAY, 1));
    expect(isExact).toBe(false);
    expect(Math.abs(records - count) / count).toBeLessThan(0.05);
  });

  it('does not take an import at the beginning for the pace of all the years after it', () => {
    // 20,000 within half an hour, then one a day.
    const times = [...evenly(20_000, 0, 1_800_000), ...evenly(900, 2_000_000, 900 * DAY)];
    const { records } = estimate(lookInto(times, 900 * DAY, 5));
    expect(records).toBeGreaterThan(15_000);
    expect(records).toBeLessThan(35_000);
  });

  it('finds an import after a silence', () => {
    const times = [0, ...evenly(9_000, 500 * DAY, 500 * DAY + 3_600_000), ...evenly(500, 501 * DAY, 1_000 * DAY)];
    const { records } = estimate(lookInto(times, 1_000 * DAY, 5));
    expect(records).toBeGreaterThan(6_000);
    expect(records).toBeLessThan(16_000);
  });

  it('never is less than what was read, whatever the times, and its weights sum up to it', () => {
    const accounts = fc.array(fc.nat(1_000 * DAY - 1), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(accounts, (unsorted) => {
        const times = unsorted.toSorted((a, b) => a - b);
        const stretches = lookInto(times, 1_000 * DAY, 3);
        const { records, isExact } = estimate(stretches);
        const items = weighted(stretches);
        expect(items.length).toBeLessThanOrEqual(times.length);
        expect(records).toBeGreaterThanOrEqual(items.length);
        if (isExact) expect(records).toBe(times.length);
        const weight = items.reduce((sum, item) => sum + item.weight, 0);
        expect(Math.abs(weight - records)).toBeLessThan(1);
      }),
    );
  });

  it('asks for no more looks than it may, and each in the time that is not read yet', () => {
    const times = [...evenly(5_000, 0, DAY), ...evenly(5_000, DAY, 700 * DAY)];
    const stretches = lookInto(times, 700 * DAY, 2);
    const looks = nextLooks(stretches, 6, PAGE);
    expect(looks.flatMap(({ points }) => points).length).toBeLessThanOrEqual(6);
    for (const { stretch, points } of looks) {
      const read = stretch.probe.records.at(-1)?.at ?? 0;
      expect(points).toEqual(points.toSorted((a, b) => a - b).filter((at) => at > read && at < stretch.to));
    }
  });

  it('looks no further where little is left unread', () => {
    const times = evenly(150, 0, 1_000 * DAY);
    expect(nextLooks([{ from: 0, to: 1_000 * DAY, probe: probeOf(times, 0, 1_000 * DAY) }], 4, PAGE)).toEqual([]);
  });
});
