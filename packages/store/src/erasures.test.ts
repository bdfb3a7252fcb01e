import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore, type Store } from './index.js';

let store: Store;
beforeAll(async () => {
  const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
  url.pathname = `/erasures_${randomUUID().slice(0, 8)}`;
  store = createStore(url.href);
  await store.migrate();
});
afterAll(() => store.close());

const now = new Date('2026-01-15T10:00:00Z');
const mark = (account: string, marks: string[]) =>
  store.erasures.mark({ account, erasure: 'era_1', key: { name: 'k1', sealed: 'v1.x' } }, marks, now);

const prepare = (id: string) =>
  store.batches.prepare(
    {
      _id: id,
      account: 'a',
      run: 'r',
      slice: 's',
      resource: 'profiles',
      group: {},
      rows: [{ id: 'P1' }, { id: 'P2' }, { id: 'P3' }],
    },
    now,
  );
const isP2 = (row: unknown) => JSON.stringify(row).includes('P2');

const link = (sourceId: string) => ({ sourceId, hash: 'h' });
const refused = (sourceId: string) => ({ sourceId, outcome: 'rejected', reason: 'r', message: 'm', stage: 'map' }) as const;

describe('marks', () => {
  it('recognise the person in their account only, and everybody who began before can tell', async () => {
    expect(await store.erasures.version('a')).toBe(0);
    await mark('a', ['m1', 'm2']);
    await mark('a', ['m1']);
    expect(await store.erasures.version('a')).toBe(2);
    expect(await store.erasures.keys('a')).toEqual([{ _id: 'a|k1', account: 'a', name: 'k1', sealed: 'v1.x' }]);
    expect(await store.erasures.marked('a', ['m1', 'm3'])).toEqual(new Set(['m1']));
    expect(await store.erasures.marked('b', ['m1'])).toEqual(new Set());
  });
});

describe('a batch on its way', () => {
  it('loses the rows of the person, once, and tells how many are no more', async () => {
    await prepare('batch-1');
    expect(await store.batches.erase('batch-1', isP2)).toBe(1);
    expect(await store.batches.erase('batch-1', isP2)).toBe(0);
    expect(await store.batches.open('batch-1')).toEqual({ rows: [{ id: 'P1' }, { id: 'P3' }], erased: 1 });
    expect(await store.batches.rows('batch-1')).toHaveLength(2);
  });

  it('is not brought back once it is settled', async () => {
    await prepare('batch-2');
    await store.batches.finish('batch-2', 'settled', null, now);
    expect(await store.batches.erase('batch-2', isP2)).toBe(0);
    expect(await store.batches.open('batch-2')).toEqual({ rows: [], erased: 0 });
  });
});

describe('forgetting a person', () => {
  const owner = { account: 'a', resource: 'profiles', run: 'r' };
  const person = { emails: ['ann@example.com'], phones: ['14155550132'], klaviyoIds: ['P1'], brevoIds: [7] };

  it('removes what names them, whatever it is of, and nobody else', async () => {
    for (const account of ['a', 'b']) await store.links.put({ ...owner, account }, [link('P1'), link('P11'), link('XP1')], now);
    await store.links.put({ ...owner, resource: 'list-members' }, [link('L1|P1'), link('L1|P11')], now);
    await store.rejections.put(owner, [refused('P1'), refused('P2')], now);
    const code = { code: 'SAVE', coupon: 'C' };
    const codes = ['P1', 'P2'].map((profile) => ({ sourceId: `code of ${profile}`, data: { ...code, profile } }));
    await store.archive.put({ ...owner, resource: 'coupon-codes' }, codes, now);
    const contact = { sourceId: 'P1', emailBlocked: false, smsBlocked: false };
    const other = { ...contact, brevoId: 8, sourceId: 'P2', keys: ['e:other@example.com'] as const };
    const theirs = { ...contact, brevoId: 7, keys: ['e:old@example.com', 'p:14155550132', 'x:P1'] as const };
    await store.counterparts.put({ account: 'a', run: 'r' }, [theirs, other]);

    expect(await store.forget.person('a', person)).toBe(7);
    expect(await store.forget.person('a', person)).toBe(0);

    expect([...(await store.links.find('a', 'profiles', ['P1', 'P11', 'XP1'])).keys()]).toEqual(['P11', 'XP1']);
    expect([...(await store.links.find('b', 'profiles', ['P1'])).keys()]).toEqual(['P1']);
    expect([...(await store.links.find('a', 'list-members', ['L1|P1', 'L1|P11'])).keys()]).toEqual(['L1|P11']);
    expect(await store.rejections.get('a', 'profiles', 'P1')).toBeNull();
    expect(await store.rejections.get('a', 'profiles', 'P2')).not.toBeNull();
    const kept = await store.archive.find('a', 'coupon-codes', ['code of P1', 'code of P2']);
    expect([...kept.values()].map(({ data }) => data)).toEqual([code, { ...code, profile: 'P2' }]);
    const keys = ['e:old@example.com', 'p:14155550132', 'x:P1', 'e:other@example.com'] as const;
    expect([...(await store.counterparts.find({ account: 'a', run: 'r' }, keys)).keys()]).toEqual(['e:other@example.com']);
  });

  it('takes them out of the replays that asked for them', async () => {
    const outcome = await store.runs.create(
      {
        account: 'c',
        mode: 'replay',
        resources: ['profiles'],
        force: true,
        replay: [{ resource: 'profiles', ids: ['P1', 'P2'] }],
      },
      now,
    );
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    const { _id: run } = outcome.run;
    await store.slices.insertMissing([{ _id: 's1', account: 'c', run, resource: 'profiles', ids: ['P1', 'P2'] }], now);
    expect(await store.forget.person('c', person)).toBe(2);
    expect((await store.runs.get(run))?.replay).toEqual([{ resource: 'profiles', ids: ['P2'] }]);
    expect((await store.slices.outlineOfRun(run, ['waiting']))[0]?.ids).toEqual(['P2']);
  });

  it('removes what is known of their records, with the orders they made', async () => {
    const events = { account: 'a', resource: 'events', run: 'r' };
    await store.links.put(events, [{ sourceId: 'E1', hash: 'h' }], now);
    await store.links.put({ ...events, resource: 'orders' }, [{ sourceId: 'E1', hash: 'h', targetId: 'O1' }], now);
    await store.ledger.claim(events, { token: 't', batch: 'b' }, [{ sourceId: 'E1', name: 'n', date: now }], now);
    await store.orderStates.offer('a', [{ order: 'order|O1', at: now, event: 'E1', body: {} }]);
    expect(await store.forget.records('a', ['events', 'orders'], ['E1', 'E2'])).toBe(4);
    expect((await store.ledger.find(events, ['E1'])).size).toBe(0);
    expect((await store.orderStates.find('a', ['order|O1'])).size).toBe(0);
  });
});
