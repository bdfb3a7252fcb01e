import { afterEach, describe, expect, it } from '@jest/globals';
import type { Happening, SentDelivery, Subscriptions } from '@tajo/sandbox';
import { createStore, type Store } from '@tajo/store';
import { Redis } from 'ioredis';
import { collected } from '../support/brevo-sandbox.js';
import { finished } from '../support/ledger.js';
import { tajo } from '../support/run-to-end.js';
import { type Stack, startStack, until } from '../support/stack.js';

const SUBSCRIBED = 'event:klaviyo.subscribed_to_email_marketing';
const UNSUBSCRIBED = 'event:klaviyo.unsubscribed_from_email_marketing';
const OPENED = 'event:klaviyo.opened_email';

let open: Stack | undefined;
let opened: Store | undefined;
afterEach(async () => {
  await opened?.close();
  await open?.stop();
  open = undefined;
  opened = undefined;
});

function storeOf({ mongoUrl }: Stack): Store {
  return (opened = createStore(mongoUrl));
}

/** Everybody of a small shop in Brevo, and both vendors told where to deliver. */
async function started(env: Record<string, string> = {}): Promise<Stack> {
  open = await startStack({
    env,
    sandbox: { klaviyo: { profiles: 60, lists: 0, segments: 0, limits: 'off' }, brevo: { limits: 'off', importUnblocks: true } },
    connector: { event_mapping: { 'Opened Email': 'klaviyo_opened' }, limits: { enabled: false } },
  });
  const run = await open.client.syncs.start({ resources: ['profiles', 'events'], mode: 'full' });
  await finished(open, run, 60_000);
  expect(await open.client.webhooks.install()).toMatchObject({ klaviyo: { state: 'installed' }, brevo: { state: 'installed' } });
  return open;
}

/** As `GET /api/profiles` would say of somebody. */
function consent(state: 'SUBSCRIBED' | 'UNSUBSCRIBED'): { subscriptions: Subscriptions } {
  const isIn = state === 'SUBSCRIBED';
  const at = new Date().toISOString();
  const rest = { method: 'API', method_detail: null, custom_method_detail: null, double_optin: null, list_suppressions: [] };
  const suppression = isIn ? [] : [{ reason: 'UNSUBSCRIBE', timestamp: at }];
  const marketing = {
    can_receive_email_marketing: isIn,
    consent: state,
    consent_timestamp: at,
    last_updated: at,
    suppression,
    ...rest,
  };
  return { subscriptions: { email: { marketing } } };
}

/** People who may be mailed, by Klaviyo's id. */
async function mailable({ sandbox }: Stack): Promise<{ id: string; email: string; contact: number }[]> {
  const contacts = await collected(sandbox.brevo.contacts());
  return contacts
    .filter(({ emailBlacklisted, email }) => !emailBlacklisted && email)
    .map(({ attributes, email, id }) => ({ id: String(attributes['EXT_ID']), email: email ?? '', contact: id }));
}

async function isBlocked({ sandbox }: Stack, contact: number): Promise<boolean | undefined> {
  return (await collected(sandbox.brevo.contacts())).find(({ id }) => id === contact)?.emailBlacklisted;
}

async function happened({ sandbox }: Stack, topic: string, profile: string): Promise<Happening> {
  const metrics = await collected(sandbox.klaviyo.records('metrics'));
  const metric = metrics.find(({ attributes }) => attributes['name'] === 'Opened Email')?.id ?? '';
  return { topic, event: await sandbox.klaviyo.addEvent({ metric, profile }) };
}

async function tell(stack: Stack, ...happenings: readonly Happening[]): Promise<readonly SentDelivery[]> {
  const sent = await stack.sandbox.klaviyo.deliver(happenings);
  expect(sent.map(({ status }) => status)).toEqual([200]);
  return sent;
}

/** The same delivery once more. */
async function send({ url, headers, body }: SentDelivery): Promise<number> {
  return (await fetch(url, { method: 'POST', headers: { ...headers }, body })).status;
}

