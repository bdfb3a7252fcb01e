import { afterEach, describe, expect, it } from '@jest/globals';
import { callBrevo, collected } from '../support/brevo-sandbox.js';
import { finished, type Run } from '../support/ledger.js';
import { type Stack, type StackOptions, startStack, until } from '../support/stack.js';

const BOTH_WAYS: StackOptions = {
  sandbox: {
    klaviyo: {
      profiles: 200,
      events: 0,
      lists: 0,
      segments: 0,
      catalogItems: 0,
      campaigns: 0,
      coupons: 0,
      couponCodes: 0,
      limits: 'off',
    },
    brevo: { limits: 'off', importDelayMs: 50 },
  },
  connector: {
    limits: { enabled: false },
    sync: {
      events: false,
      lists: false,
      segments: false,
      catalogs: false,
      campaigns: false,
      coupons: false,
      flows: false,
      templates: false,
      metrics: false,
    },
    direction: 'both',
    owner: { default: 'klaviyo', last_name: 'brevo', email: 'brevo', organization: 'newest' },
    lists: { all_contacts: 20, subscribers: 21 },
  },
};

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function sync(stack: Stack, mode: 'full' | 'incremental'): Promise<Run> {
  const run = await finished(stack, await stack.client.syncs.start({ resources: ['profiles'], mode }), 60_000);
  expect(run).toMatchObject({ state: 'completed', balanced: true, problem: null });
  return run;
}

/** Both sides after a first run and the one that learns what they agree on. */
async function inAgreement(options: StackOptions = BOTH_WAYS): Promise<Stack> {
  const stack = (open = await startStack(options));
  await sync(stack, 'full');
  await sync(stack, 'incremental');
  return stack;
}

async function writes(stack: Stack): Promise<string[]> {
  const { klaviyo, brevo } = stack.sandbox;
  const all = [...Object.keys(await klaviyo.stats()), ...Object.keys(await brevo.stats())];
  return all.filter((endpoint) => !endpoint.startsWith('GET '));
}

async function forgetWrites({ sandbox }: Stack): Promise<void> {
  await sandbox.klaviyo.resetStats();
  await sandbox.brevo.resetStats();
}

/** Every contact, its attributes by any name. */
async function contactsOf({ sandbox }: Stack) {
  const contacts = await collected(sandbox.brevo.contacts());
  return contacts.map((contact) => {
    const attributes: Readonly<Record<string, unknown>> = contact.attributes;
    return { ...contact, attributes };
  });
}

type Contact = Awaited<ReturnType<typeof contactsOf>>[number];

/** Contacts with an address and a name, in the order in which they were made. */
async function people(stack: Stack) {
  const mailableNow = new Set(await collected(stack.sandbox.brevo.mailableEmails()));
  const contacts = (await contactsOf(stack)).filter(
    ({ email, attributes }) => email && attributes['FIRSTNAME'] && attributes['LASTNAME'],
  );
  return {
    mailable: contacts.filter(({ email }) => mailableNow.has(email ?? '')),
    blocked: contacts.filter(({ email }) => !mailableNow.has(email ?? '')),
  };
}

async function put(stack: Stack, id: number, body: object): Promise<void> {
  expect((await callBrevo(stack.sandbox, 'PUT', `/contacts/${id}?identifierType=contact_id`, body)).status).toBe(204);
}

const idOf = (contact: Contact | undefined) => String(contact?.attributes['EXT_ID']);

async function profileOf(stack: Stack, id: string) {
  const profile = (await collected(stack.sandbox.klaviyo.profiles())).find((one) => one.id === id);
  if (!profile) throw new Error(`no profile ${id}`);
  return profile;
}

async function contactWith(stack: Stack, id: number) {
  const contact = (await contactsOf(stack)).find((one) => one.id === id);
  if (!contact) throw new Error(`no contact ${id}`);
  return contact;
}

