import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let sandbox: Sandbox;
let producer: TestProducer;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 100, events: 3_000, limits: 'off' } });
  producer = await startProducer({
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_PRIVATE_KEY: sandbox.keys.klaviyoPrivateKey,
    BREVO_API_KEY: sandbox.keys.brevoApiKey,
  });
});
afterAll(async () => {
  await producer.close();
  await sandbox.stop();
});
beforeEach(() => sandbox.klaviyo.resetStats());

const query = (body: object) => producer.call('POST', '/v1/klaviyo/metrics/query', { body });
const asked = async (endpoint: string) => (await sandbox.klaviyo.stats())[endpoint]?.requests ?? 0;
const aggregates = 'POST /api/metric-aggregates';

const january = { metric: 'Ordered Product', measurements: ['count', 'sum_value'], from: '2024-01-01', to: '2024-02-01' };

describe('a query of a metric', () => {
  it('counts its events by day', async () => {
    const { status, json } = await query(january);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      metric: { id: 'METR02', name: 'Ordered Product', integration: 'Shopify' },
      interval: 'day',
      from: '2024-01-01T00:00:00',
      to: '2024-02-01T00:00:00',
      cachedAt: null,
    });
    let events = 0;
    for await (const { attributes, relationships } of sandbox.klaviyo.records('events')) {
      const at = new Date(Number(attributes['timestamp']) * 1_000).toISOString();
      if (Object(relationships?.['metric']).id === 'METR02' && at.startsWith('2024-01-')) events += 1;
    }
    expect(json['dates']).toHaveLength(31);
    const { count, sum_value: sums } = Object(json['rows'])[0].measurements;
    expect(count.reduce((sum: number, n: number) => sum + n, 0)).toBe(events);
    expect(events).toBeGreaterThan(0);
    expect(sums).toHaveLength(31);
  });

  it('asks Klaviyo once while the answer is known, in whatever order the measurements are named', async () => {
    await query({ ...january, interval: 'week' });
    await sandbox.klaviyo.resetStats();
    const { json } = await query({
      ...january,
      interval: 'week',
      measurements: ['sum_value', 'count'],
      from: '2024-01-01T00:00:00Z',
    });
    expect(json['cachedAt']).toMatch(/^\d{4}-/);
    expect(await asked(aggregates)).toBe(0);
    expect(await asked('GET /api/metrics')).toBe(0);
    const fresh = await query({ ...january, interval: 'week', fresh: true });
    expect(fresh.json['cachedAt']).toBeNull();
    expect(await asked(aggregates)).toBe(1);
  });

  it('breaks down by properties, and takes an id', async () => {
    const { json } = await query({
      metric: 'METR05',
      from: '2024-01-01',
      to: '2024-12-31',
      interval: 'month',
      by: ['Email Domain'],
    });
    expect(json).toMatchObject({ metric: { name: 'Received Email' }, by: ['Email Domain'] });
    expect(Object(json['rows'])[0].dimensions).toHaveLength(1);
  });

  it('of a name that several metrics have names them', async () => {
    const { status, json } = await query({ ...january, metric: 'Placed Order' });
    expect([status, json['code'], json['field']]).toEqual([422, 'metric_ambiguous', 'metric']);
    expect(json['detail']).toBe(
      'Several metrics have this name: METR01 (Placed Order, Shopify), METR11 (Placed Order, API). Ask for one by its id.',
    );
    expect(await asked(aggregates)).toBe(0);
  });

  it('of a name that none has says which there are', async () => {
    const { status, json } = await query({ ...january, metric: 'Viewed Things' });
    expect([status, json['code']]).toEqual([404, 'metric_unknown']);
    expect(json['detail']).toContain('Viewed Product');
    expect((await query({ ...january, metric: 'ordered product' })).status).toBe(200);
  });

  it('of more than a year, or of what is no measurement, is refused before Klaviyo is asked', async () => {
    const long = await query({ ...january, to: '2025-01-02' });
    expect([long.status, long.json['code'], long.json['field']]).toEqual([422, 'range_too_long', 'to']);
    const odd = await query({ ...january, measurements: ['sum'], by: ['Colour'] });
    expect(odd.json['detail']).toContain('known are: count, sum_value, unique');
    expect(await sandbox.klaviyo.stats()).toEqual({});
  });
});