async function workedOff(stack: Stack): Promise<void> {
  await until(
    async () => {
      const { klaviyo, brevo } = await stack.client.webhooks.status();
      expect([klaviyo.deliveries.failed, brevo.deliveries.failed]).toEqual([0, 0]);
      return klaviyo.deliveries.received + brevo.deliveries.received === 0;
    },
    20_000,
    'the inbox to be worked off',
  );
}

/** Everything in Brevo, with how often it was written. */
async function everything({ sandbox }: Stack): Promise<unknown> {
  return { contacts: await collected(sandbox.brevo.contacts()), events: await collected(sandbox.brevo.events()) };
}

describe('what Klaviyo tells', () => {
  it('is read again at its source and written; told again in any order, it changes nothing', async () => {
    const stack = await started();
    const { klaviyo } = stack.sandbox;
    const [leaver, claimed, reader, back] = await mailable(stack);
    if (!leaver || !claimed || !reader || !back) throw new Error('the shop has too few people');

    await klaviyo.edit(leaver.id, consent('UNSUBSCRIBED'));
    const sent = [...(await tell(stack, await happened(stack, UNSUBSCRIBED, leaver.id)))];
    await until(async () => (await isBlocked(stack, leaver.contact)) === true, 10_000, 'the opt-out to be in Brevo');

    // What the delivery claims is not what the profile says.
    await klaviyo.edit(claimed.id, consent('UNSUBSCRIBED'));
    sent.push(...(await tell(stack, await happened(stack, SUBSCRIBED, claimed.id))));
    sent.push(...(await tell(stack, await happened(stack, SUBSCRIBED, leaver.id))));
    await workedOff(stack);
    expect([await isBlocked(stack, claimed.contact), await isBlocked(stack, leaver.contact)]).toEqual([true, true]);

    // Somebody new, several at once, the same event twice.
    const fresh = await klaviyo.add({ attributes: { email: 'just-came@example.com' }, ...consent('SUBSCRIBED') });
    const opening = await happened(stack, OPENED, reader.id);
    const subscription = await happened(stack, SUBSCRIBED, fresh);
    sent.push(...(await tell(stack, opening, opening, subscription)));
    sent.push(...(await tell(stack, subscription, opening)));
    await workedOff(stack);
    const contacts = await collected(stack.sandbox.brevo.contacts());
    expect(contacts.find(({ email }) => email === 'just-came@example.com')).toMatchObject({ emailBlacklisted: false });
    const events = await collected(stack.sandbox.brevo.events());
    expect(events.filter(({ sourceId }) => sourceId === opening.event)).toMatchObject([
      { occurrences: 1, event_name: 'klaviyo_opened' },
    ]);

    // The one who left comes back: the block was ours, so it is lifted.
    await klaviyo.edit(leaver.id, consent('SUBSCRIBED'));
    sent.push(...(await tell(stack, await happened(stack, SUBSCRIBED, leaver.id))));
    await until(async () => (await isBlocked(stack, leaver.contact)) === false, 10_000, 'the block to be lifted');
    await workedOff(stack);

    const before = await everything(stack);
    const atKlaviyo = await collected(klaviyo.profiles());
    for (const delivery of [...sent, ...sent].sort(() => Math.random() - 0.5)) expect(await send(delivery)).toBe(200);
    await workedOff(stack);
    expect(await everything(stack)).toEqual(before);
    expect(await collected(klaviyo.profiles())).toEqual(atKlaviyo);

    // Nor does the next run find anything to mend of them.
    await finished(stack, await stack.client.syncs.start({ resources: ['profiles', 'events'], mode: 'full' }), 60_000);
    expect(await isBlocked(stack, claimed.contact)).toBe(true);
    expect((await collected(stack.sandbox.brevo.events())).filter(({ occurrences }) => occurrences > 1)).toEqual([]);
    expect(stack.logs()).not.toContain('just-came@');
  }, 120_000);

  it('is not lost when everything dies after the answer, the queue included', async () => {
    const stack = await started();
    const [leaver] = await mailable(stack);
    if (!leaver) throw new Error('nobody may be mailed');
    for (const worker of stack.workers) await worker.kill();
    await stack.sandbox.klaviyo.edit(leaver.id, consent('UNSUBSCRIBED'));
    await tell(stack, await happened(stack, UNSUBSCRIBED, leaver.id));
    expect(await stack.client.webhooks.status()).toMatchObject({ klaviyo: { deliveries: { received: 1 } } });

    const redis = new Redis(stack.redisUrl);
    const keys = await redis.keys(`${stack.queuePrefix}:inbox:*`);
    expect(keys.length).toBeGreaterThan(0);
    await redis.del(...keys);
    redis.disconnect();

    await stack.startWorker();
    await until(async () => (await isBlocked(stack, leaver.contact)) === true, 20_000, 'the opt-out to be in Brevo');
  }, 90_000);
});

