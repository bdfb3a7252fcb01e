import { describe, expect, it } from '@jest/globals';
import { personMarksOf } from '@tajo/accounts';
import type { AccountSettings } from '@tajo/config';
import { RetryLater } from '@tajo/errors';
import type { Delivery } from '@tajo/store';
import { collected } from '../../../../test/support/brevo-sandbox.js';
import { useWorlds, world, type World } from '../targets/target.test-kit.js';
import type { Work } from '../work.js';
import { workOffBrevo } from './brevo-delivery.js';

useWorlds();

const AT = 1_780_000_000;
const JANE = 'jane@example.com';

interface Shop extends World {
  readonly work: Work;
  readonly account: string;
  /** Klaviyo's id of Jane, who is linked. */
  readonly jane: string;
}

/** Jane is at both vendors and linked. */
async function shop(settings: Partial<AccountSettings> = {}): Promise<Shop> {
  const here = await world();
  const { context, sandbox, store } = here;
  const { account } = context.run;
  const config = {
    ...context.work.config,
    encryptionKey: 'k'.repeat(32),
    account: { ...context.work.config.account, direction: 'both' as const, ...settings },
  };
  // The only account there is.
  const accounts = { open: async () => context.account } as unknown as Work['accounts'];
  const jane = await sandbox.klaviyo.add({ attributes: { email: JANE } });
  await sandbox.brevo.add({ email: JANE, ext_id: jane });
  await store.links.put({ account, resource: 'profiles', run: 'r0' }, [{ sourceId: jane, hash: 'x' }], new Date());
  return { ...here, work: { ...context.work, config, accounts }, account, jane };
}

let serial = 0;
/** As if the events had come in a delivery of their own. Answers what became of it. */
async function told(here: Shop, events: unknown): Promise<Delivery> {
  const { store, work, account } = here;
  const { id } = await store.inbox.receive({ account, vendor: 'brevo', hash: `h${(serial += 1)}`, sealed: 'x' }, work.now());
  return again(here, id, events);
}

async function again({ store, work }: Shop, id: string, events: unknown): Promise<Delivery> {
  const delivery = await store.inbox.get(id);
  if (!delivery) throw new Error('the delivery is gone');
  await workOffBrevo(work, delivery, JSON.stringify(events));
  const after = await store.inbox.get(id);
  if (!after) throw new Error('the delivery is gone');
  return after;
}

const opened = (n: number, more: object = {}) => ({ event: 'opened', email: JANE, camp_id: 1, ts_event: AT + n, ...more });

const idOf = (related: unknown) => String(Object(related)['id']);

/** Events at Klaviyo that came from Brevo. */
async function atKlaviyo({ sandbox }: Shop) {
  const metrics = new Map(
    (await collected(sandbox.klaviyo.records('metrics'))).map(({ id, attributes }) => [id, attributes['name']]),
  );
  const events = await collected(sandbox.klaviyo.records('events'));
  return events.map(({ attributes, relationships = {} }) => ({
    metric: metrics.get(idOf(relationships['metric'])),
    profile: idOf(relationships['profile']),
    at: String(attributes['datetime']),
  }));
}

const requests = async ({ sandbox }: Shop, name: string) => (await sandbox.klaviyo.stats())[name]?.requests ?? 0;
const SINGLE = 'POST /api/events';
const JOB = 'POST /api/event-bulk-create-jobs';

