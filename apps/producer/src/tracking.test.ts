import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { collected } from '../../../test/support/brevo-sandbox.js';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let sandbox: Sandbox;
let producer: TestProducer;
const urls = ({ klaviyoUrl, brevoUrl }: Sandbox) => ({ KLAVIYO_BASE_URL: klaviyoUrl, BREVO_BASE_URL: brevoUrl });

beforeAll(async () => {
  sandbox = await startSandbox({ klaviyo: { profiles: 30, limits: 'off' }, brevo: { limits: 'off' } });
  producer = await startProducer({
    ...urls(sandbox),
    KLAVIYO_PRIVATE_KEY: sandbox.keys.klaviyoPrivateKey,
    BREVO_API_KEY: sandbox.keys.brevoApiKey,
    TAJO_EVENT_SETTLE_SECONDS: '0',
  });
});
afterAll(async () => {
  await producer.close();
  await sandbox.stop();
});
afterEach(async () => {
  await sandbox.klaviyo.clearFaults();
  await sandbox.brevo.clearFaults();
});

let people = 0;
/** Somebody with a contact in Brevo. */
async function somebody(): Promise<string> {
  const email = `person${(people += 1)}@tracked.example`;
  await sandbox.brevo.add({ email });
  return email;
}

const track = (body: object, headers: Record<string, string> = {}) =>
  producer.call('POST', '/v1/klaviyo/events', { body, headers });

const order = (email: string, more: object = {}) => ({
  event: 'Placed Order',
  profile: { email },
  properties: { OrderId: 'A-1', items: [{ sku: 'X', price: 9.5 }] },
  value: 49.5,
  value_currency: 'EUR',
  ...more,
});

/** What both sides have of the events with this unique id, found by the id the product gave them. */
async function recordedOf(email: string) {
  const klaviyo = (await collected(sandbox.klaviyo.records('events'))).filter(({ relationships }) => {
    const owner = Object(relationships?.['profile']).id;
    return owner === idOf.get(email);
  });
  const contacts = await collected(sandbox.brevo.contacts());
  const contact = contacts.find((one) => one.email === email);
  const brevo = (await collected(sandbox.brevo.events())).filter((event) => contact && event.contact_id === contact.id);
  return { klaviyo, brevo, contact };
}
const idOf = new Map<string, string>();
async function knowProfiles(): Promise<void> {
  for await (const { id, attributes } of sandbox.klaviyo.profiles()) if (attributes.email) idOf.set(attributes.email, id);
}
async function both(email: string) {
  await knowProfiles();
  return recordedOf(email);
}
const contactsNow = async () => (await sandbox.brevo.state()).contacts;

