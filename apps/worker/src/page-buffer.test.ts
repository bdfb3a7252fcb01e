import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { partsOf } from './page-buffer.js';

describe('rows cut into batches', () => {
  const rows = fc
    .array(fc.integer({ min: 1, max: 120 }), { maxLength: 60 })
    .map((sizes) => sizes.map((bytes, i) => ({ sourceId: `P${i}`, row: i, group: {}, bytes, tally: [], fields: [] })));
  const limits = [fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 })] as const;

  it('are all there, once and in order', () => {
    fc.assert(
      fc.property(rows, ...limits, (all, maxRows, maxBytes) => expect([...partsOf(all, maxRows, maxBytes)].flat()).toEqual(all)),
    );
  });

  it('keep both limits, except for a single row that is too large by itself', () => {
    fc.assert(
      fc.property(rows, ...limits, (all, maxRows, maxBytes) => {
        for (const part of partsOf(all, maxRows, maxBytes)) {
          expect(part.length).toBeGreaterThan(0);
          expect(part.length).toBeLessThanOrEqual(maxRows);
          if (part.length > 1) expect(sizeOf(part)).toBeLessThanOrEqual(maxBytes);
        }
      }),
    );
  });

  it('are as few as the order allows: no batch could take the next row', () => {
    fc.assert(
      fc.property(rows, ...limits, (all, maxRows, maxBytes) => {
        const parts = [...partsOf(all, maxRows, maxBytes)];
        for (const [i, next] of parts.slice(1).entries()) {
          const part = parts[i] ?? [];
          expect(part.length === maxRows || sizeOf(part) + (next[0]?.bytes ?? 0) > maxBytes).toBe(true);
        }
      }),
    );
  });
});

function sizeOf(part: readonly { bytes: number }[]): number {
  return part.reduce((sum, { bytes }) => sum + bytes, 0);
}
