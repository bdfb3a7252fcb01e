import { describe, expect, it } from '@jest/globals';
import { cheapestWay, inParts } from './cheapest-way.js';

describe('the cheapest way onto a list', () => {
  it.each([1, 150, 151, 450])('is adding for %i contacts: at most three requests', (count) => {
    expect(cheapestWay(count)).toBe('add');
  });

  it.each([451, 5_000])('is an import for %i contacts', (count) => {
    expect(cheapestWay(count)).toBe('import');
  });

  it('adds in parts of 150 at most, everybody once', () => {
    const everybody = Array.from({ length: 301 }, (_, at) => at);
    const parts = [...inParts(everybody)];
    expect(parts.map(({ length }) => length)).toEqual([150, 150, 1]);
    expect(parts.flat()).toEqual(everybody);
  });
});
