import { describe, expect, it } from '@jest/globals';
import { etaSeconds, type EtaSlice } from './eta.js';

const hour = 3_600_000;
const at = (hours: number) => new Date(hours * hour);
const slice = (from: number, to: number, more: Partial<EtaSlice> & { read?: number } = {}): EtaSlice => {
  const { read = 0, ...rest } = more;
  return { state: 'reading', from: at(from), to: at(to), position: null, counts: { read }, ...rest };
};

describe('the estimate of what is left', () => {
  it('takes what is left of a slice at its own density', () => {
    expect(etaSeconds([slice(0, 10, { position: at(5), read: 1_000 })], 100)).toBe(10);
  });

  it('takes slices that are not begun at the density of the others', () => {
    const slices = [slice(0, 10, { state: 'done', read: 1_000 }), slice(10, 20, { state: 'waiting' })];
    expect(etaSeconds(slices, 100)).toBe(10);
  });

  it('does not let a dense slice make the rest look dense', () => {
    const dense = slice(0, 10, { position: at(5), read: 10_000 });
    const sparse = slice(10, 20, { position: at(15), read: 10 });
    expect(etaSeconds([dense, sparse], 10)).toBe(1_001);
  });

  it('is nothing once everything is read', () => {
    expect(etaSeconds([slice(0, 10, { state: 'settling', read: 1_000 })], 100)).toBe(0);
  });

  it('is unknown before anything is read, while nothing moves, and without time ranges', () => {
    expect(etaSeconds([slice(0, 10)], 100)).toBeNull();
    expect(etaSeconds([slice(0, 10, { position: at(5), read: 10 })], 0)).toBeNull();
    expect(etaSeconds([slice(0, 10, { position: at(5), read: 10 })], null)).toBeNull();
    expect(etaSeconds([slice(0, 10, { from: null, to: null, read: 10 })], 100)).toBeNull();
    expect(etaSeconds([], 100)).toBeNull();
  });
});
