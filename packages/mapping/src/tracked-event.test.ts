import { describe, expect, it } from '@jest/globals';
import type { EventRules } from './event-name.js';
import { ledgerIdOf } from './event-row.js';
import { parseItem } from './parse-item.js';
import { events } from './resources/events.js';
import { mapTracked, TRACKED_AS, trackedAs } from './tracked-event.js';

const id = 'tajo-0123456789abcdef0123456789abcdef';
const rules: EventRules = {
  eventMapping: { 'Placed Order': 'order_completed' },
  unmapped: 'skip',
  history: 'prefix',
  liveFrom: '2026-01-14T12:00:00.000Z',
};
const properties = { OrderId: '1', Größe: 'M', $value: 49.5, nothing: null, [TRACKED_AS]: id };

/** The event as a sync meets it at Klaviyo later. */
function synced(metric: string, datetime: string, event_properties: object) {
  const item = {
    type: 'event',
    id: '3aBcDeF',
    attributes: { datetime, event_properties },
    relationships: { metric: { data: { type: 'metric', id: 'METR01' } }, profile: { data: { type: 'profile', id: '01H' } } },
    included: { metric: { type: 'metric', id: 'METR01', attributes: { name: metric } } },
  };
  return events.map(parseItem(events, item), rules);
}

describe('an event that comes through the API', () => {
  it.each([
    ['Placed Order', '2026-01-15T10:00:00.000Z'],
    ['Placed Order', '2024-01-15T10:00:00.000Z'],
  ])('becomes what a sync makes of it later: %s of %s', (metric, date) => {
    const tracked = mapTracked({ id, metric, date, properties }, rules);
    const later = synced(metric, date, properties);
    if (tracked.kind === 'skip' || later.kind === 'skip') throw new Error('skipped');
    const { klaviyo_metric_id: _, ...laterProperties } = later.row.properties;
    expect({ ...tracked.row, properties: tracked.row.properties }).toEqual({
      name: later.row.name,
      date: later.row.date,
      properties: laterProperties,
      notes: later.row.notes,
    });
    expect(laterProperties).toMatchObject({ klaviyo_event_id: id, Grosse: 'M', value: 49.5 });
    expect([later.row.sourceId, ledgerIdOf(later.row)]).toEqual(['3aBcDeF', id]);
  });

  it('is left out for the same reasons', () => {
    const unmapped = { id, metric: 'Looked', date: '2026-01-15T10:00:00.000Z', properties };
    expect(mapTracked(unmapped, rules)).toEqual(synced('Looked', unmapped.date, properties));
    const old = { ...unmapped, metric: 'Placed Order', date: '2024-01-15T10:00:00.000Z' };
    expect(mapTracked(old, { ...rules, history: 'skip' })).toMatchObject({ kind: 'skip', reason: 'older than the live window' });
  });

  it.each([undefined, null, 'text', {}, { [TRACKED_AS]: 7 }, { [TRACKED_AS]: 'somebody' }, { [TRACKED_AS]: `${id} ` }])(
    'is not known by a property that only looks so: %j',
    (given) => {
      expect(trackedAs(given)).toBeUndefined();
    },
  );
});
