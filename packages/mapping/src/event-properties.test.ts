import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { eventProperties } from './event-properties.js';

const own = { klaviyo_event_id: 'e1' };
const carried = (given: unknown) => eventProperties(given, own);
const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const ALPHABET = /^[A-Za-z0-9_-]{1,255}$/;

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

const group = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, at) => [`k${at}`, 'v'.repeat(90)]));

describe('the properties of an event', () => {
  it('keep names Brevo takes and lose what it does not', () => {
    expect(carried({ SKU: 'S-1', $value: 9.5, 'Discount Code': 'A', größe: 1, '': 2 }).properties).toEqual({
      ...own,
      SKU: 'S-1',
      value: 9.5,
      Discount_Code: 'A',
      grosse: 1,
      property: 2,
    });
  });

  it('that would share a name are numbered, whatever the order they come in', () => {
    const given = { 'a b': 1, 'a.b': 2, a_b: 3, 'a/b': 4 };
    const turned = Object.fromEntries(Object.entries(given).toReversed());
    expect(carried(given).properties).toEqual({ ...own, a_b: 3, a_b_2: 1, a_b_3: 2, a_b_4: 4 });
    expect(carried(turned).properties).toEqual(carried(given).properties);
  });

  it('never replace our own', () => {
    expect(carried({ klaviyo_event_id: 'x', $klaviyo_event_id: 'y' }).properties).toEqual({
      klaviyo_event_id: 'e1',
      klaviyo_event_id_2: 'x',
      klaviyo_event_id_3: 'y',
    });
  });

  it('lose nulls at every depth, since Brevo refuses them', () => {
    expect(carried({ a: null, b: [1, null, { c: null, d: 0 }], e: { f: undefined } }).properties).toEqual({
      ...own,
      b: [1, { d: 0 }],
      e: {},
    });
  });

  it('too large for Brevo lose the end of long texts first, then the largest properties, and say so', () => {
    const texts = carried({ note: 'x'.repeat(60_000), sku: 'S-1' });
    expect(texts.properties).toEqual({ ...own, note: 'x'.repeat(1_000), sku: 'S-1' });
    expect(texts.notes).toEqual([
      { field: 'note', reason: 'cut to 1000 characters: the event is larger than the 50 KB that Brevo takes' },
    ]);

    const many = carried({ small: 1, large: group(300), larger: group(400), medium: group(100) });
    expect(Object.keys(many.properties)).toEqual(['klaviyo_event_id', 'small', 'large', 'medium']);
    expect(many.notes).toEqual([{ field: 'larger', reason: 'left out: the event is larger than the 50 KB that Brevo takes' }]);
  });

  it('that are just at the limit are not cut', () => {
    const room = 50_000 - bytes({ ...own, note: '' });
    expect(bytes(carried({ note: 'x'.repeat(room - 2) }).properties)).toBeGreaterThan(49_990);
    expect(carried({ note: 'x'.repeat(room - 2) }).notes).toEqual([]);
    expect(carried({ note: 'x'.repeat(room + 1) }).notes).toHaveLength(1);
  });

  it('of whatever kind fit what Brevo takes, and give the same again', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 12, withNullPrototype: true, key: fc.string({ unit: 'binary' }) }), (given) => {
        const json: unknown = JSON.parse(JSON.stringify(given));
        const { properties, notes } = carried(json);
        expect(bytes(properties)).toBeLessThanOrEqual(50_000);
        expect(keysOf(properties).filter((key) => !ALPHABET.test(key))).toEqual([]);
        expect(JSON.stringify(properties)).not.toMatch(/[:,[]null/);
        expect(properties['klaviyo_event_id']).toBe('e1');
        expect(notes.length).toBeLessThanOrEqual(5);
        expect(carried(json)).toEqual({ properties, notes });
      }),
      { seed: 20260115, numRuns: 300 },
    );
  });
});