describe('contacts that change in Brevo', () => {
  it('change their profiles as the attributes are owned, once, and the run after it writes nothing on either side', async () => {
    const stack = await inAgreement();
    const { mailable } = await people(stack);
    const [foreign, owned, newest, optedOut, moved, both] = mailable;
    if (!foreign || !owned || !newest || !optedOut || !moved || !both)
      throw new Error('the sandbox has too few mailable contacts');
    const before = await profileOf(stack, idOf(foreign));

    await put(stack, foreign.id, { attributes: { FIRSTNAME: 'Foreign' } });
    await put(stack, owned.id, { attributes: { LASTNAME: 'Owned' } });
    await put(stack, newest.id, { attributes: { COMPANY: 'Newest' } });
    await put(stack, optedOut.id, { emailBlacklisted: true });
    await put(stack, moved.id, { attributes: { EMAIL: 'moved@example.com' }, emailBlacklisted: false });
    await put(stack, both.id, { attributes: { LASTNAME: 'Brevo' } });
    await stack.sandbox.klaviyo.edit(idOf(both), { attributes: { first_name: 'Klaviyo', last_name: 'Lost' } });
    const made = await callBrevo(stack.sandbox, 'POST', '/contacts', {
      email: 'newcomer@example.com',
      attributes: { FIRSTNAME: 'New', LASTNAME: 'Comer', COMPANY: 'Nobody' },
    });

    const run = await sync(stack, 'incremental');
    expect(run.totals['brevo-contacts']?.tally).toMatchObject({
      'foreign.put_back': expect.any(Number),
      'consent.unsubscribed_email': 1,
      'profile.created': 1,
    });
    expect((await contactWith(stack, foreign.id)).attributes['FIRSTNAME']).toBe(before.attributes.first_name);
    expect((await profileOf(stack, idOf(foreign))).attributes.first_name).toBe(before.attributes.first_name);
    expect((await profileOf(stack, idOf(owned))).attributes.last_name).toBe('Owned');
    expect((await profileOf(stack, idOf(newest))).attributes.organization).toBe('Newest');
    expect((await profileOf(stack, idOf(moved))).attributes.email).toBe('moved@example.com');
    expect((await profileOf(stack, idOf(both))).attributes).toMatchObject({ first_name: 'Klaviyo', last_name: 'Brevo' });
    expect((await contactWith(stack, both.id)).attributes).toMatchObject({ FIRSTNAME: 'Klaviyo', LASTNAME: 'Brevo' });

    const consent = (await profileOf(stack, idOf(optedOut))).subscriptions?.email?.marketing;
    expect(consent).toMatchObject({ consent: 'UNSUBSCRIBED', can_receive_email_marketing: false });
    expect(await contactWith(stack, optedOut.id)).toMatchObject({
      emailBlacklisted: true,
      attributes: { KLAVIYO_EMAIL_CONSENT: 'unsubscribed' },
    });

    const newcomer = (await collected(stack.sandbox.klaviyo.profiles())).find(
      ({ attributes }) => attributes.email === 'newcomer@example.com',
    );
    expect(newcomer?.attributes).toMatchObject({ first_name: 'New', last_name: 'Comer', organization: 'Nobody' });
    const contact = await contactWith(stack, Number(made.body['id']));
    expect(contact.attributes['EXT_ID']).toBe(newcomer?.id);
    // Nobody opted out: that Klaviyo knows of no consent does not take away the one Brevo has.
    expect(contact).toMatchObject({ emailBlacklisted: false, listIds: [20] });

    await forgetWrites(stack);
    await sync(stack, 'incremental');
    expect(await writes(stack)).toEqual([]);
  }, 120_000);

  it('opt out in Klaviyo again when somebody lets them in there', async () => {
    const stack = await inAgreement();
    const [somebody] = (await people(stack)).mailable;
    const id = idOf(somebody);
    const subscribed = (await profileOf(stack, id)).subscriptions;
    await put(stack, somebody?.id ?? 0, { emailBlacklisted: true });
    await sync(stack, 'incremental');
    await stack.sandbox.klaviyo.edit(id, { subscriptions: subscribed });
    await sync(stack, 'incremental');
    expect((await profileOf(stack, id)).subscriptions?.email?.marketing?.consent).toBe('UNSUBSCRIBED');
    expect((await contactWith(stack, somebody?.id ?? 0)).emailBlacklisted).toBe(true);
    await forgetWrites(stack);
    await sync(stack, 'incremental');
    expect(await writes(stack)).toEqual([]);
  }, 120_000);

  it('are let in again with somebody who opts in, whatever else of them has to wait', async () => {
    const stack = await inAgreement();
    const contact = (await people(stack)).mailable.find(({ attributes }) => /^33[67]/.test(String(attributes['SMS'])));
    if (!contact) throw new Error('the sandbox has nobody mailable with a French number');
    const profile = await profileOf(stack, idOf(contact));
    const email = profile.subscriptions?.email?.marketing;
    if (!email) throw new Error('somebody mailable has a subscription');
    const none = { consent_timestamp: null, method: null, method_detail: null, last_updated: null };
    const sms = { marketing: { consent: 'SUBSCRIBED', can_receive_sms_marketing: true, ...none } };
    const suppression = [{ reason: 'UNSUBSCRIBE' as const, timestamp: '2026-01-01T00:00:00+00:00' }];
    const out = { ...email, consent: 'UNSUBSCRIBED' as const, can_receive_email_marketing: false, suppression };
    // Klaviyo takes an opt-out only of a number with its country: this one's stays open.
    await stack.sandbox.klaviyo.edit(profile.id, {
      attributes: {
        phone_number: `0${String(contact.attributes['SMS']).slice(2)}`,
        location: { ...profile.attributes.location, country: 'FR' },
      },
      subscriptions: { email: { marketing: out }, sms },
    });
    await sync(stack, 'incremental');
    expect((await contactWith(stack, contact.id)).emailBlacklisted).toBe(true);

    await stack.sandbox.klaviyo.edit(profile.id, { subscriptions: { email: { marketing: email }, sms } });
    await put(stack, contact.id, { smsBlacklisted: true });
    await sync(stack, 'incremental');
    expect((await profileOf(stack, profile.id)).subscriptions?.email?.marketing?.consent).toBe('SUBSCRIBED');
    expect(await contactWith(stack, contact.id)).toMatchObject({
      emailBlacklisted: false,
      smsBlacklisted: true,
      attributes: { KLAVIYO_EMAIL_CONSENT: 'subscribed', KLAVIYO_SUPPRESSED: 'NONE' },
    });
    await forgetWrites(stack);
    await sync(stack, 'incremental');
    expect(await writes(stack)).toEqual([]);
  }, 120_000);

  it('stand against a change of what Brevo owns in Klaviyo, though the contact has not changed', async () => {
    const stack = await inAgreement();
    const [renamed, moved, plain] = (await people(stack)).mailable;
    if (!renamed || !moved || !plain) throw new Error('the sandbox has too few mailable contacts');
    await stack.sandbox.klaviyo.edit(idOf(renamed), { attributes: { last_name: 'Foreign', first_name: 'Carried' } });
    await stack.sandbox.klaviyo.edit(idOf(moved), { attributes: { email: 'elsewhere@example.com' } });
    await stack.sandbox.klaviyo.edit(idOf(plain), { attributes: { organization: 'Newest' } });
    await sync(stack, 'incremental');
    expect((await profileOf(stack, idOf(renamed))).attributes).toMatchObject({
      last_name: renamed.attributes['LASTNAME'],
      first_name: 'Carried',
    });
    expect((await contactWith(stack, renamed.id)).attributes).toMatchObject({
      LASTNAME: renamed.attributes['LASTNAME'],
      FIRSTNAME: 'Carried',
    });
    expect((await profileOf(stack, idOf(moved))).attributes.email).toBe(moved.email);
    expect((await contactWith(stack, moved.id)).email).toBe(moved.email);
    expect((await contactWith(stack, plain.id)).attributes['COMPANY']).toBe('Newest');
    await sync(stack, 'incremental');
    await forgetWrites(stack);
    await sync(stack, 'incremental');
    expect(await writes(stack)).toEqual([]);
  }, 120_000);

  it('travel by one import where they are many, and a row it refuses is a rejection of its own', async () => {
    const stack = await inAgreement();
    const { mailable, blocked } = await people(stack);
    const changed = [...mailable, ...blocked].slice(0, 70);
    for (const [n, { id }] of changed.entries()) await put(stack, id, { attributes: { LASTNAME: `Name ${n}` } });
    const clash = await callBrevo(stack.sandbox, 'POST', '/contacts', {
      email: 'clash@example.com',
      attributes: { LASTNAME: 'Clash', SMS: '+33698765432' },
    });

    await forgetWrites(stack);
    const { klaviyo } = stack.sandbox;
    const path = '/api/profile-bulk-import-jobs';
    await klaviyo.fault({ kind: 'slow', method: 'POST', path, delayMs: 1_500 });
    const started = await stack.client.syncs.start({ resources: ['profiles'], mode: 'incremental' });
    await until(async () => (await klaviyo.faults()).some(({ hits }) => hits > 0), 20_000, 'the import');
    // While it is under way two profiles come up, one with the address and one with the number.
    await klaviyo.add({ attributes: { email: 'clash@example.com' } });
    await klaviyo.add({ attributes: { phone_number: '+33698765432' } });
    const run = await finished(stack, started, 60_000);
    expect(run).toMatchObject({ state: 'completed', balanced: true, problem: null });
    expect(await writes(stack)).toContain(`POST ${path}`);
    expect(run.totals['brevo-contacts']).toMatchObject({ written: 70, rejected: { klaviyo_import_refused: 1 } });
    const { rejections } = await stack.client.rejections.list({ resource: 'brevo-contacts' });
    expect(rejections.map(({ sourceId }) => sourceId)).toEqual([String(clash.body['id'])]);
    const profiles = new Map((await collected(stack.sandbox.klaviyo.profiles())).map((one) => [one.id, one]));
    const names = changed.map((contact) => profiles.get(idOf(contact))?.attributes.last_name);
    expect(names).toEqual(changed.map((_, n) => `Name ${n}`));

    await forgetWrites(stack);
    const next = await sync(stack, 'incremental');
    // The two profiles that came up are news for Brevo, nothing else is.
    expect(next.totals['profiles']?.written).toBe(2);
    expect(next.totals['brevo-contacts']?.written).toBe(0);
    expect(await writes(stack)).not.toContain(`POST ${path}`);
  }, 120_000);

  it('arrive once when the worker is killed in the midst of them', async () => {
    const stack = await inAgreement();
    const { mailable } = await people(stack);
    const changed = mailable.slice(0, 30);
    for (const [n, { id }] of changed.entries()) await put(stack, id, { attributes: { LASTNAME: `Name ${n}` } });
    for (const { id } of mailable.slice(30, 36)) await put(stack, id, { emailBlacklisted: true });
    for (let n = 0; n < 10; n += 1) await callBrevo(stack.sandbox, 'POST', '/contacts', { email: `new${n}@example.com` });

    await forgetWrites(stack);
    const started = await stack.client.syncs.start({ resources: ['profiles'], mode: 'incremental' });
    for (const endpoint of ['PATCH /api/profiles/{id}', 'POST /api/profiles']) {
      await until(async () => Object.keys(await stack.sandbox.klaviyo.stats()).includes(endpoint), 20_000, endpoint);
      await stack.workers.at(-1)?.kill();
      await stack.startWorker();
    }
    const run = await finished(stack, started, 60_000);
    expect(run).toMatchObject({ state: 'completed', balanced: true, problem: null });

    const profiles = await collected(stack.sandbox.klaviyo.profiles());
    const byId = new Map(profiles.map((one) => [one.id, one]));
    expect(changed.map((contact) => byId.get(idOf(contact))?.attributes.last_name)).toEqual(changed.map((_, n) => `Name ${n}`));
    const states = mailable.slice(30, 36).map((one) => byId.get(idOf(one))?.subscriptions?.email?.marketing?.consent);
    expect(new Set(states)).toEqual(new Set(['UNSUBSCRIBED']));
    expect(profiles.filter(({ attributes }) => /^new\d@/.test(attributes.email ?? ''))).toHaveLength(10);

    await forgetWrites(stack);
    await sync(stack, 'incremental');
    expect(await writes(stack)).toEqual([]);
  }, 120_000);

  it('are brought over at once where Brevo tells of them, and told again they change nothing', async () => {
    const stack = await inAgreement();
    const { brevo } = stack.sandbox;
    expect(await stack.client.webhooks.install()).toMatchObject({ brevo: { state: 'installed' } });
    const [renamed, complaint] = (await people(stack)).mailable;
    if (!renamed || !complaint) throw new Error('the sandbox has too few mailable contacts');
    const workedOff = () =>
      until(
        async () => {
          const status = await stack.client.webhooks.status();
          expect([status.klaviyo.deliveries.failed, status.brevo.deliveries.failed]).toEqual([0, 0]);
          return status.klaviyo.deliveries.received + status.brevo.deliveries.received === 0;
        },
        20_000,
        'the inbox to be worked off',
      );

    await brevo.edit(renamed.id, { attributes: { LASTNAME: 'Live', FIRSTNAME: 'Foreign' }, tell: true });
    await brevo.edit(complaint.id, { emailBlacklisted: true });
    const told = await brevo.deliver([{ event: 'spam', email: complaint.email, ts_event: Math.floor(Date.now() / 1_000) }]);
    await workedOff();
    expect((await profileOf(stack, idOf(renamed))).attributes.last_name).toBe('Live');
    expect((await contactWith(stack, renamed.id)).attributes['FIRSTNAME']).toBe(renamed.attributes['FIRSTNAME']);
    const marketing = (await profileOf(stack, idOf(complaint))).subscriptions?.email?.marketing;
    expect(marketing).toMatchObject({ can_receive_email_marketing: false, suppression: [expect.anything()] });

    await sync(stack, 'incremental');
    await forgetWrites(stack);
    for (const { url, headers, body } of told)
      expect((await fetch(url, { method: 'POST', headers: { ...headers }, body })).status).toBe(200);
    await brevo.deliver([{ event: 'contact_updated', email: renamed.email, ts: Math.floor(Date.now() / 1_000) }]);
    await workedOff();
    await sync(stack, 'incremental');
    expect((await writes(stack)).filter((endpoint) => !endpoint.includes('webhook'))).toEqual([]);
  }, 120_000);

  it('go to Klaviyo alone where the direction says so: Brevo is read and not written', async () => {
    const stack = (open = await startStack({
      ...BOTH_WAYS,
      connector: { ...BOTH_WAYS.connector, direction: 'brevo-to-klaviyo', owner: 'brevo' },
    }));
    const [known] = await collected(stack.sandbox.klaviyo.profiles());
    for (let n = 0; n < 3; n += 1)
      await callBrevo(stack.sandbox, 'POST', '/contacts', { email: `only${n}@example.com`, emailBlacklisted: n === 2 });
    await forgetWrites(stack);
    const run = await sync(stack, 'full');
    expect(Object.keys(run.totals)).toEqual(['brevo-contacts']);
    expect(run.totals['brevo-contacts']).toMatchObject({ read: 3, written: 3 });
    const made = (await collected(stack.sandbox.klaviyo.profiles())).filter(({ attributes }) =>
      attributes.email?.startsWith('only'),
    );
    expect(new Set(made.map(({ attributes }) => attributes.email))).toEqual(
      new Set([0, 1, 2].map((n) => `only${n}@example.com`)),
    );
    const blocked = made.find(({ attributes }) => attributes.email === 'only2@example.com');
    expect(blocked?.subscriptions?.email?.marketing?.can_receive_email_marketing).toBe(false);
    expect((await writes(stack)).filter((endpoint) => endpoint.includes('/contacts'))).toEqual([]);
    expect((await profileOf(stack, known?.id ?? '')).attributes).toEqual(known?.attributes);

    await forgetWrites(stack);
    expect((await sync(stack, 'incremental')).totals['brevo-contacts']).toMatchObject({ written: 0 });
    expect(await writes(stack)).toEqual([]);
  }, 120_000);

  it('join and leave lists in Klaviyo as they do in Brevo, where lists go both ways', async () => {
    const stack = (open = await startStack({
      sandbox: { ...BOTH_WAYS.sandbox, klaviyo: { ...BOTH_WAYS.sandbox?.klaviyo, profiles: 80, lists: 2 } },
      connector: {
        ...BOTH_WAYS.connector,
        sync: { ...Object(BOTH_WAYS.connector?.['sync']), lists: true },
        lists_direction: 'both',
      },
    }));
    const { klaviyo } = stack.sandbox;
    const run = async (mode: 'full' | 'incremental') => {
      const done = await finished(stack, await stack.client.syncs.start({ resources: ['profiles', 'lists'], mode }), 60_000);
      expect(done).toMatchObject({ state: 'completed', balanced: true, problem: null });
      return done;
    };
    // LIST01 has everybody, LIST02 nobody to begin with.
    for (const { id } of (await collected(klaviyo.profiles())).slice(0, 40)) await klaviyo.join('list', 'LIST02', id);
    await run('full');
    await run('incremental');
    const members = async () =>
      new Set((await collected(klaviyo.members('list'))).map(({ list, profile }) => `${list ?? ''}|${profile}`));
    const before = await members();
    const { body } = await callBrevo(stack.sandbox, 'GET', '/contacts/lists?limit=50');
    const inBrevo = new Map((body['lists'] as { id: number; name: string }[]).map(({ id, name }) => [name, id]));
    const contacts = (await contactsOf(stack)).filter(({ attributes }) => attributes['EXT_ID']);
    const lists = (await collected(klaviyo.records('lists'))).map(({ id, attributes }) => ({
      id,
      brevo: inBrevo.get(String(attributes['name'])) ?? 0,
    }));
    const list = lists.find(({ brevo }) => {
      const on = contacts.filter(({ listIds }) => listIds.includes(brevo)).length;
      return on > 0 && on < contacts.length;
    });
    const listId = list?.brevo ?? 0;
    const joiner = contacts.find(({ listIds }) => !listIds.includes(listId));
    const leaver = contacts.find(({ listIds }) => listIds.includes(listId));
    if (!list || !joiner || !leaver) throw new Error('the sandbox has nobody to join or leave');

    await stack.sandbox.brevo.edit(joiner.id, { listIds: [listId] });
    await stack.sandbox.brevo.edit(leaver.id, { unlinkListIds: [listId] });
    await run('incremental');
    const expected = new Set([...before, `${list.id}|${idOf(joiner)}`]);
    expected.delete(`${list.id}|${idOf(leaver)}`);
    expect(await members()).toEqual(expected);

    await forgetWrites(stack);
    await run('incremental');
    expect(await writes(stack)).toEqual([]);
    expect(await members()).toEqual(expected);
    expect((await contactWith(stack, joiner.id)).listIds).toContain(listId);
    expect((await contactWith(stack, leaver.id)).listIds).not.toContain(listId);
  }, 120_000);
});