describe('what Brevo tells', () => {
  it('of an opt-out is never undone, whoever set the block first, and the delivery is kept', async () => {
    const stack = await started();
    const { klaviyo, brevo } = stack.sandbox;
    const [ours, both, deleted] = await mailable(stack);
    if (!ours || !both || !deleted) throw new Error('the shop has too few people');

    // Both leave at Klaviyo, so the entries are ours; one of them complains at Brevo too.
    for (const { id } of [ours, both]) await klaviyo.edit(id, consent('UNSUBSCRIBED'));
    await tell(stack, await happened(stack, UNSUBSCRIBED, ours.id), await happened(stack, UNSUBSCRIBED, both.id));
    await workedOff(stack);
    expect([await isBlocked(stack, ours.contact), await isBlocked(stack, both.contact)]).toEqual([true, true]);
    const now = Math.floor(Date.now() / 1_000);
    const told = [
      { event: 'spam', email: both.email, ts_event: now },
      { event: 'contact_updated', email: ours.email, ts: now, content: [{ email: ours.email }] },
      // Gone before we came to look.
      { event: 'unsubscribe', email: deleted.email, ts_event: now },
    ];
    await brevo.remove(deleted.contact);
    for (const { status } of await brevo.deliver(told)) expect(status).toBe(200);
    await workedOff(stack);

    for (const { id } of [ours, both]) await klaviyo.edit(id, consent('SUBSCRIBED'));
    const again = [ours, both, deleted].map(({ id }) => happened(stack, SUBSCRIBED, id));
    await tell(stack, ...(await Promise.all(again)));
    await workedOff(stack);
    expect([await isBlocked(stack, ours.contact), await isBlocked(stack, both.contact)]).toEqual([false, true]);
    const anew = async () => (await collected(brevo.contacts())).find(({ email }) => email === deleted.email);
    expect(await anew()).toMatchObject({ emailBlacklisted: true, everMailable: { email: false } });

    // Nor by a run, forced or not: here imports would lift what they are told to.
    const run = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full', force: true });
    await finished(stack, run, 60_000);
    expect([await isBlocked(stack, ours.contact), await isBlocked(stack, both.contact)]).toEqual([false, true]);
    expect(await anew()).toMatchObject({ emailBlacklisted: true, everMailable: { email: false } });

    expect(await stack.client.webhooks.status()).toMatchObject({ brevo: { deliveries: { done: 0, received: 0 } } });
    const store = storeOf(stack);
    expect((await store.inbox.counts('default', 'brevo')).kept).toBeGreaterThanOrEqual(3);
    expect(stack.logs()).not.toContain(both.email);
  }, 120_000);
});

