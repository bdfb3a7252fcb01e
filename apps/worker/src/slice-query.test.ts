import { describe, expect, it } from '@jest/globals';
import { type AnyResource, profiles } from '@tajo/mapping';
import * as fc from 'fast-check';
import { sliceQuery, timeFieldOf } from './slice-query.js';

// Read by its declaration only.
const resource = profiles as unknown as AnyResource;
const exact = { ...resource, read: { ...resource.read, slice: { field: 'datetime', strict: false } } };
const from = new Date('2026-01-01T00:00:00Z');
const to = new Date('2026-01-02T00:00:00Z');
const slice = { from, to, field: null, queryTo: null, cursor: null, ids: null, parent: null, pass: null };

describe('the query of a slice', () => {
  it('steps a second back where only greater-than exists, and excludes the upper bound', () => {
    const query = sliceQuery(resource, slice);
    expect(query.params).toMatchObject({
      sort: 'created',
      'page[size]': 100,
      'additional-fields[profile]': 'subscriptions',
      filter: 'and(greater-than(created,2025-12-31T23:59:59Z),less-than(created,2026-01-02T00:00:00Z))',
    });
    expect(query.to).toEqual(to);
  });

  it('includes the lower bound where the field knows greater-or-equal', () => {
    expect(sliceQuery(exact, slice).params).toMatchObject({
      sort: 'datetime',
      filter: 'and(greater-or-equal(datetime,2026-01-01T00:00:00Z),less-than(datetime,2026-01-02T00:00:00Z))',
    });
  });

  it('leaves no second between two slices that meet, to the second Klaviyo knows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_399 }), (second) => {
        const middle = new Date(from.getTime() + second * 1_000);
        const [below, above] = [
          { ...slice, to: middle },
          { ...slice, from: middle },
        ].map((part) => boundsOf(String(sliceQuery(resource, part).params['filter'])));
        const isRead = (at: number) => [below, above].some((bounds) => bounds && at > bounds.after && at < bounds.before);
        for (const at of [-1_000, 0, 1_000].map((ms) => middle.getTime() + ms))
          if (at >= from.getTime() && at < to.getTime()) expect(isRead(at)).toBe(true);
      }),
    );
  });

  it('asks for changes by the field that moves with them, and for suppressions by their own time without an upper bound', () => {
    expect(sliceQuery(resource, { ...slice, field: 'updated' }).params).toMatchObject({
      sort: 'updated',
      filter: 'and(greater-than(updated,2025-12-31T23:59:59Z),less-than(updated,2026-01-02T00:00:00Z))',
    });
    const suppressed = { ...slice, to: null, pass: 'suppressed' };
    expect(sliceQuery(resource, suppressed).params).toMatchObject({
      sort: 'subscriptions.email.marketing.suppression.timestamp',
      'additional-fields[profile]': 'subscriptions',
      filter: 'greater-or-equal(subscriptions.email.marketing.suppression.timestamp,2026-01-01T00:00:00Z)',
    });
    expect(timeFieldOf(resource, suppressed)).toBeUndefined();
    expect(timeFieldOf(resource, slice)).toBe('created');
  });

  it('keeps its old upper bound while there is a cursor, however small the slice has become', () => {
    const shrunk = { ...slice, to: new Date('2026-01-01T06:00:00Z'), queryTo: to, cursor: 'abc' };
    const first = sliceQuery(resource, slice);
    const next = sliceQuery(resource, shrunk);
    expect(next.params).toEqual(first.params);
    expect(next.to).toEqual(to);
    // Without its cursor (the vendor forgot it) the slice asks for no more than it still is.
    const anew = sliceQuery(resource, { ...shrunk, cursor: null });
    expect(anew.to).toEqual(shrunk.to);
    expect(anew.params['filter']).toContain('less-than(created,2026-01-01T06:00:00Z)');
    expect(sliceQuery(resource, { ...slice, cursor: 'abc' }).to).toEqual(to);
  });

  it('asks for ids, or for everything, where the slice is no range', () => {
    const byIds = sliceQuery(resource, { ...slice, from: null, to: null, ids: ['A"1', 'B2'] });
    expect(byIds.params).toMatchObject({ filter: 'any(id,["A\\"1","B2"])', 'page[size]': 100 });
    expect(byIds.params).not.toHaveProperty('sort');
    const whole = sliceQuery(resource, { ...slice, from: null, to: null });
    expect(whole).toEqual({ params: { 'page[size]': 100, 'additional-fields[profile]': 'subscriptions' }, to: null });
  });
});

function boundsOf(filter: string): { after: number; before: number } {
  const [after = '', before = ''] = [...filter.matchAll(/created,([^)]+)\)/g)].map(([, time = '']) => time);
  return { after: Date.parse(after), before: Date.parse(before) };
}
