import { describe, expect, it } from '@jest/globals';
import { eventName, type EventRules, historyName } from './event-name.js';

const rules = (part: Partial<EventRules> = {}): EventRules => ({
  eventMapping: { 'Placed Order': 'order_completed' },
  unmapped: 'forward',
  history: 'prefix',
  liveFrom: '2026-01-01T00:00:00.000Z',
  ...part,
});
const named = (name: string, part: Partial<EventRules> = {}) => eventName({ id: 'METR01', name }, rules(part));

describe('the name of an event', () => {
  it('is the mapped one for exactly that metric name', () => {
    expect(named('Placed Order', { unmapped: 'skip' })).toBe('order_completed');
    for (const other of ['placed order', 'Placed Order ', 'Placed  Order', 'constructor', ''])
      expect(named(other, { unmapped: 'skip' })).toBeUndefined();
  });

  it.each([
    ['Viewed Product', 'viewed_product'],
    ['  Viewed – Product!  ', 'viewed_product'],
    ['Größe gewählt', 'grosse_gewahlt'],
    ['Çà & là', 'ca_la'],
    ['注文', 'metric_metr01'],
    ['__proto__', 'proto'],
  ])('of a metric nobody mapped is made of its own: %s', (metric, name) => {
    expect(named(metric)).toBe(name);
  });

  it('of a metric nobody mapped is never one that somebody gave to another', () => {
    expect(named('Order Completed')).toBe('klaviyo_order_completed');
  });

  it('stays within 255 characters, with the prefix too, and in the alphabet', () => {
    for (const metric of ['x'.repeat(400), 'Ä '.repeat(300)]) {
      const name = historyName(named(metric) ?? '');
      expect(name).toMatch(/^hist_[a-z0-9_]{1,250}$/);
    }
    expect(historyName('x'.repeat(255))).toHaveLength(255);
  });
});