describe('a webhook that Klaviyo switched off', () => {
  it('is switched on again by itself, and what happened meanwhile is read', async () => {
    const stack = await started({ WORKER_WEBHOOK_CHECK_SECONDS: '1' });
    const { klaviyo } = stack.sandbox;
    const [leaver] = await mailable(stack);
    if (!leaver) throw new Error('nobody may be mailed');
    await klaviyo.disableWebhooks();
    // Nobody is told of it.
    await klaviyo.edit(leaver.id, consent('UNSUBSCRIBED'));
    await until(async () => (await isBlocked(stack, leaver.contact)) === true, 20_000, 'the gap to be read');

    expect(await stack.client.webhooks.status()).toMatchObject({ klaviyo: { state: 'installed', gapFrom: null } });
    const { runs } = await stack.client.syncs.list();
    expect(runs.map(({ mode }) => mode)).toEqual(['incremental', 'full']);
    expect(runs[0]?.resources).toEqual(['profiles', 'events']);
    // Once, and not again at every look.
    await until(
      async () => (await stack.client.syncs.list()).runs.every(({ state }) => state === 'completed'),
      20_000,
      'the run',
    );
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await stack.client.syncs.list()).runs).toHaveLength(2);
    expect(stack.logs()).toContain('Klaviyo had switched the webhook off');
  }, 90_000);
});

describe('tajo webhooks', () => {
  it('installs what is missing, never a second one, and notices what the vendor switched off', async () => {
    const stack = await started();
    const { klaviyo } = stack.sandbox;
    const webhooks = (verb: string, ...more: string[]) => tajo(['webhooks', verb, ...more], stack.env);
    const first = await stack.client.webhooks.status();
    expect([first.klaviyo.ids.length, first.brevo.ids.length]).toEqual([1, 2]);
    expect(first.klaviyo.missing).toEqual([]);
    expect(first.polled.map(({ what }) => what)).toContain('Klaviyo: profile created or updated');

    const once = await webhooks('install', '--json');
    expect(once.code).toBe(0);
    expect(JSON.parse(once.out)).toMatchObject({
      klaviyo: { ids: first.klaviyo.ids, done: [] },
      brevo: { ids: first.brevo.ids, done: [] },
    });

    // Somebody lost our database: those at the vendors are found by their address and taken over.
    const store = storeOf(stack);
    for (const vendor of ['klaviyo', 'brevo'] as const) await store.webhooks.remove('default', vendor);
    expect(await stack.client.webhooks.status()).toMatchObject({
      klaviyo: { state: 'incomplete' },
      brevo: { state: 'incomplete' },
    });
    const both = await Promise.allSettled([stack.client.webhooks.install(), stack.client.webhooks.install()]);
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await stack.client.webhooks.status()).toMatchObject({
      klaviyo: { state: 'installed', ids: first.klaviyo.ids },
      brevo: { state: 'installed', ids: first.brevo.ids },
    });

    await klaviyo.disableWebhooks();
    const status = await webhooks('status');
    expect(status.code).toBe(3);
    expect(status.out).toContain('Klaviyo: disabled');
    const mended = await webhooks('install');
    expect(mended.code).toBe(0);
    expect(mended.out).toContain('switched');
    expect(mended.out).toContain('deliveries may be missing since');

    const [somebody] = await mailable(stack);
    const [before] = await tell(stack, await happened(stack, UNSUBSCRIBED, somebody?.id ?? ''));
    if (!before) throw new Error('nothing was sent');
    await stack.client.webhooks.rotate();
    expect(await send(before)).toBe(200);
    const [after] = await tell(stack, await happened(stack, UNSUBSCRIBED, somebody?.id ?? ''));
    expect(after?.url).not.toBe(before.url);
    await stack.client.webhooks.rotate({ immediately: true });
    expect(await send(before)).toBe(404);

    expect((await webhooks('remove')).code).toBe(0);
    expect(await stack.client.webhooks.status()).toMatchObject({ klaviyo: { state: 'absent' }, brevo: { state: 'absent' } });
    expect(await send(after ?? before)).toBe(404);
    for (const secret of [before.url, after?.url ?? ''])
      expect(stack.logs()).not.toContain(secret.slice(secret.lastIndexOf('/')));
  }, 120_000);
});
