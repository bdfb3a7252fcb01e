import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BadInput, RetryLater } from '@tajo/errors';
import type { NotedKeptRow } from '@tajo/mapping';
import type { SandboxOptions } from '@tajo/sandbox';
import { type Batch, createStore, type Store } from '@tajo/store';
import { collected } from '../../../../../test/support/brevo-sandbox.js';
import { withDatabase } from '../../../../../test/support/stack.js';
import { openTargetWorld, type TargetWorld } from '../../../../../test/support/target-world.js';
import type { RunContext, Settled, Target } from '../target.js';
import { campaigns, templates } from './index.js';
import { senderFor } from './rules.js';

let store: Store;
let world: TargetWorld;
let context: RunContext;

beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `copies_${randomUUID().slice(0, 8)}`));
  await store.migrate();
});
afterAll(() => store.close());
afterEach(() => world.close());

/** The account copies campaigns, and both resources are planned. */
async function start(brevo: SandboxOptions['brevo'] = {}, settings: { sender?: string } = {}): Promise<void> {
  world = await openTargetWorld(store, { resources: ['campaign-messages', 'templates'], sandbox: { brevo: brevo ?? {} } });
  const { work } = world.context;
  const { account } = work.config;
  const config = {
    ...work.config,
    account: { ...account, campaigns: { copy: 'drafts', ...settings }, profileMapping: { first_name: 'FIRSTNAME' } },
  };
  // As much of it as these targets use.
  context = { ...world.context, work: { ...work, config }, stored: { propertyNames: {} } } as unknown as RunContext;
  Object.assign(context.run.rules, {
    'campaign-messages': await campaigns.plan(context, 'campaign-messages'),
    templates: await templates.plan(context, 'templates'),
  });
}

const message = (id: string, { html = '<p>Hi {{ first_name }}, {{ event.x }}</p>', subject = 'Hello' } = {}): NotedKeptRow => ({
  sourceId: id,
  kept: {
    campaign: 'C1',
    channel: 'email',
    definition: { channel: 'email', label: 'A', content: { subject, from_email: 'shop@example.com' } },
    template: { id: `CT-${id}`, html },
  },
});

const template = (id: string, html = '<p>Hi {{ first_name }} and welcome</p>'): NotedKeptRow => ({
  sourceId: id,
  kept: { name: `Template ${id}`, html },
});

/** Through the target as the engine takes it: admitted, delivered, settled. */
async function through(target: Target, resource: string, rows: readonly NotedKeptRow[]) {
  const { outgoing, unchanged } = await target.admit(context, resource, rows);
  if (outgoing.length === 0) return { unchanged, settled: undefined };
  const [batch] = await world.sliceWith(resource, [outgoing[0]?.group ?? {}]);
  if (!batch) throw new Error('a batch was asked for');
  const delivery = await target.deliver(
    context,
    batch as unknown as Batch,
    outgoing.map(({ row }) => row),
  );
  if (delivery.kind !== 'settled') throw new Error('settled at once');
  await world.settle(batch, delivery.settled.written);
  return { unchanged, settled: delivery.settled };
}

const copyOf = (settled: Settled | undefined, at = 0) => settled?.written[at]?.kept?.['copy'];
const drafts = () => collected(world.sandbox.brevo.campaigns());
const templatesThere = () => collected(world.sandbox.brevo.templates());

async function inBrevo(method: string, path: string, body: object): Promise<void> {
  const { brevoUrl, keys } = world.sandbox;
  const headers = { 'api-key': keys.brevoApiKey, 'content-type': 'application/json' };
  const { ok } = await fetch(brevoUrl + path, { method, headers, body: JSON.stringify(body) });
  expect(ok).toBe(true);
}

