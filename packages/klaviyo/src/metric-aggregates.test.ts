import { afterEach, describe, expect, it } from '@jest/globals';
import { RetryLater } from '@tajo/errors';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { createKlaviyoClient, type MetricAggregateQuery } from './index.js';

afterEach(closeAll);

const query: MetricAggregateQuery = {
  metricId: 'METR01',
  measurements: ['count', 'sum_value'],
  interval: 'month',
  from: '2024-01-01T00:00:00',
  to: '2024-04-01T00:00:00',
};

describe('a metric', () => {
  it('is counted as its events are', async () => {
    const { client, sandbox } = await klaviyoSandbox({ events: 3_000, profiles: 100 });
    const counts = [0, 0, 0];
    for await (const { attributes, relationships } of sandbox.klaviyo.records('events')) {
      const metric = Object(relationships?.['metric']).id;
      const time = new Date(Number(attributes['timestamp']) * 1_000);
      if (metric === 'METR01' && time.getUTCFullYear() === 2024 && time.getUTCMonth() < 3)
        counts[time.getUTCMonth()] = (counts[time.getUTCMonth()] ?? 0) + 1;
    }
    const { dates, rows } = await client.aggregateMetric(query);
    expect(dates.map((date) => date.slice(0, 7))).toEqual(['2024-01', '2024-02', '2024-03']);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.dimensions).toEqual([]);
    expect(rows[0]?.measurements['count']).toEqual(counts);
    expect(counts.every((count) => count > 0)).toBe(true);
  });

  it('is broken down by a property, in a time zone', async () => {
    const { client } = await klaviyoSandbox({ events: 3_000, profiles: 100 });
    const { dates, rows } = await client.aggregateMetric({
      ...query,
      metricId: 'METR05',
      by: ['Email Domain'],
      timezone: 'America/New_York',
    });
    expect(dates[0]).toBe('2024-01-01T00:00:00-05:00');
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ dimensions }) => dimensions.length === 1)).toBe(true);
  });
});

/** A client of a Klaviyo that answers these bodies one after the other. */
async function answering(...bodies: unknown[]) {
  const { baseUrl, received } = await vendorServer((_, response) => json(response, 200, bodies.shift() ?? { data: [] }));
  const auth = { kind: 'private', key: 'pk_x' } as const;
  const client = closing(createKlaviyoClient({ account: 'default', baseUrl, auth, limiter: countingLimiter().limiter }));
  return { client, received };
}

const page = (dimension: string, next: string | null, dates = ['2024-01-01T00:00:00+00:00']) => ({
  data: { attributes: { dates, data: [{ dimensions: [dimension], measurements: { count: [1] } }] } },
  links: { next },
});
const link = (cursor: string) => `https://a.klaviyo.com/api/metric-aggregates?page_cursor=${cursor}`;

describe('pages of a metric', () => {
  it('are followed to the last, by the cursor in the body', async () => {
    const { client, received } = await answering(page('a', link('two')), page('b', link('three')), page('c', null));
    const { rows } = await client.aggregateMetric({ ...query, by: ['URL'] });
    expect(rows.map(({ dimensions }) => dimensions[0])).toEqual(['a', 'b', 'c']);
    const cursors = received.map(({ body }): unknown => JSON.parse(body).data.attributes.page_cursor);
    expect(cursors).toEqual([undefined, 'two', 'three']);
  });

  it.each([
    ['are about other dates', page('b', null, ['2025-01-01T00:00:00+00:00'])],
    ['lead back to themselves', page('b', link('two'))],
    ['lead to nowhere', page('b', 'https://a.klaviyo.com/api/metric-aggregates?x=1')],
    ['have no numbers', { data: { attributes: { dates: [], data: [{ dimensions: [], measurements: { count: 'many' } }] } } }],
  ])('that %s are an error, never a wrong number', async (_, second) => {
    const { client } = await answering(page('a', link('two')), second);
    const error = await rejection(client.aggregateMetric({ ...query, by: ['URL'] }));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'klaviyo_unexpected' });
  });
});
