import { afterEach, describe, expect, it } from '@jest/globals';
import { Bug, RequestRefused } from '@tajo/errors';
import { collected } from '../../../test/support/brevo-sandbox.js';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, closing, countingLimiter, deepText, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { createKlaviyoClient, type NewEvent, uniqueIdOf } from './index.js';

afterEach(closeAll);

const order = (id: string, more: Partial<NewEvent> = {}): NewEvent => ({
  metric: 'Placed Order',
  profile: { email: 'jane.doe@example.com' },
  uniqueId: uniqueIdOf('shop', id),
  properties: { OrderId: id },
  ...more,
});

describe('an event', () => {
  it('is recorded with its time and value, once however often it is sent', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const event = order('42', { time: new Date('2026-01-05T10:00:00.900Z'), value: 49.5, valueCurrency: 'EUR' });
    await client.createEvent(event);
    await client.createEvent(event);
    const events = await collected(sandbox.klaviyo.records('events'));
    expect(events).toHaveLength(1);
    expect(events[0]?.attributes).toMatchObject({
      timestamp: Date.parse('2026-01-05T10:00:00Z') / 1_000,
      event_properties: { OrderId: '42', $value: 49.5, $value_currency: 'EUR' },
    });
  });

  it('is about a profile by id too, and refused without a word about anybody when there is none', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const { id } = await client.createProfile({ external_id: 'customer-1' });
    await client.createEvent(order('1', { profile: { id } }));
    expect(await collected(sandbox.klaviyo.records('events'))).toHaveLength(1);
    const error = await rejection(client.createEvent(order('2', { profile: { email: 'jane.doe' } })));
    expect(error).toBeInstanceOf(RequestRefused);
    expect(deepText(error)).not.toContain('jane.doe');
  });
});

describe('many events', () => {
  it('travel grouped by profile, a repeated one once', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const people = ['a@example.com', 'b@example.com', 'a@example.com'];
    const events = people.map((email, at) => order(String(at), { profile: { email } }));
    await client.createEvents([...events, order('0', { profile: { email: 'a@example.com' } })]);
    expect(await collected(sandbox.klaviyo.records('events'))).toHaveLength(3);
    const { baseUrl, received } = await vendorServer((_, response) => json(response, 202, undefined));
    const auth = { kind: 'private', key: 'pk_x' } as const;
    const probe = closing(createKlaviyoClient({ account: 'default', baseUrl, auth, limiter: countingLimiter().limiter }));
    await probe.createEvents(events);
    const groups: unknown = JSON.parse(received[0]?.body ?? '').data.attributes['events-bulk-create'].data;
    expect(groups).toMatchObject([
      { attributes: { profile: { data: { attributes: { email: 'a@example.com' } } }, events: { data: [{}, {}] } } },
      { attributes: { profile: { data: { attributes: { email: 'b@example.com' } } }, events: { data: [{}] } } },
    ]);
  });

  it('may be recorded when their answer is lost, and are never more than a job takes', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    await sandbox.klaviyo.fault({ kind: 'reset-after' });
    expect(await rejection(client.createEvents([order('1')]))).toMatchObject({ code: 'klaviyo_outcome_unknown' });
    expect(await collected(sandbox.klaviyo.records('events'))).toHaveLength(1);
    const many = Array.from({ length: 1_001 }, (_, at) => order(String(at)));
    expect(await rejection(client.createEvents(many))).toBeInstanceOf(Bug);
    await client.createEvents(many.slice(1));
    const heavy = many.slice(0, 60).map((event) => ({ ...event, properties: { text: 'x'.repeat(90_000) } }));
    expect(await rejection(client.createEvents(heavy))).toBeInstanceOf(Bug);
  });

  it('are refused together, with the place of the bad one', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const error = await rejection(client.createEvents([order('1'), order('2', { metric: '' })]));
    if (!(error instanceof RequestRefused)) throw error;
    expect(error.details[0]?.pointer).toContain('/events/data/1/');
    expect(await collected(sandbox.klaviyo.records('events'))).toEqual([]);
  });
});

describe('a unique id', () => {
  it('is the same for the same happening and for no other', () => {
    expect(uniqueIdOf('shop', '42')).toBe(uniqueIdOf('shop', '42'));
    expect(uniqueIdOf('shop', '42')).not.toBe(uniqueIdOf('shop4', '2'));
  });
});