describe('an event', () => {
  it('is recorded in Klaviyo, and in Brevo under its mapped name', async () => {
    const email = await somebody();
    const { status, json } = await track(order(email, { unique_id: 'order-1', time: '2099-01-01T10:00:00Z' }));
    expect(status).toBe(422);
    expect(json['detail']).toContain('time');
    const now = new Date().toISOString();
    const answer = await track(order(email, { unique_id: 'order-1', time: now }));
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      uniqueId: 'order-1',
      klaviyo: { outcome: 'accepted' },
      brevo: { outcome: 'recorded', event: 'order_completed' },
    });
    const { klaviyo, brevo } = await both(email);
    expect(klaviyo).toHaveLength(1);
    expect(klaviyo[0]?.attributes['event_properties']).toMatchObject({
      OrderId: 'A-1',
      $value: 49.5,
      $value_currency: 'EUR',
      tajo_event_id: expect.stringMatching(/^tajo-/),
    });
    expect(brevo).toMatchObject([
      {
        event_name: 'order_completed',
        event_date: `${now.slice(0, 19)}.000Z`,
        event_properties: { OrderId: 'A-1', items: [{ sku: 'X', price: 9.5 }], value: 49.5, value_currency: 'EUR' },
      },
    ]);
  });

  it('is one event however often and by however many it is sent', async () => {
    const email = await somebody();
    const body = order(email, { unique_id: 'order-2' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => track(body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const last = await track(body);
    expect(last.json).toMatchObject({
      klaviyo: { message: 'Accepted before.' },
      brevo: { outcome: 'recorded', message: 'Recorded before.' },
    });
    const { klaviyo, brevo } = await both(email);
    expect([klaviyo.length, brevo.length]).toEqual([1, 1]);
  });

  it('is the same under the same Idempotency-Key, and a key for two events is refused', async () => {
    const email = await somebody();
    const headers = { 'Idempotency-Key': 'key-1' };
    const first = await track(order(email), headers);
    const again = await track(order(email), headers);
    expect(again.json['uniqueId']).toBe(first.json['uniqueId']);
    const other = await track(order(email, { value: 5 }), headers);
    expect([other.status, other.json['code'], other.json['field']]).toEqual([422, 'unique_id_reused', 'Idempotency-Key']);
    const { klaviyo, brevo } = await both(email);
    expect([klaviyo.length, brevo.length]).toEqual([1, 1]);
  });

  it('whose unique_id stands for another is refused instead of getting lost', async () => {
    const email = await somebody();
    await track(order(email, { unique_id: 'order-3' }));
    const other = await track(order(await somebody(), { unique_id: 'order-3' }));
    expect([other.status, other.json['code'], other.json['field']]).toEqual([422, 'unique_id_reused', 'unique_id']);
    expect((await track(order(email, { unique_id: 'order-3', event: 'Ordered Product' }))).status).toBe(202);
  });

  it('of long ago is history in Brevo too', async () => {
    const email = await somebody();
    const { json } = await track(order(email, { time: '2024-05-01T10:00:00+02:00' }));
    expect(json).toMatchObject({
      time: '2024-05-01T08:00:00.000Z',
      brevo: { outcome: 'recorded', event: 'hist_order_completed' },
    });
  });

  it('that nobody mapped stays in Klaviyo', async () => {
    const email = await somebody();
    const { status, json } = await track(order(email, { event: 'Looked at Clouds' }));
    expect([status, json['brevo']]).toMatchObject([202, { outcome: 'not_carried', event: null }]);
    const { klaviyo, brevo } = await both(email);
    expect([klaviyo.length, brevo.length]).toEqual([1, 0]);
  });
});

describe('somebody whom Brevo does not know', () => {
  it('is not made a contact; once they are one, a repeat records the event', async () => {
    const before = await contactsNow();
    const email = 'unknown@tracked.example';
    const body = order(email, { unique_id: 'order-4' });
    const first = await track(body);
    expect([first.status, first.json['brevo']]).toMatchObject([202, { outcome: 'contact_unknown', event: 'order_completed' }]);
    expect(Object(first.json['brevo']).message).toMatch(/no such contact.*next sync of events records it/);
    expect(await contactsNow()).toBe(before);
    await sandbox.brevo.add({ email });
    expect((await track(body)).json).toMatchObject({ brevo: { outcome: 'recorded' } });
    const { klaviyo, brevo } = await both(email);
    expect([klaviyo.length, brevo.length]).toEqual([1, 1]);
  });

  it.each(['id', 'external_id'])('by the %s given is found by what Klaviyo knows of them', async (name) => {
    const email = await somebody();
    const id = await sandbox.klaviyo.add({ attributes: { email, external_id: `customer-${name}` } });
    const profile = name === 'id' ? { id } : { external_id: `customer-${name}` };
    expect((await track({ event: 'Placed Order', profile })).json).toMatchObject({ brevo: { outcome: 'recorded' } });
    const { klaviyo, brevo } = await both(email);
    expect([klaviyo.length, brevo.length]).toEqual([1, 1]);
  });

  it('is found by the phone number', async () => {
    await sandbox.brevo.add({ attributes: { SMS: '+33612345671' } });
    const profile = { phone_number: '+33612345671' };
    expect((await track({ event: 'Placed Order', profile })).json).toMatchObject({ brevo: { outcome: 'recorded' } });
  });
});

describe('when Klaviyo does not take it', () => {
  it('a refused event is nowhere, and may come mended under the same unique_id', async () => {
    const refused = await track({ event: 'Placed Order', profile: { email: 'no-address' }, unique_id: 'order-5' });
    expect([refused.status, refused.json['code']]).toEqual([422, 'klaviyo_request_refused']);
    expect(refused.json['detail']).toContain('Nothing was recorded.');
    const email = await somebody();
    expect((await track(order(email, { unique_id: 'order-5' }))).json).toMatchObject({ brevo: { outcome: 'recorded' } });
  });

  it('nothing is half done, and a repeat is one event, also when only the answer was lost', async () => {
    const email = await somebody();
    const body = order(email, { unique_id: 'order-6' });
    await sandbox.klaviyo.fault({ kind: 'status', status: 503 });
    await sandbox.klaviyo.fault({ kind: 'reset-after' });
    for (let tries = 0; tries < 2; tries += 1) {
      const away = await track(body);
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '10']);
      expect(away.json).toMatchObject({ uniqueId: 'order-6', detail: expect.stringContaining('unique_id order-6') });
      expect((await both(email)).brevo).toEqual([]);
    }
    expect((await track(body)).json).toMatchObject({ brevo: { outcome: 'recorded' } });
    const { klaviyo, brevo } = await both(email);
    expect([klaviyo.length, brevo.length]).toEqual([1, 1]);
    // It happened when it was first tracked.
    expect(brevo[0]?.event_date).toBe(new Date(Number(klaviyo[0]?.attributes['timestamp']) * 1_000).toISOString());
  });

  it('a field that does not fit is named', async () => {
    const { status, json } = await track({ event: '', profile: {}, value_currency: 'euro', more: 1 });
    expect(status).toBe(422);
    expect(Object(json['errors']).map(({ field }: { field: string }) => field)).toEqual([
      'event',
      'profile',
      'value_currency',
      'more',
    ]);
  });
});

