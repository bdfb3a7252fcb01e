import { afterEach, describe, expect, it } from '@jest/globals';
import { collected } from '../support/brevo-sandbox.js';
import { finished, type Run } from '../support/ledger.js';
import { type Stack, type StackOptions, startStack } from '../support/stack.js';

const EVERYTHING = ['profiles', 'events', 'lists', 'segments', 'catalogs', 'campaigns'] as const;

const SHOP: StackOptions = {
  sandbox: {
    klaviyo: {
      profiles: 240,
      events: 300,
      lists: 3,
      segments: 1,
      catalogItems: 12,
      campaigns: 20,
      coupons: 0,
      couponCodes: 0,
      limits: 'off',
    },
    brevo: { limits: 'off', importDelayMs: 50, ecommerceActive: true },
  },
  connector: { limits: { enabled: false } },
};

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function sync(stack: Stack, mode: 'full' | 'incremental', resources: readonly (typeof EVERYTHING)[number][] = EVERYTHING) {
  const run = await finished(stack, await stack.client.syncs.start({ resources: [...resources], mode }), 60_000);
  expect(run).toMatchObject({ state: 'completed', balanced: true, problem: null });
  return run;
}

function written(run: Run): Record<string, number> {
  return Object.fromEntries(
    Object.entries(run.totals).flatMap(([name, counts]) => (counts.written > 0 ? [[name, counts.written]] : [])),
  );
}

async function writesToBrevo(stack: Stack): Promise<string[]> {
  return Object.keys(await stack.sandbox.brevo.stats()).filter((endpoint) => !endpoint.startsWith('GET '));
}