describe('a draft', () => {
  it('has the campaign, its sender, its lists and its text in the words of Brevo', async () => {
    await start();
    await world.keep('campaigns', 'C1', {
      name: 'Spring',
      audiences: { included: ['L1', 'S1', 'gone'], excluded: ['L2'] },
      messages: ['M1'],
    });
    await world.putLinks('lists', [
      { sourceId: 'L1', hash: 'h', targetId: 20 },
      { sourceId: 'L2', hash: 'h', targetId: 22 },
    ]);
    await world.putLinks('segments', [{ sourceId: 'S1', hash: 'h', targetId: 21 }]);
    const { settled } = await through(campaigns, 'campaign-messages', [message('M1')]);
    expect(await drafts()).toMatchObject([
      {
        name: 'Spring [klaviyo:M1]',
        status: 'draft',
        subject: 'Hello',
        sender: { email: 'shop@example.com' },
        recipients: { lists: [20, 21], exclusionLists: [22] },
        htmlContent: '<p>Hi {{ contact.FIRSTNAME }}, {{ event.x }}</p>',
      },
    ]);
    expect(copyOf(settled)).toEqual({
      id: 1,
      untranslated: ['{{ event.x }}'],
      notes: ['recipients incomplete: an audience is no list in Brevo'],
    });
    expect(settled?.written[0]).toMatchObject({
      link: { sourceId: 'M1', targetId: 1 },
      tally: ['copy.made'],
      fields: ['copy: recipients incomplete: an audience is no list in Brevo', 'copy: not translated: {{ event.x }}'],
    });
  });

  it('is made once: the same message is unchanged, a changed one is kept and the draft left to those who edit it', async () => {
    await start();
    await through(campaigns, 'campaign-messages', [message('M1')]);
    const { unchanged } = await through(campaigns, 'campaign-messages', [message('M1')]);
    expect(unchanged).toHaveLength(1);
    const { settled } = await through(campaigns, 'campaign-messages', [message('M1', { html: '<p>Other words</p>' })]);
    expect(copyOf(settled)).toMatchObject({ id: 1, notes: [expect.stringMatching(/^left as it is/)] });
    expect(await drafts()).toHaveLength(1);
  });

  it('that an interrupted delivery left is found again', async () => {
    await start();
    await world.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/emailCampaigns', times: 1 });
    const lost = await through(campaigns, 'campaign-messages', [message('M1')]).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(RetryLater);
    const { settled } = await through(campaigns, 'campaign-messages', [message('M1'), message('M2')]);
    expect(settled?.written.map(({ link }) => link.targetId)).toEqual([1, 2]);
    expect((await drafts()).map(({ name }) => name)).toEqual(['M1 [klaviyo:M1]', 'M2 [klaviyo:M2]']);
  });

  it('that fails half way leaves what is done settled, and the rest to go again', async () => {
    await start();
    await world.sandbox.brevo.fault({ kind: 'status', status: 503, method: 'POST', path: '/emailCampaigns', skip: 1, times: 1 });
    const { settled } = await through(
      campaigns,
      'campaign-messages',
      ['M1', 'M2', 'M3'].map((id) => message(id)),
    );
    expect(settled?.written).toHaveLength(1);
    expect(settled?.again).toMatchObject([
      { group: { copy: 'drafts' }, rows: [{ row: { sourceId: 'M2' } }, { row: { sourceId: 'M3' } }] },
    ]);
  });

  it.each([
    ['the message has no HTML', message('M1', { html: ' ' })],
    ['the message has no HTML', { ...message('M1'), kept: { ...message('M1').kept, template: null } }],
  ])('is not made where %s: the message is kept all the same', async (why, row) => {
    await start();
    const { settled } = await through(campaigns, 'campaign-messages', [row]);
    expect(copyOf(settled)).toEqual({ id: null, untranslated: [], notes: [`no copy: ${why}`] });
    expect(await drafts()).toEqual([]);
  });

  it('is not made of a text message, for which Brevo is not even asked', async () => {
    await start();
    const row = { sourceId: 'M1', kept: { channel: 'sms', campaign: 'C1' } };
    await world.sandbox.brevo.resetStats();
    const { settled } = await through(campaigns, 'campaign-messages', [row]);
    expect(settled?.written[0]?.kept).toEqual(row.kept);
    expect(await world.sandbox.brevo.stats()).toEqual({});
  });

  it('that Brevo refuses costs nobody else theirs', async () => {
    await start();
    await world.sandbox.brevo.fault({ kind: 'status', status: 400, method: 'POST', path: '/emailCampaigns', times: 1 });
    const { settled } = await through(campaigns, 'campaign-messages', [message('M1'), message('M2')]);
    expect(copyOf(settled, 0)).toMatchObject({ id: null, notes: [expect.stringMatching(/^no copy: Brevo refused it/)] });
    expect(copyOf(settled, 1)).toMatchObject({ id: 1 });
  });

  it('has the name for a subject where the message has none', async () => {
    await start();
    const { settled } = await through(campaigns, 'campaign-messages', [message('M1', { subject: '' })]);
    expect((await drafts())[0]).toMatchObject({ subject: 'M1' });
    expect(copyOf(settled)).toMatchObject({ notes: expect.arrayContaining([expect.stringMatching(/no subject/)]) });
  });
});

