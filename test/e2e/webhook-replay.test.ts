import { afterEach, describe, expect, it } from '@jest/globals';
import type { Happening, SentDelivery, Subscriptions } from '@tajo/sandbox';
import { collected } from '../support/brevo-sandbox.js';
import { finished } from '../support/ledger.js';
import { type Stack, startStack, until } from '../support/stack.js';

const topic = (name: string) => `event:klaviyo.${name}`;

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

/** A small shop in both, kept in sync, and both vendors told where to deliver. */
async function started(
  direction = 'both',
  { profiles, contacts }: { profiles: number; contacts: readonly string[] } = { profiles: 40, contacts: [] },
): Promise<Stack> {
  open = await startStack({
    sandbox: { klaviyo: { profiles, lists: 0, segments: 0, limits: 'off' }, brevo: { limits: 'off' } },
    connector: { direction, event_mapping: { 'Opened Email': 'klaviyo_opened' }, limits: { enabled: false } },
  });
  for (const email of contacts) await open.sandbox.brevo.add({ email });
  await finished(open, await open.client.syncs.start({ mode: 'full' }), 60_000);
  const status = await open.client.webhooks.install();
  expect(status).toMatchObject({ klaviyo: { state: 'installed' }, brevo: { state: 'installed', missing: [] } });
  return open;
}

function consent(state: 'SUBSCRIBED' | 'UNSUBSCRIBED'): { subscriptions: Subscriptions } {
  const isIn = state === 'SUBSCRIBED';
  const at = new Date().toISOString();
  const rest = { method: 'API', method_detail: null, custom_method_detail: null, double_optin: null, list_suppressions: [] };
  const suppression = isIn ? [] : [{ reason: 'UNSUBSCRIBE', timestamp: at }];
  return {
    subscriptions: {
      email: {
        marketing: {
          can_receive_email_marketing: isIn,
          consent: state,
          consent_timestamp: at,
          last_updated: at,
          suppression,
          ...rest,
        },
      },
    },
  };
}

async function workedOff(stack: Stack): Promise<void> {
  await until(
    async () => {
      const { klaviyo, brevo } = await stack.client.webhooks.status();
      expect([klaviyo.deliveries.failed, brevo.deliveries.failed]).toEqual([0, 0]);
      return klaviyo.deliveries.received + brevo.deliveries.received === 0;
    },
    30_000,
    'the inbox to be worked off',
  );
}

/** Everything that a delivery could change in either vendor. */
async function everything({ sandbox: { klaviyo, brevo } }: Stack): Promise<unknown> {
  return {
    profiles: await collected(klaviyo.profiles()),
    klaviyoEvents: await collected(klaviyo.records('events')),
    contacts: await collected(brevo.contacts()),
    brevoEvents: await collected(brevo.events()),
  };
}

/** Requests that are no reads, with how many there were. Looking after webhooks is none of them. */
async function writes({ sandbox }: Stack): Promise<Record<string, number>> {
  const stats = [await sandbox.klaviyo.stats(), await sandbox.brevo.stats()];
  return Object.fromEntries(
    stats.flatMap((one) =>
      Object.entries(one)
        .filter(([name]) => !name.startsWith('GET '))
        .map(([name, { requests }]) => [name, requests]),
    ),
  );
}

async function send({ url, headers, body }: SentDelivery): Promise<number> {
  return (await fetch(url, { method: 'POST', headers: { ...headers }, body })).status;
}

function shuffled<T>(all: readonly T[]): T[] {
  const left = [...all];
  return Array.from({ length: left.length }, () => left.splice(Math.floor(Math.random() * left.length), 1)[0]).flatMap((one) =>
    one === undefined ? [] : [one],
  );
}

