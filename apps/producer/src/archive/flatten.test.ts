import { describe, expect, it } from '@jest/globals';
import { flatten } from './flatten.js';

const cells = (data: Record<string, unknown>) => Object.fromEntries(flatten(data));

describe('a kept record as a row', () => {
  it('has a column for every part of a group, and lists as JSON', () => {
    expect(cells({ name: 'A', audiences: { included: ['L1'], excluded: [] }, archived: false, sent: null, count: 0 })).toEqual({
      name: 'A',
      'audiences.included': '["L1"]',
      'audiences.excluded': '[]',
      archived: false,
      count: 0,
    });
  });

  it('keeps what lies deep as JSON, so that the number of columns has an end', () => {
    expect(cells({ a: { b: { c: { d: { e: 1 } } } } })).toEqual({ 'a.b.c': '{"d":{"e":1}}' });
  });
});
