import { describe, expect, it } from '@jest/globals';
import { Problem } from '../problem.js';
import { freshForMs, rangeOf } from './range.js';

const range = (from: string, to: string, timezone = 'UTC') => rangeOf({ from, to, timezone });

function refusal(from: string, to: string, timezone = 'UTC'): unknown {
  try {
    return range(from, to, timezone);
  } catch (error) {
    if (error instanceof Problem) return [error.status, error.code, error.extras['field']];
    throw error;
  }
}

describe('a range', () => {
  it.each([
    ['2026-01-01', '2026-02-01', 'UTC', '2026-01-01T00:00:00', '2026-02-01T00:00:00', '2026-02-01T00:00:00.000Z'],
    ['2026-01-01', '2026-02-01', 'Europe/Berlin', '2026-01-01T00:00:00', '2026-02-01T00:00:00', '2026-01-31T23:00:00.000Z'],
    [
      '2026-01-01T06:00:00Z',
      '2026-07-01T06:00:00Z',
      'America/New_York',
      '2026-01-01T01:00:00',
      '2026-07-01T02:00:00',
      '2026-07-01T06:00:00.000Z',
    ],
    [
      '2026-03-29T00:00',
      '2026-03-29T12:00+02:00',
      'Europe/Berlin',
      '2026-03-29T00:00:00',
      '2026-03-29T12:00:00',
      '2026-03-29T10:00:00.000Z',
    ],
    [
      '2026-03-29T01:30',
      '2026-03-29T03:30',
      'Europe/Berlin',
      '2026-03-29T01:30:00',
      '2026-03-29T03:30:00',
      '2026-03-29T01:30:00.000Z',
    ],
    ['2024-02-29', '2025-02-28', 'UTC', '2024-02-29T00:00:00', '2025-02-28T00:00:00', '2025-02-28T00:00:00.000Z'],
  ])('from %s to %s in %s is what Klaviyo takes', (from, to, timezone, start, end, instant) => {
    expect(range(from, to, timezone)).toEqual({ local: { from: start, to: end }, end: new Date(instant) });
  });

  it.each([
    ['2026-01-01', '2026-01-01', 'UTC', 'range_invalid', 'to'],
    ['2026-01-02', '2026-01-01', 'UTC', 'range_invalid', 'to'],
    ['2025-01-01', '2026-01-02', 'UTC', 'range_too_long', 'to'],
    ['2025-01-01', '2026-01-01T00:00:01', 'UTC', 'range_too_long', 'to'],
    ['2026-02-30', '2026-03-01', 'UTC', 'invalid_request', 'from'],
    ['2026-01-01', '2026-13-01', 'UTC', 'invalid_request', 'to'],
    ['2026-01-01T25:00', '2026-02-01', 'UTC', 'invalid_request', 'from'],
    ['2026-01-01', '2026-02-01', 'Mars/Olympus', 'timezone_unknown', 'timezone'],
  ])('from %s to %s in %s is none: %s', (from, to, timezone, code, field) => {
    expect(refusal(from, to, timezone)).toEqual([422, code, field]);
  });

  it('of a whole leap year is a year', () => {
    expect(refusal('2024-01-01', '2025-01-01')).toHaveProperty('local');
  });
});

describe('an answer', () => {
  it('is kept as long as its numbers stand still', () => {
    const now = new Date('2026-01-31T12:00:00Z');
    const minutes = (end: string) => freshForMs(new Date(end), now) / 60_000;
    expect(minutes('2026-02-01T00:00:00Z')).toBe(5);
    expect(minutes('2026-01-31T00:00:00Z')).toBe(60);
    expect(minutes('2026-01-01T00:00:00Z')).toBe(30 * 24 * 60);
  });
});
