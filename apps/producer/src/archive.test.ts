import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BREVO_CAMPAIGNS, BREVO_RESULTS } from '@tajo/mapping';
import { API_KEY, startProducer, type TestProducer } from '../../../test/support/producer.js';

const OF_BREVO = { sent: 10, delivered: 9, uniqueViews: 4, viewed: 6, hardBounces: 1, softBounces: 2, complaints: 0 };

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer({ KLAVIYO_PRIVATE_KEY: 'pk_configured_1', BREVO_API_KEY: 'xkeysib-configured-1' });
  await keep('metrics', {
    METR01: { name: 'Placed Order', integration: { name: 'Shopify' } },
    METR02: { name: '=1+1', integration: null },
  });
  await keep('campaigns', {
    C1: { name: 'Spring', status: 'Sent', channel: 'email', sent: '2024-01-01T00:00:00Z', messages: ['M1', 'M2'] },
    C10: { name: 'Summer', status: 'Draft', channel: 'sms', sent: null, messages: [] },
  });
  await keep('campaign-values', {
    'C1:M1:email': { campaign: 'C1', message: 'M1', timeframe: 'last_12_months', statistics: { opens: 3, odd: 'x' } },
    'C1:M2:email': { campaign: 'C1', message: 'M2', timeframe: 'last_12_months', statistics: { opens: 4 } },
    'C10:M3:sms': { campaign: 'C10', message: 'M3', timeframe: 'last_12_months', statistics: {} },
  });
  await keep(BREVO_RESULTS, { M1: { id: 7, status: 'sent', statistics: { uniqueViews: 2 } } });
  await keep(BREVO_CAMPAIGNS, {
    7: { id: 7, name: 'Theirs', status: 'sent', channel: 'email', sent: '2026-01-02T00:00:00Z', statistics: OF_BREVO },
    8: { id: 8, name: 'Later', status: 'queued', channel: 'email', sent: null, statistics: {} },
  });
  await keep(
    'flows',
    Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`F${String(n).padStart(3, '0')}`, { name: 'x'.repeat(20_000) }])),
  );
  await keep('templates', { T1: { name: 'Theirs' } }, 'other');
});
afterAll(() => producer.close());

async function keep(resource: string, records: Record<string, Record<string, unknown>>, account = 'default'): Promise<void> {
  const entries = Object.entries(records).map(([sourceId, data]) => ({ sourceId, data }));
  await producer.store.archive.put({ account, resource, run: 'run_1' }, entries, new Date('2026-01-15T10:00:00Z'));
}

const get = (path: string) => producer.call('GET', path);

describe('the archive', () => {
  it('lists what is kept, how much of it, and why it goes no further', async () => {
    const { json } = await get('/v1/archive');
    const { resources } = json;
    expect(resources).toContainEqual({
      resource: 'metrics',
      title: 'Metrics',
      records: 2,
      why: 'Brevo has no list of event names: one comes into being with its first event.',
    });
    // Those of the other account are not ours.
    expect(resources).toContainEqual({ resource: 'templates', title: 'Templates', records: 0, why: null });
    expect(JSON.stringify(resources)).not.toContain('"profiles"');
  });

  it('comes page by page', async () => {
    const first = (await get('/v1/archive/metrics?limit=1')).json;
    expect(first).toEqual({
      records: [
        {
          resource: 'metrics',
          id: 'METR01',
          run: 'run_1',
          at: '2026-01-15T10:00:00.000Z',
          data: { name: 'Placed Order', integration: { name: 'Shopify' } },
        },
      ],
      next: 'METR01',
    });
    const second = (await get('/v1/archive/metrics?limit=1&after=METR01')).json;
    expect(second['records']).toMatchObject([{ id: 'METR02' }]);
    expect((await get('/v1/archive/metrics?limit=1&after=METR02')).json).toEqual({ records: [], next: null });
  });

  it('shows one record, and says when there is none', async () => {
    expect((await get('/v1/archive/metrics/METR01')).json).toMatchObject({ id: 'METR01' });
    expect((await get('/v1/archive/metrics/NONE')).status).toBe(404);
    expect((await get('/v1/archive/templates/T1')).status).toBe(404);
    expect((await get('/v1/archive/templates/T1?account=other')).status).toBe(200);
  });

  it.each(['profiles', 'nothing', '__proto__'])('keeps nothing under the name %s', async (name) => {
    expect((await get(`/v1/archive/${name}`)).status).toBe(400);
    expect((await get(`/v1/archive/${name}/export`)).status).toBe(400);
  });

  it.each(['limit=0', 'limit=201', 'colour=red'])('refuses the query %s', async (query) => {
    const { status, json } = await get(`/v1/archive/metrics?${query}`);
    expect([status, json['field']]).toEqual([400, query.split('=')[0]]);
  });

  it('needs the key', async () => {
    for (const path of [
      '/v1/archive',
      '/v1/archive/metrics',
      '/v1/archive/metrics/export',
      '/v1/archive/campaign-results',
      '/v1/archive/campaign-results/export',
    ])
      expect((await producer.call('GET', path, { key: null })).status).toBe(401);
  });
});

