import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { TajoClient } from '@tajo/sdk';
import { collected } from '../support/brevo-sandbox.js';
import { API_KEY, startProducer, type TestProducer } from '../support/producer.js';
import { finished } from '../support/ledger.js';
import { tajo } from '../support/run-to-end.js';
import { startStack } from '../support/stack.js';
import { closeAll, json, vendorServer } from '../support/vendor.js';

let sandbox: Sandbox;
let producer: TestProducer;
let client: TajoClient;
beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 100, events: 3_000, limits: 'off' }, brevo: { limits: 'off' } });
  producer = await startProducer({
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_PRIVATE_KEY: sandbox.keys.klaviyoPrivateKey,
    BREVO_API_KEY: sandbox.keys.brevoApiKey,
  });
  client = new TajoClient({ apiKey: API_KEY, baseUrl: producer.url });
});
afterAll(async () => {
  await producer.close();
  await sandbox.stop();
});
afterEach(closeAll);

const cli = (args: readonly string[], url = producer.url) => tajo(args, { TAJO_URL: url, TAJO_API_KEY: API_KEY });

describe('events.track', () => {
  it('creates the event in Klaviyo and forwards it to Brevo, once however often it has to be sent', async () => {
    await sandbox.brevo.add({ email: 'jane@example.com' });
    const event = {
      event: 'Placed Order',
      profile: { email: 'jane@example.com' },
      properties: { OrderId: '1042', Items: ['SKU-1', 'SKU-2'] },
      value: 129.9,
      value_currency: 'EUR',
    };
    // The first answer gets lost between the vendors and the caller: the client sends it again by itself.
    await sandbox.klaviyo.fault({ kind: 'reset-after' });
    const answer = await client.events.track(event);
    expect(answer).toMatchObject({ klaviyo: { outcome: 'accepted' }, brevo: { outcome: 'recorded', event: 'order_completed' } });
    await client.events.track({ ...event, unique_id: answer.uniqueId });
    const tracked = (await collected(sandbox.klaviyo.records('events'))).filter(
      ({ attributes }) => Object(attributes['event_properties']).OrderId === '1042',
    );
    expect([tracked.length, (await collected(sandbox.brevo.events())).length]).toEqual([1, 1]);
    // Without an id of its own, the next one is another event.
    await client.events.track(event);
    expect(await collected(sandbox.brevo.events())).toHaveLength(2);
  });
});

describe('a sync of events that came through the API', () => {
  it('completes what Brevo lacked and doubles nothing', async () => {
    const stack = await startStack({
      sandbox: { klaviyo: { profiles: 20, limits: 'off' }, brevo: { limits: 'off' } },
      env: { TAJO_EVENT_SETTLE_SECONDS: '1' },
    });
    try {
      const { sandbox: box, client: api } = stack;
      await finished(stack, await api.syncs.start({ resources: ['profiles'], mode: 'full' }));
      // As Klaviyo spells them: Brevo's small letters would be somebody new there.
      const written = new Set((await collected(box.brevo.contacts())).map(({ attributes }) => String(attributes['EXT_ID'])));
      const known = (await collected(box.klaviyo.profiles())).filter(({ id }) => written.has(id));
      const [jane, john, jim] = known.flatMap(({ attributes }) => attributes.email ?? []);
      const track = async (email: string | undefined, id: string) => {
        const event = { event: 'Placed Order', profile: { email: email ?? '' }, properties: { OrderId: id }, unique_id: id };
        return (await api.events.track(event)).brevo.outcome;
      };
      const outcomes = [await track(jane, 'recorded')];
      await box.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/events' });
      outcomes.push(await track(john, 'answer lost'));
      await box.brevo.fault({ kind: 'reset-before', method: 'POST', path: '/events' });
      outcomes.push(await track(john, 'event lost'));
      await box.brevo.fault({ kind: 'status', status: 503, path: '/contacts/*' });
      outcomes.push(await track(jim, 'Brevo away'));
      outcomes.push(await track('new@tracked.example', 'no contact yet'));
      expect(outcomes).toEqual(['recorded', 'pending', 'pending', 'pending', 'contact_unknown']);

      const run = await finished(stack, await api.syncs.start({ resources: ['profiles', 'events'], mode: 'full' }));
      expect({ state: run.state, balanced: run.balanced, counts: run.totals['events'] }).toMatchObject({
        state: 'completed',
        balanced: true,
        counts: { read: 5, unchanged: 1, written: 4 },
      });
      const events = await collected(box.brevo.events());
      const orders = events.map(({ event_properties }): string => String(Object(event_properties).OrderId));
      expect(orders.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        'Brevo away',
        'answer lost',
        'event lost',
        'no contact yet',
        'recorded',
      ]);
      const again = await finished(stack, await api.syncs.start({ resources: ['events'], mode: 'full' }));
      expect(again.totals['events']).toMatchObject({ read: 5, unchanged: 5, written: 0 });
      expect(await track(jim, 'Brevo away')).toBe('recorded');
      expect(await collected(box.brevo.events())).toHaveLength(5);
    } finally {
      await stack.stop();
    }
  }, 120_000);
});