describe('an incremental run', () => {
  it('reads everything the first time, and of an account in which nothing changed only what it must, writing nothing', async () => {
    const stack = (open = await startStack(SHOP));
    const first = await sync(stack, 'incremental');
    expect(first.since).toEqual({});
    expect(first.totals['profiles']?.read).toBe(240);
    expect(first.reconciliation).toMatchObject({ differences: [], wronglyMailable: 0 });

    await stack.sandbox.brevo.resetStats();
    const second = await sync(stack, 'incremental');
    expect(Object.keys(second.since).sort()).toEqual(['campaigns', 'events', 'profiles']);
    expect(written(second)).toEqual({});
    expect(await writesToBrevo(stack)).toEqual([]);
    for (const name of ['profiles', 'events', 'campaigns', 'campaign-messages']) expect(second.totals[name]?.read).toBe(0);
    // Klaviyo cannot say what changed of these: they are read whole, and told by their hash.
    expect(second.totals['catalog-items']).toMatchObject({ read: 12, unchanged: 12 });
    expect(second.reconciliation).toBeNull();
  }, 90_000);

  it('carries what changed, also what moved no time of its own, and the run after it carries nothing', async () => {
    const stack = (open = await startStack(SHOP));
    const { klaviyo, brevo } = stack.sandbox;
    await sync(stack, 'full');

    const mailable = new Set(await collected(brevo.mailableEmails()));
    const inBrevo = (await collected(brevo.contacts())).filter(({ email }) => mailable.has(email ?? ''));
    const [edited, bounced, optedOut, visitor, joiner] = inBrevo.map(({ attributes }) => String(attributes['EXT_ID']));
    const addressOf = (id: string | undefined) => inBrevo.find(({ attributes }) => attributes['EXT_ID'] === id);
    const profiles = new Map((await collected(klaviyo.profiles())).map((profile) => [profile.id, profile]));
    const marketing = profiles.get(bounced ?? '')?.subscriptions?.email?.marketing;
    const metric = (await collected(klaviyo.records('metrics'))).find(({ attributes }) => attributes['name'] === 'Placed Order');
    const members = new Set(
      (await collected(klaviyo.members('list'))).filter(({ list }) => list === 'LIST02').map(({ profile }) => profile),
    );
    const [leaver] = [...members].filter((id) => inBrevo.some(({ attributes }) => attributes['EXT_ID'] === id));
    const [item] = await collected(klaviyo.records('catalog-items'));
    const [campaign] = await collected(klaviyo.records('campaigns'));

    await klaviyo.edit(edited ?? '', { attributes: { first_name: 'Renamed' } });
    // A bounce: the time of its own moves, that of the profile does not.
    const at = new Date().toISOString();
    if (!marketing) throw new Error('the profile has no consent');
    const suppressed = {
      ...marketing,
      can_receive_email_marketing: false,
      suppression: [{ reason: 'HARD_BOUNCE' as const, timestamp: at }],
    };
    const before = profiles.get(bounced ?? '');
    await klaviyo.edit(bounced ?? '', {
      attributes: { updated: before?.attributes.updated ?? '' },
      subscriptions: { ...before?.subscriptions, email: { marketing: suppressed } },
    });
    // Somebody opted out in Brevo itself, and is edited in Klaviyo, where they may still be mailed.
    await brevo.edit(addressOf(optedOut)?.id ?? 0, { emailBlacklisted: true });
    await klaviyo.edit(optedOut ?? '', { attributes: { first_name: 'Blocked' } });
    const newcomer = await klaviyo.add({ attributes: { email: 'newcomer@example.com' } });
    const late = await klaviyo.addEvent({
      metric: metric?.id ?? '',
      profile: visitor ?? '',
      datetime: new Date(Date.now() - 4 * 86_400_000).toISOString(),
      properties: { $value: 5 },
    });
    const hasJoined = members.has(joiner ?? '');
    if (!hasJoined) await klaviyo.join('list', 'LIST02', joiner ?? '', new Date(Date.now() - 2_000).toISOString());
    if (leaver && leaver !== joiner) await klaviyo.leave('list', 'LIST02', leaver);
    await klaviyo.editRecord('catalog-items', item?.id ?? '', { title: 'A new title', price: 12.5 });
    await klaviyo.editRecord('campaigns', campaign?.id ?? '', { name: 'Renamed', updated_at: at });

    const second = await sync(stack, 'incremental');
    expect(written(second)).toMatchObject({ profiles: 4, events: 1, 'catalog-items': 1, campaigns: 1 });
    expect(second.totals['profiles']?.read).toBeLessThan(10);
    expect(second.totals['campaign-messages']?.read).toBeLessThan(3);
    const now = new Map((await collected(brevo.contacts())).map((contact) => [String(contact.attributes['EXT_ID']), contact]));
    expect(now.get(edited ?? '')).toMatchObject({ attributes: { FIRSTNAME: 'Renamed' } });
    expect(now.get(bounced ?? '')?.emailBlacklisted).toBe(true);
    expect(now.get(optedOut ?? '')).toMatchObject({ emailBlacklisted: true, attributes: { FIRSTNAME: 'Blocked' } });
    expect(now.get(newcomer)?.email).toBe('newcomer@example.com');
    const occurrences = (await collected(brevo.events())).filter(({ sourceId }) => sourceId === late);
    expect(occurrences.map(({ occurrences: times }) => times)).toEqual([1]);
    if (!hasJoined) expect(written(second)['list-members']).toBe(1);
    if (leaver && leaver !== joiner)
      expect(second.comparisons['list-members']?.klaviyo).toMatchObject({ 'left since the last run': 1 });

    await brevo.resetStats();
    const third = await sync(stack, 'incremental');
    expect(written(third)).toEqual({});
    expect(await writesToBrevo(stack)).toEqual([]);
  }, 120_000);

  it('looks the contact of a single change up instead of reading all, and lifts no block of others', async () => {
    const klaviyo = { ...SHOP.sandbox?.klaviyo, profiles: 4_000 };
    const stack = (open = await startStack({ ...SHOP, sandbox: { ...SHOP.sandbox, klaviyo } }));
    const { brevo } = stack.sandbox;
    await sync(stack, 'full', ['profiles']);
    const mailable = new Set(await collected(brevo.mailableEmails()));
    const somebody = (await collected(brevo.contacts())).find(({ email }) => mailable.has(email ?? ''));
    await brevo.edit(somebody?.id ?? 0, { emailBlacklisted: true });
    await stack.sandbox.klaviyo.edit(String(somebody?.attributes['EXT_ID']), { attributes: { first_name: 'Blocked' } });

    await brevo.resetStats();
    expect(written(await sync(stack, 'incremental', ['profiles']))).toEqual({ profiles: 1 });
    const asked = await brevo.stats();
    expect(asked['GET /contacts']?.requests ?? 0).toBe(1);
    const now = (await collected(brevo.contacts())).find(({ id }) => id === somebody?.id);
    expect(now).toMatchObject({ emailBlacklisted: true, attributes: { FIRSTNAME: 'Blocked' } });
  }, 90_000);
});
