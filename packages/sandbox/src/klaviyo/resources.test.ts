import { afterEach, describe, expect, it } from '@jest/globals';
import { type Sandbox, type SandboxOptions, type SandboxRecord, startSandbox } from '../index.js';

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

const demo = { events: 3_000, campaigns: 60, flows: 30, templates: 12, catalogItems: 250, coupons: 5, couponCodes: 600 };

async function start(klaviyo: SandboxOptions['klaviyo'] = {}): Promise<void> {
  sandbox = await startSandbox({ klaviyo: { profiles: 400, limits: 'off', ...demo, ...klaviyo } });
}

interface Shown {
  readonly type: string;
  readonly id: string;
  readonly attributes: Record<string, unknown>;
  readonly relationships?: Record<string, { data?: { id: string } }>;
}

interface Body {
  readonly data: Shown[];
  readonly included?: Shown[];
  readonly links: { readonly next: string | null };
  readonly errors: { readonly source: unknown }[];
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape it is about to check
async function call<T = Body>(
  path: string,
  body?: unknown,
  method = body ? 'POST' : 'GET',
): Promise<{ status: number; headers: Headers; body: T }> {
  const response = await fetch(new URL(path, sandbox.klaviyoUrl), {
    method,
    headers: {
      authorization: `Klaviyo-API-Key ${sandbox.keys.klaviyoPrivateKey}`,
      revision: '2026-01-15',
      'content-type': 'application/vnd.api+json',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  // The tests look at the parts they expect; a missing one fails them.
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : {}) as T };
}

function at(path: string, query: Record<string, string>): string {
  return `${path}?${new URLSearchParams(query)}`;
}

async function readAll(path: string, query: Record<string, string> = {}): Promise<Shown[]> {
  const all: Shown[] = [];
  for (let next: string | null = at(path, query); next; ) {
    const { status, body }: { status: number; body: Body } = await call(next);
    expect([status, body.errors]).toEqual([200, undefined]);
    all.push(...body.data);
    next = body.links.next;
  }
  return all;
}

async function truth(collection: Parameters<Sandbox['klaviyo']['records']>[0]): Promise<SandboxRecord[]> {
  const records: SandboxRecord[] = [];
  for await (const record of sandbox.klaviyo.records(collection)) records.push(record);
  return records;
}

const idsOf = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id).sort();
const secondOf = ({ attributes }: { readonly attributes: Readonly<Record<string, unknown>> }) => Number(attributes['timestamp']);

const orderOf = (unique: string, extra: object = {}) => ({
  type: 'event',
  attributes: {
    properties: { a: 1 },
    value: 9.5,
    unique_id: unique,
    metric: { data: { type: 'metric', attributes: { name: 'Brand New' } } },
    profile: { data: { type: 'profile', attributes: { email: 'new@example.com' } } },
    ...extra,
  },
});

describe('events', () => {
  it.each(['datetime', '-datetime'])('come once each in the order %s, a page at a time', async (sort) => {
    await start();
    const read = await readAll('/api/events', { sort, 'page[size]': '170' });
    expect(idsOf(read)).toEqual(idsOf(await truth('events')));
    const seconds = read.map(secondOf);
    expect(seconds).toEqual(seconds.toSorted((a, b) => (sort === 'datetime' ? a - b : b - a)));
  });

  it('answer a half-open slice exactly, and leave out what lies in the future', async () => {
    await start();
    const crowded = '2024-11-29T05:00:00Z';
    const all = await truth('events');
    const inSecond = all.filter((event) => secondOf(event) === Date.parse(crowded) / 1_000);
    expect(inSecond.length).toBeGreaterThan(20);
    const slice = (from: string, to: string) =>
      readAll('/api/events', { filter: `and(${from},${to})`, sort: 'datetime', 'page[size]': '25' });
    expect(idsOf(await slice(`greater-or-equal(datetime,${crowded})`, 'less-than(datetime,2024-11-29T05:00:01Z)'))).toEqual(
      idsOf(inSecond),
    );
    expect(await slice('greater-or-equal(datetime,2024-11-29T04:59:59Z)', `less-than(datetime,${crowded})`)).toEqual([]);
    const now = Date.now() / 1_000;
    const past = await readAll('/api/events', { filter: `less-than(datetime,2026-01-01T00:00:00Z)`, 'page[size]': '1000' });
    expect(idsOf(past)).toEqual(idsOf(all.filter((event) => secondOf(event) < now)));
    expect(past.length).toBeLessThan(all.length);
  });

  it('are filtered by metric and profile, and name both; included are those that exist', async () => {
    await start();
    const all = await truth('events');
    const metricIds = new Set(all.map(({ relationships }) => JSON.stringify(relationships?.['metric'])));
    expect(metricIds.size).toBeGreaterThan(9);
    const some = await call(
      at('/api/events', { filter: 'equals(metric_id,"METR01")', include: 'metric,profile', 'page[size]': '1000' }),
    );
    const { data, included = [] } = some.body;
    expect(data.length).toBeGreaterThan(100);
    expect(new Set(data.map(({ relationships }) => relationships?.['metric']?.data?.id))).toEqual(new Set(['METR01']));
    expect(included.filter(({ type }) => type === 'metric').map(({ attributes }) => attributes['name'])).toEqual([
      'Placed Order',
    ]);
    const named = new Set(data.flatMap(({ relationships }) => relationships?.['profile']?.data?.id ?? []));
    const known = included.filter(({ type }) => type === 'profile');
    // Some are of nobody, some of people who are gone.
    expect(known.length).toBeGreaterThan(50);
    expect(known.length).toBeLessThan(named.size);
    const [profile] = known;
    const theirs = await readAll('/api/events', { filter: `equals(profile_id,"${profile?.id}")` });
    expect(theirs.length).toBeGreaterThan(0);
    expect(new Set(theirs.map(({ relationships }) => relationships?.['profile']?.data?.id))).toEqual(new Set([profile?.id]));
  });

  it('have the awkward cases', async () => {
    await start();
    const properties = (await truth('events')).map(({ attributes }) => attributes['event_properties']);
    expect(properties).toContain(null);
    expect(properties.some((value) => JSON.stringify(value) === '{}')).toBe(true);
    expect(properties.some((value) => JSON.stringify(value).length > 55_000)).toBe(true);
    expect(properties.some((value) => JSON.stringify(value).includes('Odd Key!'))).toBe(true);
  });

  it('that came late appear at their own time, and do not disturb a walk', async () => {
    await start();
    const inHundreds = { sort: 'datetime', 'page[size]': '100' };
    const first = await call(at('/api/events', inHundreds));
    const early = await sandbox.klaviyo.addEvent({ metric: 'METR02', datetime: '2000-01-01T00:00:00Z' });
    const late = await sandbox.klaviyo.addEvent({ metric: 'METR02', datetime: '2025-06-01T00:00:00Z', properties: { a: 1 } });
    const rest = await readAll(first.body.links.next ?? '');
    expect(rest).toHaveLength(2_901);
    expect(rest.map(({ id }) => id)).toContain(late);
    expect((await call(at('/api/events', inHundreds))).body.data[0]?.id).toBe(early);
  });

  it('are written once for each unique_id, with the profile and metric they bring', async () => {
    await start({ events: 0 });
    for (const unique of ['one', 'one', 'two']) expect((await call('/api/events', { data: orderOf(unique) })).status).toBe(202);
    expect((await call('/api/events', { data: orderOf('three', { time: '1999-01-01T00:00:00Z' }) })).status).toBe(400);
    const client = `/client/events?company_id=${sandbox.keys.klaviyoPublicKey}`;
    expect((await call(client, { data: orderOf('three') })).status).toBe(202);
    expect((await call('/client/events?company_id=wrong', { data: orderOf('four') })).status).toBe(400);
    const bulk = (uniques: string[]) => ({
      data: {
        type: 'event-bulk-create-job',
        attributes: {
          'events-bulk-create': {
            data: [
              {
                type: 'event-bulk-create',
                attributes: {
                  profile: { data: { type: 'profile', attributes: { email: 'new@example.com' } } },
                  events: { data: uniques.map((unique) => orderOf(unique)) },
                },
              },
            ],
          },
        },
      },
    });
    expect((await call('/api/event-bulk-create-jobs', bulk(['five', 'five']))).status).toBe(400);
    expect((await call('/api/event-bulk-create-jobs', bulk(['five', 'six', 'one']))).status).toBe(202);
    const stored = await readAll('/api/events', {});
    expect(stored).toHaveLength(5);
    expect(stored[0]?.attributes['event_properties']).toEqual({ a: 1, $value: 9.5 });
    expect((await sandbox.klaviyo.state()).profiles).toBe(401);
  });
});

const aggregateOf = (attributes: object) => ({
  data: {
    type: 'metric-aggregate',
    attributes: {
      metric_id: 'METR01',
      measurements: ['count', 'sum_value', 'unique'],
      filter: ['greater-or-equal(datetime,2024-03-01T00:00:00)', 'less-than(datetime,2024-04-01T00:00:00)'],
      ...attributes,
    },
  },
});

describe('metric aggregates', () => {
  interface Aggregate {
    readonly data: {
      readonly attributes: { readonly dates: string[]; readonly data: { readonly measurements: Record<string, number[]> }[] };
    };
  }

  it.each([
    ['day', 'UTC', '2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z', 31],
    ['hour', 'UTC', '2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z', 744],
    // The clock goes forward on 10 March: the month is an hour short.
    ['day', 'America/New_York', '2024-03-01T05:00:00Z', '2024-04-01T04:00:00Z', 31],
    ['month', 'America/New_York', '2024-03-01T05:00:00Z', '2024-04-01T04:00:00Z', 1],
    ['week', 'Europe/Paris', '2024-02-29T23:00:00Z', '2024-03-31T22:00:00Z', 5],
  ])('by %s in %s count what the events say', async (interval, timezone, from, to, dates) => {
    await start();
    const { body } = await call<Aggregate>('/api/metric-aggregates', aggregateOf({ interval, timezone }));
    const { data, dates: days } = body.data.attributes;
    const expected = (await truth('events')).filter(
      (event) =>
        JSON.stringify(event.relationships?.['metric']).includes('METR01') &&
        secondOf(event) * 1_000 >= Date.parse(from) &&
        secondOf(event) * 1_000 < Date.parse(to),
    );
    expect(days).toHaveLength(dates);
    expect(data[0]?.measurements['count']?.reduce((sum, count) => sum + count, 0)).toBe(expected.length);
    expect(expected.length).toBeGreaterThan(5);
    const values = expected.map(({ attributes }) => Object(attributes['event_properties'])?.['$value']);
    const total = values.reduce((sum, value) => sum + (typeof value === 'number' ? value : 0), 0);
    expect(data[0]?.measurements['sum_value']?.reduce((sum, value) => sum + value, 0)).toBeCloseTo(total, 1);
  });

  it.each([
    { filter: ['greater-or-equal(datetime,2024-03-01T00:00:00)'] },
    { filter: ['greater-or-equal(datetime,2023-03-01T00:00:00)', 'less-than(datetime,2025-04-01T00:00:00)'] },
    { measurements: ['average'] },
    { interval: 'year' },
    { timezone: 'Mars/Olympus' },
  ])('refuse %j', async (attributes) => {
    await start();
    expect((await call('/api/metric-aggregates', aggregateOf(attributes))).status).toBe(400);
  });
});

describe('lists and segments', () => {
  it.each(['list', 'segment'] as const)('a %s shows its members by when they joined, and those who come and go', async (kind) => {
    await start();
    const id = kind === 'list' ? 'LIST01' : 'SEGM01';
    const path = `/api/${kind}s/${id}/profiles`;
    const members = await readAll(path, {
      sort: 'joined_group_at',
      'page[size]': '90',
      'additional-fields[profile]': 'subscriptions',
    });
    expect(members).toHaveLength(400);
    const joined = members.map(({ attributes }) => String(attributes['joined_group_at']));
    expect(joined).toEqual(joined.toSorted());
    const slice = (from: string, to: string) =>
      readAll(path, { filter: `and(greater-or-equal(joined_group_at,${from}),less-than(joined_group_at,${to}))` });
    const [a, b] = [
      await slice('2000-01-01T00:00:00Z', '2024-06-01T09:00:00Z'),
      await slice('2024-06-01T09:00:00Z', '2026-01-01T00:00:00Z'),
    ];
    expect(idsOf([...a, ...b])).toEqual(idsOf(members));
    const leaver = members[3]?.id ?? '';
    await sandbox.klaviyo.leave(kind, id, leaver);
    const added = await sandbox.klaviyo.add({ attributes: { email: 'joins@example.com' } });
    await sandbox.klaviyo.join(kind, id, added);
    await sandbox.klaviyo.remove(members[5]?.id ?? '');
    const ids = await readAll(`/api/${kind}s/${id}/relationships/profiles`, { 'page[size]': '100' });
    expect(ids).toHaveLength(399);
    expect(idsOf(ids)).toContain(added);
    expect(idsOf(ids)).not.toContain(leaver);
    const { body } = await call<{ data: Shown }>(at(`/api/${kind}s/${id}`, { [`additional-fields[${kind}]`]: 'profile_count' }));
    expect(body.data.attributes['profile_count']).toBe(399);
    await sandbox.klaviyo.removeGroup(kind, id);
    expect((await call(path)).status).toBe(404);
  });

  it('gives profile_count a budget of its own', async () => {
    await start({ limits: 'strict' });
    const path = at('/api/lists/LIST02', { 'additional-fields[list]': 'profile_count' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(path)));
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(4);
    expect((await call('/api/lists/LIST02')).status).toBe(200);
  });
});

describe('everything else', () => {
  it.each([
    ['templates', '/api/templates', {}],
    ['flows', '/api/flows', { 'page[size]': '7' }],
    ['catalog-items', '/api/catalog-items', { include: 'variants' }],
    ['catalog-variants', '/api/catalog-variants', { sort: '-created' }],
    ['catalog-categories', '/api/catalog-categories', {}],
    ['coupons', '/api/coupons', {}],
    ['metrics', '/api/metrics', {}],
  ] as const)('%s come once each', async (collection, path, query) => {
    await start();
    const known = (await truth(collection)).filter(({ id }) => collection !== 'templates' || id.startsWith('TMPL'));
    expect(known.length).toBeGreaterThan(3);
    expect(idsOf(await readAll(path, query))).toEqual(idsOf(known));
  });

  it('campaigns come by channel and archive, with messages and their templates', async () => {
    await start();
    const found: Shown[] = [];
    for (const channel of ['email', 'sms', 'mobile_push'])
      for (const archived of ['true', 'false'])
        found.push(
          ...(await readAll('/api/campaigns', { filter: `equals(messages.channel,'${channel}'),equals(archived,${archived})` })),
        );
    expect(idsOf(found)).toEqual(idsOf(await truth('campaigns')));
    const plain = await readAll('/api/campaigns', { filter: "equals(messages.channel,'email')" });
    expect(plain.some(({ attributes }) => attributes['archived'])).toBe(false);
    const { body } = await call(at(`/api/campaigns/${plain[0]?.id}/campaign-messages`, { include: 'template' }));
    expect(body.data).toHaveLength(1);
    expect(body.included?.[0]?.id).toBe(body.data[0]?.relationships?.['template']?.data?.id);
    expect(body.included?.[0]?.attributes['html']).toEqual(expect.any(String));
    expect((await call(`/api/templates/${body.included?.[0]?.id}`)).status).toBe(200);
  });

  it('flows lead to actions, messages and templates', async () => {
    await start();
    const messages: Shown[] = [];
    for (const { id } of await readAll('/api/flows'))
      for (const action of await readAll(`/api/flows/${id}/flow-actions`))
        messages.push(...(await readAll(`/api/flow-actions/${action.id}/flow-messages`)));
    expect(idsOf(messages)).toEqual(idsOf(await truth('flow-messages')));
    const mail = messages.find(({ attributes }) => attributes['channel'] === 'email');
    const text = messages.find(({ attributes }) => attributes['channel'] === 'sms');
    expect((await call(`/api/flow-messages/${mail?.id}/template`)).status).toBe(200);
    expect((await call(`/api/flow-messages/${text?.id}/template`)).status).toBe(404);
  });

  it('coupon codes come by coupon', async () => {
    await start();
    const codes: Shown[] = [];
    for (const { id } of await readAll('/api/coupons'))
      codes.push(...(await readAll('/api/coupon-codes', { filter: `equals(coupon.id,"${id}")` })));
    expect(codes).toHaveLength(600);
    expect(idsOf(codes)).toEqual(idsOf(await truth('coupon-codes')));
  });

  it('catalog relations agree from both sides', async () => {
    await start();
    const item = (await truth('catalog-items')).find(({ id }) => id.endsWith('P-5'));
    const path = `/api/catalog-items/${encodeURIComponent(item?.id ?? '')}`;
    const categories = await readAll(`${path}/categories`);
    expect(categories.length).toBeGreaterThan(0);
    const items = await readAll(`/api/catalog-categories/${encodeURIComponent(categories[0]?.id ?? '')}/items`);
    expect(idsOf(items)).toContain(item?.id);
    const variants = await readAll(`${path}/variants`);
    expect(idsOf(variants)).toEqual(idsOf(await readAll('/api/catalog-variants', { filter: `equals(item.id,"${item?.id}")` })));
  });

  it.each([
    ['filter', '/api/campaigns', {}],
    ['filter', '/api/campaigns', { filter: 'equals(archived,true)' }],
    ['filter', '/api/coupon-codes', {}],
    ['filter', '/api/coupons', { filter: 'equals(id,"a")' }],
    ['filter', '/api/events', { filter: 'any(metric_id,["METR01"])' }],
    ['filter', '/api/events', { filter: 'less-than(datetime,2999-01-01T00:00:00Z)' }],
    [
      'filter',
      '/api/events',
      { filter: 'greater-or-equal(datetime,2024-01-01T00:00:00Z),less-than(datetime,2024-01-01T00:00:00Z)' },
    ],
    ['filter', '/api/lists', { filter: 'less-than(created,2024-01-01T00:00:00Z)' }],
    ['page[size]', '/api/events', { 'page[size]': '1001' }],
    ['page[size]', '/api/flows', { 'page[size]': '51' }],
    ['page[size]', '/api/templates', { 'page[size]': '10' }],
    ['page[size]', '/api/lists/LIST01/profiles', { 'page[size]': '101' }],
    ['sort', '/api/catalog-items', { sort: 'updated' }],
    ['include', '/api/events', { include: 'lists' }],
    ['fields[event]', '/api/events', { 'fields[event]': 'name' }],
  ])('names %s as wrong in %s %j', async (parameter, path, query) => {
    await start();
    const { status, body } = await call(at(path, query));
    expect([status, body.errors?.[0]?.source]).toEqual([400, { parameter }]);
  });

  it('is nothing by default, and unknown paths stay unknown', async () => {
    sandbox = await startSandbox({ klaviyo: { limits: 'off' } });
    for (const path of ['/api/events', '/api/templates', '/api/flows', '/api/catalog-items', '/api/coupons'])
      expect((await call(path)).body.data).toEqual([]);
    expect((await call('/api/forms')).status).toBe(404);
  });
});

const question = (type: string, extra: object = {}) => ({
  data: {
    type,
    attributes: {
      statistics: ['recipients', 'open_rate'],
      timeframe: { start: '2024-01-01T00:00:00Z', end: '2024-12-31T00:00:00Z' },
      conversion_metric_id: 'METR01',
      ...extra,
    },
  },
});

describe('reports', () => {
  interface Report {
    readonly data: {
      readonly attributes: {
        readonly date_times?: string[];
        readonly results: { groupings: Record<string, string>; statistics: Record<string, unknown> }[];
      };
    };
  }

  it('say how the campaigns sent in the timeframe did', async () => {
    await start();
    const { body } = await call<Report>('/api/campaign-values-reports', question('campaign-values-report'));
    const sent = (await truth('campaigns')).filter(({ attributes }) => String(attributes['send_time']).startsWith('2024'));
    expect(new Set(body.data.attributes.results.map(({ groupings }) => groupings['campaign_id']))).toEqual(
      new Set(sent.map(({ id }) => id)),
    );
  });

  it('give flows a number for each interval', async () => {
    await start();
    const values = await call<Report>('/api/flow-values-reports', question('flow-values-report'));
    expect(values.body.data.attributes.results).toHaveLength((await truth('flow-messages')).length);
    const series = question('flow-series-report', { interval: 'daily', timeframe: { start: '2024-01-01', end: '2024-01-31' } });
    const { body } = await call<Report>('/api/flow-series-reports', series);
    expect(body.data.attributes.date_times).toHaveLength(30);
    expect(body.data.attributes.results[0]?.statistics['open_rate']).toHaveLength(30);
    expect((await call('/api/flow-series-reports', question('flow-series-report', { interval: 'daily' }))).status).toBe(400);
  });

  it('are two a minute', async () => {
    await start({ limits: 'strict' });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => call('/api/flow-values-reports', question('flow-values-report'))),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(4);
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });
});