describe('tajo metrics query', () => {
  const range = ['--interval', 'month', '--from', '2024-01-01', '--to', '2024-04-01'];

  it('answers the example', async () => {
    const klaviyo = await vendorServer(({ url }, response) => {
      if (url.pathname === '/api/metrics') {
        const attributes = { name: 'Placed Order', integration: { name: 'Shopify' } };
        return json(response, 200, { data: [{ type: 'metric', id: 'WxYz12', attributes }], links: { next: null } });
      }
      const dates = ['2026-01-01T00:00:00+00:00', '2026-01-02T00:00:00+00:00'];
      const data = [{ dimensions: [], measurements: { count: [12, 8], sum_value: [1_499.5, 820] } }];
      json(response, 200, { data: { type: 'metric-aggregate', id: '1', attributes: { dates, data } } });
    });
    const own = await startProducer({
      KLAVIYO_BASE_URL: klaviyo.baseUrl,
      KLAVIYO_PRIVATE_KEY: 'pk_example_1',
      BREVO_API_KEY: 'xkeysib-example-1',
    });
    try {
      const asked = ['--metric', 'Placed Order', '--measure', 'count,sum_value', '--interval', 'day'];
      const example = ['metrics', 'query', ...asked, '--from', '2026-01-01', '--to', '2026-01-03'];
      const { code, out } = await cli(example, own.url);
      expect([code, out.split('\n')]).toEqual([
        0,
        [
          'Placed Order (Shopify, WxYz12)',
          '2026-01-01T00:00:00 to 2026-01-03T00:00:00, UTC',
          '',
          'date        count  sum_value',
          '────────────────────────────',
          '2026-01-01     12   1,499.50',
          '2026-01-02      8        820',
          'sum            20   2,319.50',
          '',
        ],
      ]);
      expect(klaviyo.received.map(({ body }) => (body ? JSON.parse(body) : null))).toEqual([
        null,
        {
          data: {
            type: 'metric-aggregate',
            attributes: {
              metric_id: 'WxYz12',
              measurements: ['count', 'sum_value'],
              interval: 'day',
              filter: ['greater-or-equal(datetime,2026-01-01T00:00:00)', 'less-than(datetime,2026-01-03T00:00:00)'],
              timezone: 'UTC',
            },
          },
        },
      ]);
    } finally {
      await own.close();
    }
  });

  it('names the metrics that share a name, and answers for the one named by its id', async () => {
    const ambiguous = await cli(['metrics', 'query', '--metric', 'Placed Order', ...range]);
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.err).toContain('METR01 (Placed Order, Shopify), METR11 (Placed Order, API)');
    expect((await cli(['metrics', 'query', '--metric', 'METR01', ...range])).out).toContain('Placed Order (Shopify, METR01)');
  });

  it('exports the same numbers as JSON, CSV and NDJSON', async () => {
    const asked = [
      'metrics',
      'query',
      '--metric',
      'METR05',
      ...range,
      '--by',
      'Email Domain',
      '--measure',
      'count,unique',
      '--format',
    ];
    const whole: unknown = JSON.parse((await cli([...asked, 'json'])).out);
    const { dates, rows } = Object(whole);
    const lines = (await cli([...asked, 'csv'])).out.split('\r\n');
    expect(lines[0]).toBe('date,Email Domain,count,unique');
    expect(lines).toHaveLength(dates.length * rows.length + 2);
    const records = (await cli([...asked, 'ndjson'])).out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(records).toHaveLength(dates.length * rows.length);
    expect(records[0]).toEqual({
      date: dates[0],
      'Email Domain': rows[0].dimensions[0],
      count: rows[0].measurements.count[0],
      unique: rows[0].measurements.unique[0],
    });
  });

  it('refuses what cannot be answered, with what would be right', async () => {
    const long = await cli(['metrics', 'query', '--metric', 'METR01', '--from', '2024-01-01', '--to', '2025-06-01']);
    expect([long.code, long.err]).toEqual([2, expect.stringContaining('at most a year')]);
    const odd = await cli(['metrics', 'query', '--metric', 'METR01', ...range, '--measure', 'sum']);
    expect([odd.code, odd.err]).toEqual([2, expect.stringContaining('count, sum_value, unique')]);
    const odder = await cli(['metrics', 'query', '--metric', 'METR01', ...range, '--format', 'xml']);
    expect(odder.code).toBe(2);
  });
});
