import { afterEach, describe, expect, it } from '@jest/globals';
import { type Sandbox, type SandboxOptions, startSandbox } from '../index.js';
import { callBrevo, collected, eventually } from '../../../../test/support/brevo-sandbox.js';

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

async function start(brevo: SandboxOptions['brevo'] = {}): Promise<void> {
  sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off', ...brevo } });
  await sandbox.brevo.add({ email: 'a@example.com', ext_id: 'k1', attributes: { SMS: '33612345678' } });
}

const call = (method: string, path: string, body?: unknown) => callBrevo(sandbox, method, path, body);

const event = (fields: Record<string, unknown> = {}) => ({
  event_name: 'order_completed',
  identifiers: { email_id: 'a@example.com' },
  ...fields,
});

const day = (n: number) => `2026-01-0${n}T12:00:00Z`;

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

describe('POST /events', () => {
  it('keeps the event, writes contact properties, and drops no duplicate', async () => {
    await start();
    const sent = event({
      event_date: '2026-01-02T03:04:05+01:00',
      event_properties: { klaviyo_event_id: 'e1', total: 3, items: [{ sku: 'A' }] },
      contact_properties: { FIRSTNAME: 'Ada' },
    });
    expect((await call('POST', '/events', sent)).status).toBe(204);
    expect((await call('POST', '/events', sent)).status).toBe(204);
    const dump = await collected(sandbox.brevo.events());
    expect(dump).toHaveLength(2);
    expect(dump[0]).toMatchObject({
      contact_id: 1,
      event_date: '2026-01-02T02:04:05.000Z',
      event_properties: { items: [{ sku: 'A' }] },
      sourceId: 'e1',
      occurrences: 2,
    });
    expect((await collected(sandbox.brevo.contacts()))[0]).toMatchObject({ attributes: { FIRSTNAME: 'Ada' } });
  });

  it('finds the contact by every identifier, and by the internal id before all others', async () => {
    await start();
    for (const identifiers of [
      { ext_id: 'k1' },
      { phone_id: '+33612345678' },
      { contact_id: 1 },
      { email_id: 'n@example.com', ext_id: 'k1' },
    ])
      expect((await call('POST', '/events', event({ identifiers }))).status).toBe(204);
    expect((await sandbox.brevo.state()).events).toEqual({ accepted: 4, unknownContact: 0, refused: 0 });
    await call('POST', '/events', event({ identifiers: { contact_id: 99, email_id: 'a@example.com' } }));
    expect((await sandbox.brevo.state()).events).toEqual({ accepted: 5, unknownContact: 1, refused: 0 });
  });

  it('accepts an event of nobody, which no reader ever sees', async () => {
    await start();
    expect((await call('POST', '/events', event({ identifiers: { email_id: 'nobody@example.com' } }))).status).toBe(204);
    expect((await call('GET', '/events')).body).toEqual({ events: [], count: 0 });
    expect(await collected(sandbox.brevo.events())).toMatchObject([{ identifiers: { email_id: 'nobody@example.com' } }]);
  });

  it('refuses what the reference does not allow', async () => {
    await start();
    const bad: Record<string, unknown>[] = [
      { event_name: 'Placed Order' },
      { event_name: 'x'.repeat(256) },
      { event_name: undefined },
      { event_date: '2026-01-02' },
      { event_date: '2026-01-02T03:04:05' },
      { identifiers: {} },
      { identifiers: { email_id: 'nonsense' } },
      { identifiers: { contact_id: 'k1' } },
      { event_properties: { 'Item Name': 'x' } },
      { event_properties: { items: [{ $value: 1 }] } },
      { event_properties: { note: null } },
      { event_properties: { note: 'x'.repeat(50_000) } },
      { contact_properties: { TAGS: ['x'] } },
    ];
    for (const fields of bad) expect([fields, (await call('POST', '/events', event(fields))).status]).toEqual([fields, 400]);
    expect((await sandbox.brevo.state()).events).toEqual({ accepted: 0, unknownContact: 0, refused: bad.length });
  });
});

