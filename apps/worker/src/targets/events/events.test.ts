import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AccountStopped, RetryLater, WaitUntil } from '@tajo/errors';
import { createMemoryLimiter } from '@tajo/limiter';
import type { EventRow } from '@tajo/mapping';
import type { StoredRun } from '@tajo/store';
import { collected } from '../../../../../test/support/brevo-sandbox.js';
import { GaveBack } from '../../settle.js';
import { closing, delivered as deliveredBy, useWorlds, world, type World } from '../target.test-kit.js';
import { events } from './index.js';

useWorlds();

const event = (n: number, part: Partial<EventRow> = {}): EventRow => ({
  sourceId: `e${n}`,
  name: 'order_completed',
  date: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
  profile: n % 2 ? 'p1' : 'p2',
  email: n % 2 ? 'p1@example.com' : 'p2@example.com',
  properties: { klaviyo_event_id: `e${n}`, n },
  notes: [],
  ...part,
});
const some = (count: number) => Array.from({ length: count }, (_, n) => event(n));

const admitted = ({ context }: World, rows: readonly EventRow[]) => events.admit(context, 'events', rows);

const delivered = (here: World, rows: readonly EventRow[], batch = 'b1') =>
  deliveredBy(here, { target: events, resource: 'events' }, rows, batch);

/** How often each event is in Brevo, by Klaviyo's id. */
async function atBrevo({ sandbox: { brevo } }: World): Promise<Record<string, number>> {
  return Object.fromEntries((await collected(brevo.events())).map(({ sourceId, occurrences }) => [sourceId ?? '', occurrences]));
}
const once = (rows: readonly EventRow[]) => Object.fromEntries(rows.map(({ sourceId }) => [sourceId, 1]));
const requests = async (here: World, name: string) => (await here.sandbox.brevo.stats())[name]?.requests ?? 0;
const ledgerOf = async ({ context, store }: World, ids: readonly string[]) => {
  const entries = await store.ledger.find({ account: context.run.account, resource: 'events' }, ids);
  return ids.map((id) => entries.get(id)?.state ?? 'none');
};