describe('an export', () => {
  it('is one record a line as NDJSON', async () => {
    const { text, headers } = await get('/v1/archive/metrics/export');
    expect(headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    expect(headers.get('content-disposition')).toBe('attachment; filename="metrics.ndjson"');
    const records = text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(records).toMatchObject([{ id: 'METR01', data: { name: 'Placed Order' } }, { id: 'METR02' }]);
  });

  it('is a table as CSV, in which no cell is a formula', async () => {
    const { text, headers } = await get('/v1/archive/metrics/export?format=csv');
    expect(headers.get('content-type')).toMatch(/^text\/csv/);
    // fetch takes the byte order mark for what it is; the next test sees it.
    expect(text.replace('\uFEFF', '').split('\r\n')).toEqual([
      'id,run,at,name,integration.name',
      'METR01,run_1,2026-01-15T10:00:00.000Z,Placed Order,Shopify',
      "METR02,run_1,2026-01-15T10:00:00.000Z,'=1+1,",
      '',
    ]);
  });

  it('begins with a byte order mark, for Excel', async () => {
    const answer = await fetch(`${producer.url}/v1/archive/metrics/export?format=csv`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    expect([...new Uint8Array(await answer.arrayBuffer()).slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  });

  it('of more than one page has every record once, and of nothing is empty', async () => {
    const { text } = await get('/v1/archive/flows/export');
    const ids = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id); // Our own lines.
    expect(ids).toEqual(Array.from({ length: 120 }, (_, n) => `F${String(n).padStart(3, '0')}`));
    expect((await get('/v1/archive/flow-actions/export')).text).toBe('');
    expect((await get('/v1/archive/flow-actions/export?format=csv')).text.replace('\uFEFF', '')).toBe('id,run,at\r\n');
  });

  it('to a reader that goes away leaves the others be', async () => {
    await new Promise<void>((resolve, reject) => {
      const asked = request(
        `${producer.url}/v1/archive/flows/export`,
        { headers: { authorization: `Bearer ${API_KEY}` } },
        (answer) => {
          answer.once('data', () => {
            asked.destroy();
            resolve();
          });
          answer.on('error', () => undefined);
        },
      );
      asked.once('error', reject).end();
    });
    expect((await get('/v1/archive/metrics/METR01')).status).toBe(200);
    expect(producer.logged()).not.toContain('request failed');
  });
});

describe('campaign results', () => {
  it('have both sides in one line, and those of Brevo after those of Klaviyo', async () => {
    const { json } = await get('/v1/archive/campaign-results');
    expect(json).toMatchObject({
      campaigns: [
        {
          id: 'C1',
          origin: 'klaviyo',
          name: 'Spring',
          klaviyo: [
            { message: 'M1', timeframe: 'last_12_months', statistics: { opens: 3 } },
            { message: 'M2', statistics: { opens: 4 } },
          ],
          brevo: [{ message: 'M1', campaign: 7, status: 'sent', statistics: { uniqueViews: 2 } }],
        },
        { id: 'C10', klaviyo: [{ message: 'M3' }], brevo: [] },
        { id: '7', origin: 'brevo', name: 'Theirs', klaviyo: [], brevo: [{ message: null, campaign: 7, statistics: OF_BREVO }] },
        { id: '8', origin: 'brevo', status: 'queued', brevo: [{ statistics: {} }] },
      ],
      next: null,
    });
  });

  it.each([1, 2, 3, 4])('come page by page, %i at once', async (limit) => {
    const seen: unknown[] = [];
    let after = '';
    for (let page = 0; page < 10; page += 1) {
      const { json } = await get(`/v1/archive/campaign-results?limit=${limit}${after}`);
      const { campaigns, next } = json as { campaigns: { id: string; klaviyo: unknown[] }[]; next: string | null }; // The test before has seen it.
      seen.push(...campaigns.map(({ id, klaviyo }) => [id, klaviyo.length]));
      if (next === null) break;
      after = `&after=${encodeURIComponent(next)}`;
    }
    expect(seen).toEqual([
      ['C1', 2],
      ['C10', 1],
      ['7', 0],
      ['8', 0],
    ]);
  });

  it('are one table of both vendors as a file, with numbers that can be compared', async () => {
    const lines = (await get('/v1/archive/campaign-results/export')).text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      { id: 'C1', data: { vendor: 'klaviyo', origin: 'klaviyo', message: 'M1', status: 'Sent', opens: 3, delivered: null } },
      { id: 'C1', data: { vendor: 'klaviyo', message: 'M2', opens: 4 } },
      { id: 'C1', data: { vendor: 'brevo', origin: 'klaviyo', message: 'M1', opens_unique: 2 } },
      { id: 'C10', data: { vendor: 'klaviyo', message: 'M3', opens: null, statistics: {} } },
      {
        id: '7',
        run: 'run_1',
        data: { vendor: 'brevo', origin: 'brevo', recipients: 10, bounces: 3, opens: 6, complaints: 0, statistics: OF_BREVO },
      },
      { id: '8', data: { vendor: 'brevo', name: 'Later', status: 'queued', recipients: null } },
    ]);
    const { text, headers } = await get('/v1/archive/campaign-results/export?format=csv');
    expect(headers.get('content-disposition')).toBe('attachment; filename="campaign-results.csv"');
    const [head, ...rows] = text.replace('\uFEFF', '').trimEnd().split('\r\n');
    expect(head).toMatch(/^id,run,at,vendor,origin,name,/);
    expect(head?.split(',')).toEqual(expect.arrayContaining(['recipients', 'bounces', 'statistics.uniqueViews']));
    expect(rows).toHaveLength(6);
  });
});