describe('every delivery of both vendors', () => {
  it('changes nothing when it comes again, twice, in any order, as it was or told anew', async () => {
    const stack = await started();
    const { klaviyo, brevo } = stack.sandbox;
    const contacts = (await collected(brevo.contacts())).filter(({ emailBlacklisted, email }) => email && !emailBlacklisted);
    const people = contacts.map(({ id, email, attributes }) => ({
      contact: id,
      email: email ?? '',
      profile: String(attributes['EXT_ID']),
    }));
    const [left, back, reader, bounced, unsubscribed, ...others] = people;
    if (!left || !back || !reader || !bounced || !unsubscribed) throw new Error('the shop has too few people');
    const metrics = await collected(klaviyo.records('metrics'));
    const metric = metrics.find(({ attributes }) => attributes['name'] === 'Opened Email')?.id ?? '';
    const happened = async (name: string, profile: string): Promise<Happening> => ({
      topic: topic(name),
      event: await klaviyo.addEvent({ metric, profile }),
    });

    // Klaviyo's.
    const happenings: Happening[] = [];
    const sent: SentDelivery[] = [];
    const tell = async (...some: Happening[]) => {
      happenings.push(...some);
      sent.push(...(await klaviyo.deliver(some)));
    };
    await klaviyo.edit(left.profile, consent('UNSUBSCRIBED'));
    await tell(await happened('unsubscribed_from_email_marketing', left.profile));
    await klaviyo.edit(back.profile, consent('UNSUBSCRIBED'));
    await tell(await happened('unsubscribed_from_email_marketing', back.profile));
    await workedOff(stack);
    await klaviyo.edit(back.profile, consent('SUBSCRIBED'));
    await tell(await happened('subscribed_to_email_marketing', back.profile));
    await tell(...(await Promise.all([1, 2, 3].map(() => happened('opened_email', reader.profile)))));

    // Brevo's.
    const now = Math.floor(Date.now() / 1_000);
    await brevo.edit(bounced.contact, { emailBlacklisted: true });
    await brevo.edit(unsubscribed.contact, { emailBlacklisted: true });
    const told: Record<string, unknown>[] = [
      { event: 'hard_bounce', email: bounced.email, camp_id: 3, ts_event: now, reason: 'no such user' },
      { event: 'unsubscribe', email: unsubscribed.email, camp_id: 3, ts_event: now },
      { event: 'list_addition', email: reader.email, list_id: [20], ts: now },
      { event: 'contact_updated', email: reader.email, ts: now, content: [{ email: reader.email }] },
      ...others.slice(0, 10).flatMap(({ email }, n) => [
        { event: 'delivered', email, camp_id: 3, ts_event: now + n },
        { event: 'opened', email, camp_id: 3, ts_event: now + n, 'campaign name': 'Spring' },
        { event: 'click', email, camp_id: 3, ts_event: now + n, URL: `https://example.com/${n}` },
        { event: 'soft_bounce', email, 'message-id': `<${n}@example.com>`, ts_event: now + n },
      ]),
      { event: 'opened', email: 'nobody@example.com', camp_id: 3, ts_event: now },
    ];
    sent.push(...(await brevo.deliver(told)));
    expect(sent.filter(({ status }) => status !== 200)).toEqual([]);
    await workedOff(stack);

    // What they told has come about: otherwise nothing is proven.
    const metricNames = new Map(
      (await collected(klaviyo.records('metrics'))).map(({ id, attributes }) => [id, attributes['name']]),
    );
    const counts: Record<string, number> = {};
    for (const { relationships } of await collected(klaviyo.records('events'))) {
      const name = String(metricNames.get(String(Object(relationships?.['metric'])['id'])));
      counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(counts).toMatchObject({
      'Brevo Email Delivered': 10,
      'Brevo Email Opened': 10,
      'Brevo Email Clicked': 10,
      'Brevo Email Soft Bounced': 10,
      'Brevo Email Hard Bounced': 1,
      'Brevo Email Unsubscribed': 1,
    });
    const profiles = new Set((await collected(klaviyo.profiles())).map(({ attributes }) => attributes['email']));
    expect(profiles.has('nobody@example.com')).toBe(false);

    // Klaviyo shows asynchronously what it was asked for: whatever is still on its way arrives first.
    await finished(stack, await stack.client.syncs.start({ mode: 'incremental' }), 60_000);
    const before = await everything(stack);
    await klaviyo.resetStats();
    await brevo.resetStats();

    // As they came.
    for (const delivery of shuffled([...sent, ...sent])) expect(await send(delivery)).toBe(200);
    await workedOff(stack);
    expect(await writes(stack)).toEqual({});
    // In new deliveries, which nothing recognises by their bodies: one by one, then all at once.
    for (const happening of shuffled([...happenings, ...happenings])) await klaviyo.deliver([happening]);
    for (const one of shuffled(told)) await brevo.deliver([{ ...one, again: 1 }]);
    await brevo.deliver(shuffled(told), true);
    await workedOff(stack);

    expect(await writes(stack)).toEqual({});
    expect(await everything(stack)).toEqual(before);
    for (const { email } of people) expect(stack.logs()).not.toContain(email);

    // Nor does a run carry to Brevo what came from there.
    const run = await finished(stack, await stack.client.syncs.start({ resources: ['events'], mode: 'incremental' }), 60_000);
    expect(run.totals['events']?.skipped).toMatchObject({ 'a message of Brevo that Klaviyo was told of': 42 });
    const names = (await collected(brevo.events())).map(({ event_name }) => event_name);
    expect(names.filter((name) => name.includes('brevo'))).toEqual([]);
  }, 150_000);
});

describe('where only Brevo tells Klaviyo', () => {
  it('engagement goes there, and of what Klaviyo tells only that somebody may not be mailed', async () => {
    const stack = await started('brevo-to-klaviyo', { profiles: 3, contacts: ['ann@example.com', 'bob@example.com'] });
    const { klaviyo, brevo } = stack.sandbox;
    const ann = async () => (await collected(brevo.contacts())).find(({ email }) => email === 'ann@example.com');
    const profile = (await collected(klaviyo.profiles())).find(({ attributes }) => attributes['email'] === 'ann@example.com');
    if (!profile) throw new Error('Ann did not come to Klaviyo');

    await brevo.deliver([{ event: 'opened', email: 'ann@example.com', camp_id: 1, ts_event: 1_780_000_000 }]);
    await workedOff(stack);
    expect((await collected(klaviyo.records('events'))).map(({ relationships }) => relationships?.['profile'])).toMatchObject([
      { id: profile.id },
    ]);

    expect(await ann()).toMatchObject({ emailBlacklisted: false });
    await klaviyo.edit(profile.id, { attributes: { first_name: 'Not hers' }, ...consent('UNSUBSCRIBED') });
    const metric = (await collected(klaviyo.records('metrics')))[0]?.id ?? '';
    const event = await klaviyo.addEvent({ metric, profile: profile.id });
    await klaviyo.deliver([{ topic: topic('unsubscribed_from_email_marketing'), event }]);
    await workedOff(stack);
    expect(await ann()).toMatchObject({ emailBlacklisted: true });
    expect(Object.values((await ann())?.attributes ?? {})).not.toContain('Not hers');
    expect(await collected(brevo.events())).toEqual([]);
    expect(await collected(brevo.contacts())).toHaveLength(2);
  }, 90_000);
});