describe('events', () => {
  it('are in Brevo once, with their contact, and the ledger says so', async () => {
    const here = await world();
    const settled = await delivered(here, some(450));
    expect(settled.rejected).toEqual([]);
    expect(settled.written).toHaveLength(450);
    expect(settled.written[0]).toMatchObject({ link: { sourceId: 'e0' }, tally: ['event.order_completed'] });
    expect(await atBrevo(here)).toEqual(once(some(450)));
    expect((await here.sandbox.brevo.state()).events.unknownContact).toBe(0);
    expect(
      new Set(
        await ledgerOf(
          here,
          some(450).map(({ sourceId }) => sourceId),
        ),
      ),
    ).toEqual(new Set(['sent']));
    expect(await requests(here, 'POST /events/batch')).toBe(3);
  });

  it('that were sent are unchanged, also when everything shall be written again and under another name', async () => {
    const here = await world({ run: { force: true } });
    await delivered(here, some(3));
    const renamed = some(3).map((row) => ({ ...row, name: 'hist_order_completed' }));
    const { outgoing, unchanged } = await admitted(here, renamed);
    expect(outgoing).toEqual([]);
    expect(unchanged).toEqual(some(3).map(({ sourceId }) => ({ sourceId, tally: ['event.order_completed'] })));
  });

  it('of somebody who is not in Brevo are refused, and taken once he is', async () => {
    const here = await world();
    const stranger = event(1, { profile: 'p3' });
    expect(await admitted(here, [stranger, event(2)])).toMatchObject({
      outgoing: [{ sourceId: 'e2' }],
      refused: [{ sourceId: 'e1', outcome: 'rejected', reason: 'event_profile_unknown', stage: 'map' }],
    });
    const owner = { account: here.context.run.account, resource: 'profiles', run: 'r1' };
    await here.store.links.put(owner, [{ sourceId: 'p3', hash: 'x' }], new Date());
    expect((await admitted(here, [stranger])).outgoing).toHaveLength(1);
  });

  it('that Brevo refuses do not cost the others, and may be sent later', async () => {
    const here = await world();
    const rows = [...some(5), event(5, { name: 'not a name' }), event(6)];
    const { rejected, written } = await delivered(here, rows);
    expect(written).toHaveLength(6);
    expect(rejected).toEqual([
      {
        sourceId: 'e5',
        outcome: 'rejected',
        reason: 'brevo_event_refused',
        message:
          'Brevo refused the event: event_name takes at most 255 letters, digits, hyphens and underscores. Mend what it names, then replay the event.',
        stage: 'import',
      },
    ]);
    expect(await ledgerOf(here, ['e4', 'e5', 'e6'])).toEqual(['sent', 'none', 'sent']);
    expect((await delivered(here, [event(5)], 'b2')).written).toHaveLength(1);
    expect(await atBrevo(here)).toEqual(once(some(7)));
  });

  it('are cut into calls that Brevo takes by size too', async () => {
    const here = await world();
    const large = some(60).map((row) => ({ ...row, properties: { ...row.properties, text: 'x'.repeat(40_000) } }));
    expect((await delivered(here, large)).written).toHaveLength(60);
    expect(await requests(here, 'POST /events/batch')).toBe(5);
    expect(await atBrevo(here)).toEqual(once(large));
  });

  it('that come twice in one batch are sent once and both counted', async () => {
    const here = await world();
    expect((await delivered(here, [event(1), event(2), event(1)])).written).toHaveLength(3);
    expect(await atBrevo(here)).toEqual(once([event(1), event(2)]));
  });

  it('carry no address unless contacts cannot be found without', async () => {
    const byId = await world();
    expect(JSON.stringify((await admitted(byId, some(2))).outgoing)).not.toContain('@');
    expect((await collectedIdentifiers(byId, some(1)))[0]).toEqual({ ext_id: 'p2' });
    const byAttribute = await world({ identity: 'attribute' });
    const { account, _id } = byAttribute.context.run;
    await byAttribute.store.counterparts.put({ account, run: _id }, [
      { keys: ['x:p1'], brevoId: 1, sourceId: 'p1', emailBlocked: false, smsBlocked: false },
    ]);
    const nobody = event(8, { profile: 'p2' });
    const { email: _, ...nameless } = nobody;
    expect(await collectedIdentifiers(byAttribute, [event(1), event(2), nameless])).toEqual([
      { contact_id: '1' },
      { email_id: 'p2@example.com' },
    ]);
    expect((await delivered(byAttribute, [nameless], 'b2')).rejected).toMatchObject([{ reason: 'event_profile_unknown' }]);
  });
});

async function collectedIdentifiers(here: World, rows: readonly EventRow[]) {
  await delivered(here, rows);
  return (await collected(here.sandbox.brevo.events())).map(({ identifiers }) => identifiers);
}