describe('the results of drafts', () => {
  it('are kept as Brevo has them', async () => {
    await start();
    await through(campaigns, 'campaign-messages', [message('M1')]);
    await campaigns.complete?.(context, 'campaign-messages');
    const kept = await store.archive.find(world.account, 'brevo-campaign-results', ['M1']);
    expect(kept.get('M1')?.data).toEqual({ id: 1, status: 'draft', statistics: {} });
  });

  it('stand beside those of campaigns that were made at Brevo, of which drafts have none', async () => {
    await start();
    await through(campaigns, 'campaign-messages', [message('M1')]);
    const statistics = { sent: 100, delivered: 98, uniqueViews: 40 };
    const id = await world.sandbox.brevo.sendCampaign({ name: 'Theirs', sentDate: '2026-01-01T10:00:00.000Z', statistics });
    const draft = { name: 'Not yet', subject: 's', sender: { id: 1 }, htmlContent: '<p>Not written yet</p>' };
    await context.account.brevo.createCampaignDraft(draft);
    for (let time = 0; time < 2; time += 1) await campaigns.complete?.(context, 'campaign-messages');
    const kept = await store.archive.page({ account: world.account, resource: 'brevo-campaigns' });
    expect(kept.map(({ sourceId, data }) => [sourceId, data])).toEqual([
      [
        String(id),
        {
          id,
          name: 'Theirs',
          status: 'sent',
          type: 'classic',
          channel: 'email',
          sent: '2026-01-01T10:00:00.000Z',
          scheduled: null,
          statistics,
        },
      ],
    ]);
  });

  it('are left as they were when Brevo cannot be asked', async () => {
    await start();
    await through(campaigns, 'campaign-messages', [message('M1')]);
    await world.sandbox.brevo.fault({ kind: 'status', status: 503, path: '/emailCampaigns', times: 1 });
    await campaigns.complete?.(context, 'campaign-messages');
    expect((await store.archive.find(world.account, 'brevo-campaign-results', ['M1'])).size).toBe(0);
  });
});

describe('a template', () => {
  it('is made inactive, updated while nobody uses it, and left alone from then on', async () => {
    await start();
    await through(templates, 'templates', [template('T1')]);
    expect(await templatesThere()).toMatchObject([
      { name: 'Template T1', tag: 'klaviyo:T1', isActive: false, htmlContent: '<p>Hi {{ contact.FIRSTNAME }} and welcome</p>' },
    ]);

    await through(templates, 'templates', [template('T1', '<p>Second version</p>')]);
    expect(await templatesThere()).toMatchObject([{ htmlContent: '<p>Second version</p>', isActive: false }]);

    await inBrevo('PUT', '/smtp/templates/1', { isActive: true });
    const { settled } = await through(templates, 'templates', [template('T1', '<p>Third version</p>')]);
    expect(copyOf(settled)).toMatchObject({ id: 1, notes: ['not updated: the copy is in use in Brevo'] });
    expect(await templatesThere()).toMatchObject([{ htmlContent: '<p>Second version</p>' }]);
  });

  it('that an interrupted delivery left is found again', async () => {
    await start();
    await world.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path: '/smtp/templates', times: 1 });
    await through(templates, 'templates', [template('T1')]).catch(() => undefined);
    await through(templates, 'templates', [template('T1')]);
    expect(await templatesThere()).toHaveLength(1);
  });

  it('goes by portions, so that none is lost from sight', async () => {
    await start();
    const rows = Array.from({ length: 30 }, (_, n) => template(`T${n}`));
    const { settled } = await through(templates, 'templates', rows);
    expect([settled?.written.length, settled?.again[0]?.rows.length]).toEqual([25, 5]);
  });
});

describe('the sender', () => {
  const rules = {
    copies: true,
    senders: [
      { id: 1, email: 'a@example.com' },
      { id: 2, email: 'b@example.com' },
    ],
    preferred: null,
    organization: null,
  };

  it('is the one named, else the one with the same address, else the first', async () => {
    await start();
    expect(senderFor({ ...rules, preferred: 9 }, 'b@example.com')).toBe(9);
    expect(senderFor(rules, 'B@Example.com')).toBe(2);
    expect(senderFor(rules, 'c@example.com')).toBe(1);
    expect(senderFor({ ...rules, senders: [] }, 'c@example.com')).toBeNull();
  });

  it('that is named and not verified stops the campaigns before anything is written', async () => {
    await expect(start({}, { sender: 'unverified@example.com' })).rejects.toThrow(BadInput);
    await world.close();
    await expect(start({}, { sender: 'shop@example.com' })).resolves.toBeUndefined();
  });

  it('that is missing altogether leaves everything kept and nothing copied', async () => {
    await start({ senders: [] });
    const { settled } = await through(campaigns, 'campaign-messages', [message('M1')]);
    expect(copyOf(settled)).toMatchObject({ id: null, notes: ['no copy: the Brevo account has no verified sender'] });
    expect(await drafts()).toEqual([]);
  });
});