describe('what Brevo tells of its messages', () => {
  it('is an event of the profile, once, however often and in whatever order it is told', async () => {
    const here = await shop();
    const events = [
      opened(1),
      { event: 'click', email: 'Jane@Example.com ', camp_id: 1, ts_event: AT + 2, URL: 'https://example.com' },
      { event: 'soft_bounced', email: JANE, 'message-id': '<1@x>', ts_epoch: (AT + 3) * 1_000 },
    ];
    const first = await told(here, events);
    expect(first).toMatchObject({
      state: 'done',
      sealed: null,
      outcome: {
        'engagement.written.Brevo Email Opened': 1,
        'engagement.written.Brevo Email Clicked': 1,
        'engagement.written.Brevo Email Soft Bounced': 1,
      },
    });
    const expected = [
      { metric: 'Brevo Email Opened', profile: here.jane, at: new Date((AT + 1) * 1_000) },
      { metric: 'Brevo Email Clicked', profile: here.jane, at: new Date((AT + 2) * 1_000) },
      { metric: 'Brevo Email Soft Bounced', profile: here.jane, at: new Date((AT + 3) * 1_000) },
    ];
    const seen = async () =>
      (await atKlaviyo(here)).map((one) => ({ ...one, at: new Date(one.at) })).sort((a, b) => +a.at - +b.at);
    expect(await seen()).toEqual(expected);

    // Each by itself, the last first, and months later.
    await here.sandbox.klaviyo.resetStats();
    here.clock.now += 200 * 86_400_000;
    for (const one of events.toReversed()) expect((await told(here, one)).outcome).toEqual({ 'engagement.sent before': 1 });
    expect([await requests(here, SINGLE), await requests(here, JOB)]).toEqual([0, 0]);
    expect(await seen()).toEqual(expected);
  });

  it('makes no profile of anybody, and is nobody’s who is not linked', async () => {
    const here = await shop();
    await here.sandbox.klaviyo.add({ attributes: { email: 'not-linked@example.com' } });
    const before = await here.sandbox.klaviyo.state();
    const { outcome } = await told(here, [
      opened(1, { email: 'nobody@example.com' }),
      opened(1, { email: '"no", such' }),
      opened(2, { email: 'not-linked@example.com' }),
      opened(3),
    ]);
    expect(outcome).toEqual({
      'engagement.of somebody who is not linked with Klaviyo': 3,
      'engagement.written.Brevo Email Opened': 1,
    });
    expect(await here.sandbox.klaviyo.state()).toEqual(before);
  });

  it('is theirs whom the contact at Brevo names, where Klaviyo has another address', async () => {
    const here = await shop();
    await here.sandbox.klaviyo.edit(here.jane, { attributes: { email: 'jane.now@example.com' } });
    await told(here, opened(1));
    expect(await atKlaviyo(here)).toMatchObject([{ profile: here.jane }]);
  });

  it('goes in jobs where there is much of it, and by itself where a job got no answer', async () => {
    const here = await shop();
    const many = Array.from({ length: 450 }, (_, n) => opened(n));
    expect((await told(here, [...many, opened(1)])).outcome).toEqual({
      'engagement.written.Brevo Email Opened': 450,
      'engagement.told twice': 1,
    });
    expect([await requests(here, JOB), await requests(here, SINGLE)]).toEqual([2, 0]);

    const lost = Array.from({ length: 30 }, (_, n) => opened(1_000 + n));
    await here.sandbox.klaviyo.fault({ kind: 'reset-after', path: '/api/event-bulk-create-jobs', times: 1 });
    const { id } = await here.store.inbox.receive(
      { account: here.account, vendor: 'brevo', hash: 'lost', sealed: 'x' },
      here.work.now(),
    );
    await expect(again(here, id, lost)).rejects.toBeInstanceOf(RetryLater);
    expect((await here.store.inbox.get(id))?.state).toBe('received');
    await again(here, id, lost);
    expect(await requests(here, SINGLE)).toBe(30);
    expect(await atKlaviyo(here)).toHaveLength(480);
  });

  it('costs nobody else theirs when Klaviyo refuses it', async () => {
    const here = await shop({ brevoEventMapping: { opened: 'Brevo Email Opened', clicked: 'x'.repeat(200) } });
    const events = Array.from({ length: 25 }, (_, n) => opened(n));
    const { outcome } = await told(here, [...events, { ...opened(40), event: 'click' }]);
    expect(outcome).toEqual({ 'engagement.written.Brevo Email Opened': 25, 'engagement.refused by Klaviyo': 1 });
    expect(await atKlaviyo(here)).toHaveLength(25);
  });

  it('is not carried for people who were erased, whoever names them', async () => {
    const here = await shop();
    const { work, store, account, jane } = here;
    const mark = async (identifiers: { emails: string[]; phones: string[]; klaviyoIds: string[] }) => {
      const marks = personMarksOf(work.config);
      await store.erasures.mark(
        { account, erasure: 'e1', key: marks.keptKey(work.config, account) },
        marks.of(account, identifiers),
        work.now(),
      );
    };
    await mark({ emails: [], phones: [], klaviyoIds: [jane] });
    // Their address becomes known by it, and what was read before that is read again.
    await expect(told(here, opened(1))).rejects.toBeInstanceOf(RetryLater);
    expect((await told(here, opened(1))).outcome).toEqual({ 'engagement.of somebody who was erased': 1 });
    expect(await told(here, opened(2))).toMatchObject({
      note: 'It names somebody who was erased.',
      outcome: { 'engagement.of somebody who was erased': 1 },
    });
    expect(await atKlaviyo(here)).toEqual([]);
  });

  it.each([
    [{ direction: 'klaviyo-to-brevo' as const }, 'kept', { 'kept, for the direction is klaviyo-to-brevo': 1 }],
    [{ brevoEventMapping: {} }, 'done', { 'engagement.not named in brevo_event_mapping': 1 }],
  ])('stays where it is with %j', async (settings, state, outcome) => {
    const here = await shop(settings);
    expect(await told(here, opened(1))).toMatchObject({ state, outcome });
    expect(await atKlaviyo(here)).toEqual([]);
  });

  it('leaves nothing of anybody in the ledger but Klaviyo’s id, by which they are forgotten', async () => {
    const here = await shop();
    await told(here, opened(1));
    const person = { emails: [], phones: [], klaviyoIds: [here.jane], brevoIds: [] };
    const entries = () => here.store.forget.person(here.account, person);
    // The ledger entry and the link.
    expect(await entries()).toBe(2);
    expect(await entries()).toBe(0);
  });
});