describe('a call without an answer', () => {
  const LOST = [
    ['that Brevo carried out', 'reset-after'],
    ['whose answer was cut off', 'truncate'],
    ['that never arrived', 'reset-before'],
  ] as const;
  it.each(LOST)('%s is looked up after the settling time, not before, and nothing is doubled or lost', async (_, kind) => {
    const here = await world();
    await here.sandbox.brevo.fault({ kind, path: '/events/batch' });
    const rows = some(250);
    const open = await delivered(here, rows).catch((error: unknown) => error);
    expect(open).toBeInstanceOf(WaitUntil);
    expect((open as WaitUntil).at.getTime()).toBeGreaterThan(here.clock.now + 50_000);
    // The others went out all the same.
    expect(await ledgerOf(here, ['e0', 'e249'])).toEqual(['sending', 'sent']);

    here.clock.now += 30_000;
    expect(await delivered(here, rows).catch((error: unknown) => error)).toBeInstanceOf(WaitUntil);
    expect(await requests(here, 'GET /events')).toBe(0);

    here.clock.now += 31_000;
    expect((await delivered(here, rows)).written).toHaveLength(250);
    expect(await requests(here, 'GET /events')).toBe(1);
    expect(await atBrevo(here)).toEqual(once(rows));
  });

  it('of another run is looked up under the name it was sent by', async () => {
    const here = await world();
    await here.sandbox.brevo.fault({ kind: 'reset-after', path: '/events/batch' });
    await delivered(here, some(3)).catch(() => undefined);
    here.clock.now += 61_000;
    const renamed = some(3).map((row) => ({ ...row, name: 'hist_order_completed' }));
    expect((await delivered(here, renamed, 'b2')).written).toHaveLength(3);
    expect(await atBrevo(here)).toEqual(once(some(3)));
  });

  it('is not repeated where Brevo does not let itself be asked', async () => {
    const here = await world();
    await here.sandbox.brevo.fault({ kind: 'reset-after', path: '/events/batch' });
    await delivered(here, some(2)).catch(() => undefined);
    here.clock.now += 61_000;
    await here.sandbox.brevo.fault({ kind: 'status', status: 403, method: 'GET', path: '/events' });
    expect((await delivered(here, some(2))).rejected.map(({ reason }) => reason)).toEqual([
      'event_outcome_unknown',
      'event_outcome_unknown',
    ]);
    expect(await atBrevo(here)).toEqual(once(some(2)));
    // Once it does, a replay finds them.
    expect((await delivered(here, some(2), 'b2')).written).toHaveLength(2);
    expect(await atBrevo(here)).toEqual(once(some(2)));
  });

  it('after call without an answer leaves the rest to the backoff of the queue', async () => {
    const here = await world();
    await here.sandbox.brevo.fault({ kind: 'reset-before', path: '/events/batch', times: 0 });
    expect(await delivered(here, some(5_000)).catch((error: unknown) => error)).toBeInstanceOf(RetryLater);
    expect(await requests(here, 'POST /events/batch')).toBeLessThan(6);
  });

  it('of two workers with the same batch sends nothing twice', async () => {
    const here = await world({ brevo: { latencyMs: 20 } });
    const rows = some(600);
    const both = await Promise.allSettled([delivered(here, rows), delivered(here, rows)]);
    expect(
      both.some(({ status }) => status === 'fulfilled') ||
        both.every((end) => end.status === 'rejected' && end.reason instanceof WaitUntil),
    ).toBe(true);
    here.clock.now += 61_000;
    expect((await delivered(here, rows)).written).toHaveLength(600);
    expect(await atBrevo(here)).toEqual(once(rows));
  });
});

describe('an answer that says no', () => {
  it.each([
    [429, WaitUntil],
    [401, AccountStopped],
  ])('%d sends nothing and leaves nothing open', async (status, group) => {
    const here = await world();
    await here.sandbox.brevo.fault({ kind: 'status', status, path: '/events/batch', times: 0 });
    expect(await delivered(here, some(3)).catch((error: unknown) => error)).toBeInstanceOf(group);
    expect(await ledgerOf(here, ['e0', 'e1', 'e2'])).toEqual(['none', 'none', 'none']);
    await here.sandbox.brevo.clearFaults();
    expect((await delivered(here, some(3))).written).toHaveLength(3);
    expect(await atBrevo(here)).toEqual(once(some(3)));
  });

  it('to a whole call finds the event to blame by halves', async () => {
    const here = await world();
    // Refused for its size without a word on which event.
    await here.sandbox.brevo.fault({ kind: 'status', status: 400, body: '{"message":"bad"}', path: '/events/batch', times: 1 });
    expect((await delivered(here, some(8))).written).toHaveLength(8);
    await here.sandbox.brevo.fault({ kind: 'status', status: 400, body: '{"message":"bad"}', path: '/events*', times: 0 });
    expect((await delivered(here, [event(20), event(21)], 'b2')).rejected).toHaveLength(2);
  });
});

const limiter = () => closing(createMemoryLimiter({}));