describe('POST /events/batch', () => {
  it('answers 202, 207 with the indexes of each message, or 400 when nothing fits', async () => {
    await start();
    const bad = event({ event_name: 'a b' });
    expect(await call('POST', '/events/batch', { events: [event(), event()] })).toMatchObject({
      status: 202,
      body: { count: 2 },
    });
    const some = await call('POST', '/events/batch', { events: [bad, event(), event({ identifiers: {} }), bad] });
    expect([some.status, some.body]).toEqual([
      207,
      {
        status: 'partiallyQueued',
        total_events: 4,
        successful_events: 1,
        failed_events: 3,
        errors: [
          { eventIndex: [0, 3], message: expect.any(String) },
          { eventIndex: [2], message: expect.any(String) },
        ],
      },
    ]);
    expect(await call('POST', '/events/batch', { events: [bad] })).toMatchObject({
      status: 400,
      body: { status: 'failed', failed_events: 1 },
    });
    expect((await sandbox.brevo.state()).events.accepted).toBe(3);
  });

  it('refuses a bare array, more than 200 events and more than 512 KB', async () => {
    await start();
    const large = event({ event_properties: { note: 'x'.repeat(40_000) } });
    for (const body of [[event()], { events: [] }, { events: Array(201).fill(event()) }, { events: Array(13).fill(large) }])
      expect((await call('POST', '/events/batch', body)).status).toBe(400);
    expect((await call('POST', '/events/batch', { events: Array(200).fill(event()) })).status).toBe(202);
    expect((await sandbox.brevo.state()).events.accepted).toBe(200);
  });

  it('has the smallest budget, or that of single events where it is told so', async () => {
    for (const [unlistedBudget, limit] of [
      ['other', '100'],
      ['parent', '10'],
    ] as const) {
      await start({ limits: 'strict', unlistedBudget });
      const { headers } = await call('POST', '/events/batch', { events: [event()] });
      expect(headers.get('x-sib-ratelimit-limit')).toBe(limit);
      await sandbox.stop();
    }
    await start();
  });
});

describe('GET /events', () => {
  it('lists newest first, by contact, name and dates, without ids', async () => {
    await start();
    await sandbox.brevo.add({ email: 'b@example.com' });
    await call('POST', '/events/batch', {
      events: [
        event({ event_date: day(2), event_properties: { n: 2 } }),
        event({ event_date: day(3), event_properties: { n: 3 }, event_name: 'other' }),
        event({ event_date: day(1), event_properties: { n: 1 } }),
        event({ event_date: day(4), event_properties: { n: 4 }, identifiers: { email_id: 'b@example.com' } }),
      ],
    });
    const numbers = async (query: string) => {
      const { status, body } = await call('GET', `/events?${query}`);
      // The shape under test; a wrong one fails the comparison.
      const { events, count } = body as { events?: { event_properties: { n: number } }[]; count?: number };
      return [status, count, events?.map((found) => found.event_properties.n)];
    };
    const january = 'startDate=2026-01-01&endDate=2026-01-31';
    expect(await numbers(january)).toEqual([200, 4, [4, 3, 2, 1]]);
    expect(await numbers(`${january}&contact_id=1`)).toEqual([200, 3, [3, 2, 1]]);
    expect(await numbers(`${january}&contact_id=1&contact_id=2&event_name=order_completed`)).toEqual([200, 3, [4, 2, 1]]);
    expect(await numbers(`${january}&limit=2&offset=1`)).toEqual([200, 4, [3, 2]]);
    expect(await numbers(`startDate=${day(2)}&endDate=2026-01-03`)).toEqual([200, 2, [3, 2]]);
    const { body } = await call('GET', `/events?${january}&contact_id=2`);
    expect(body['events']).toEqual([
      {
        contact_id: 2,
        event_name: 'order_completed',
        event_date: '2026-01-04T12:00:00.000Z',
        event_properties: { n: 4 },
        contact_properties: {},
      },
    ]);
    for (const query of [
      'startDate=2026-01-01',
      'startDate=2026-02-01&endDate=2026-01-01',
      'startDate=x&endDate=y',
      'limit=10001',
      'contact_id=k1',
    ])
      expect((await call('GET', `/events?${query}`)).status).toBe(400);
  });

  it('looks back six months when no dates are given', async () => {
    await start();
    await call('POST', '/events/batch', { events: [event({ event_date: ago(100) }), event({ event_date: ago(300) })] });
    expect((await call('GET', '/events')).body).toMatchObject({ count: 1 });
  });

  it('shows an event late where it is told to', async () => {
    await start({ eventDelayMs: 300 });
    await call('POST', '/events', event());
    expect((await call('GET', '/events')).body).toMatchObject({ count: 0 });
    await eventually(
      () => call('GET', '/events'),
      ({ body }) => body['count'] === 1,
    );
  });

  it('keeps an event whose answer was lost', async () => {
    await start();
    await sandbox.brevo.fault({ kind: 'reset-after', path: '/events', method: 'POST' });
    await expect(call('POST', '/events', event())).rejects.toThrow();
    expect((await call('GET', '/events?contact_id=1')).body).toMatchObject({ count: 1 });
  });
});