describe('when Brevo does not take it', () => {
  it('what it took without an answer is found there, never sent twice', async () => {
    const email = await somebody();
    const body = order(email, { unique_id: 'order-7' });
    await sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/events' });
    const first = await track(body);
    expect([first.status, first.json['brevo']]).toMatchObject([202, { outcome: 'pending', event: 'order_completed' }]);
    expect((await track(body)).json).toMatchObject({ brevo: { outcome: 'recorded', message: 'Recorded before.' } });
    expect((await both(email)).brevo).toHaveLength(1);
  });

  it('what got lost on the way is sent by a repeat', async () => {
    const email = await somebody();
    const body = order(email, { unique_id: 'order-8' });
    await sandbox.brevo.fault({ kind: 'reset-before', method: 'POST', path: '/events' });
    expect((await track(body)).json).toMatchObject({ brevo: { outcome: 'pending' } });
    expect((await track(body)).json).toMatchObject({ brevo: { outcome: 'recorded', message: 'Recorded.' } });
    expect((await both(email)).brevo).toHaveLength(1);
  });

  it('a refusal says so', async () => {
    const email = await somebody();
    const body = JSON.stringify({ code: 'invalid_parameter', message: 'event_name is not allowed' });
    await sandbox.brevo.fault({ kind: 'status', status: 400, path: '/events', body });
    const { json } = await track(order(email));
    expect(json).toMatchObject({ brevo: { outcome: 'refused', message: expect.stringContaining('not allowed') } });
  });

  it('the answer says what happens next, or who must act', async () => {
    const email = await somebody();
    const body = order(email, { unique_id: 'order-9' });
    await sandbox.brevo.fault({ kind: 'status', status: 429, path: '/events' });
    const busy = await track(body);
    expect([busy.status, busy.json['brevo']]).toMatchObject([202, { outcome: 'pending' }]);
    expect(Object(busy.json['brevo']).message).toMatch(/next sync of events records it.*or repeat the request/);
    await sandbox.brevo.fault({ kind: 'status', status: 401, path: '/contacts/*', body: '{}' });
    expect(Object((await track(body)).json['brevo']).message).toContain('Check the Brevo API key');
  }, 30_000);
});

describe('an account with the public key only', () => {
  it('records events in both', async () => {
    const few = await startProducer({
      ...urls(sandbox),
      KLAVIYO_PUBLIC_KEY: sandbox.keys.klaviyoPublicKey,
      BREVO_API_KEY: sandbox.keys.brevoApiKey,
    });
    try {
      const email = await somebody();
      const { status, json } = await few.call('POST', '/v1/klaviyo/events', { body: order(email) });
      expect([status, json['brevo']]).toMatchObject([202, { outcome: 'recorded' }]);
      const { klaviyo, brevo } = await both(email);
      expect([klaviyo.length, brevo.length]).toEqual([1, 1]);
      const unknown = await few.call('POST', '/v1/klaviyo/events', { body: order('nobody@tracked.example') });
      expect(Object(unknown.json['brevo']).message).toContain('Events are not synced here');
    } finally {
      await few.close();
    }
  });

  it('and one with no key at all is told to connect', async () => {
    const none = await startProducer(urls(sandbox));
    try {
      const { status, json } = await none.call('POST', '/v1/klaviyo/events', { body: order('a@b.example') });
      expect([status, json['code']]).toEqual([409, 'account_not_connected']);
    } finally {
      await none.close();
    }
  });
});

it('nothing of anybody is logged', () => {
  expect(producer.logged()).toContain('event tracked');
  expect(producer.logged()).not.toContain('tracked.example');
  expect(producer.logged()).not.toContain('33612345671');
});