describe('the endpoint', () => {
  it('is asked once for its budget by a batch; then events go one by one where that lets more through', async () => {
    const here = await world({ brevo: { limits: 'strict' }, limiter: limiter() });
    await delivered(here, some(110));
    expect(await requests(here, 'POST /events/batch')).toBe(1);
    await delivered(here, some(130), 'b2');
    expect(await requests(here, 'POST /events/batch')).toBe(1);
    expect(await requests(here, 'POST /events')).toBe(20);
    expect(await atBrevo(here)).toEqual(once(some(130)));
  });

  it('takes events together where a batch counts like one event, and the budget of the rest stays what it was', async () => {
    const ours = limiter();
    const here = await world({ brevo: { limits: 'strict', unlistedBudget: 'parent' }, limiter: ours });
    await delivered(here, some(450));
    expect(await requests(here, 'POST /events')).toBe(0);
    expect(await requests(here, 'POST /events/batch')).toBe(3);
    const other = { key: `brevo:${here.context.run.account}:other`, windows: [{ limit: 100, windowMs: 3_600_000 }] };
    expect(await ours.usage(other)).toEqual([{ limit: 100, windowMs: 3_600_000, used: 1 }]);
  });

  it('one by one settles each event by its own answer', async () => {
    const here = await world({ limiter: limiter() });
    await here.sandbox.brevo.fault({ kind: 'reset-after', path: '/events', skip: 3 });
    const rows = [...some(8), event(8, { name: 'not a name' })];
    expect(await delivered(here, rows).catch((error: unknown) => error)).toBeInstanceOf(WaitUntil);
    const states = await ledgerOf(
      here,
      rows.map(({ sourceId }) => sourceId),
    );
    expect(states.filter((state) => state === 'sent')).toHaveLength(7);
    expect(states.at(-1)).toBe('none');
    here.clock.now += 61_000;
    const { written, rejected } = await delivered(here, rows);
    expect([written.length, rejected.length]).toEqual([8, 1]);
    expect(await atBrevo(here)).toEqual(once(some(8)));
  });
});

describe('a delivery', () => {
  it('stops between calls when the process is asked to, and goes on where it was', async () => {
    const stop = new AbortController();
    const here = await world({ stopping: stop.signal, brevo: { latencyMs: 20 } });
    const first = delivered(here, some(1_000)).catch((error: unknown) => error);
    while ((await requests(here, 'POST /events/batch')) < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    stop.abort();
    expect(await first).toBeInstanceOf(GaveBack);
    const states = await ledgerOf(
      here,
      some(1_000).map(({ sourceId }) => sourceId),
    );
    expect(states).not.toContain('sending');
    expect(states).toContain('none');
  });

  it('lets others go first when it has had its turn', async () => {
    const here = await world();
    const { work } = here.context;
    let ticks = 0;
    // Every look at the clock is half a minute later.
    const hurried = { ...work, now: () => new Date(here.clock.now + (ticks += 1) * 31_000) };
    const slow = { ...here, context: { ...here.context, work: hurried } };
    expect(await delivered(slow, some(1_000)).catch((error: unknown) => error)).toMatchObject({ code: 'delivery_turn_over' });
  });
});

async function compared(here: World, mode: StoredRun['mode'] = 'full') {
  const run = { ...here.context.run, mode };
  return events.compare?.({ ...here.context, run }, 'events');
}

describe('the comparison', () => {
  let here: World;
  beforeEach(async () => {
    here = await world({ run: { _id: randomUUID() } });
    const { account, _id } = here.context.run;
    const slice = { _id: randomUUID(), account, run: _id, resource: 'events' };
    await here.store.slices.insertMissing([slice], new Date());
    await here.store.slices.markQueued({ _id: slice._id, turn: 0 }, new Date());
    const claimed = await here.store.slices.claim(slice._id, 0, new Date());
    if (!claimed) throw new Error('the slice could not be claimed');
    const counts = {
      read: 3,
      pages: 1,
      submitted: 0,
      written: 0,
      unchanged: 3,
      skipped: {},
      rejected: {},
      fields: {},
      tally: { 'event.a': 2, 'event.b': 1 },
    };
    const point = { cursor: null, queryTo: null, position: null, counts, batches: [], next: { kind: 'finished' as const } };
    await here.store.slices.checkpoint(claimed, point, new Date());
  });

  it('of sides that agree takes one request', async () => {
    await delivered(here, [event(1, { name: 'a' }), event(2, { name: 'a' }), event(3, { name: 'b' })]);
    expect(await compared(here)).toEqual({ klaviyo: { a: 2, b: 1 }, brevo: { a: 2, b: 1 }, differences: [] });
    expect(await requests(here, 'GET /events')).toBe(1);
  });

  it('names what Brevo has more or less of', async () => {
    await delivered(here, [event(1, { name: 'a' }), event(2, { name: 'b' }), event(3, { name: 'b' }), event(4, { name: 'b' })]);
    expect(await compared(here)).toMatchObject({
      brevo: { a: 1, b: 3 },
      differences: [
        { key: 'a', klaviyo: 2, brevo: 1 },
        { key: 'b', klaviyo: 1, brevo: 3 },
      ],
    });
  });

  it('is left out where the run has not seen everything', async () => {
    expect(await compared(here, 'incremental')).toBeNull();
  });
});
