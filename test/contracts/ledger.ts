import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore, type Store } from '@tajo/store';
import mongoose from 'mongoose';

const now = new Date('2026-01-15T10:00:00.000Z');
const later = new Date('2026-01-15T10:05:00.000Z');
const date = new Date('2025-12-31T23:59:59.000Z');
const entry = (sourceId: string, name = 'order_completed') => ({ sourceId, name, date });
const fresh = () => ({ account: randomUUID(), resource: 'events' });
const call = (token: string, batch = 'b1') => ({ token, batch });

/** What the send ledger promises on any server that speaks MongoDB's protocol. */
export function ledgerSuite(name: string, makeUrl: () => string | Promise<string>): void {
  describe(`the ledger on ${name}`, () => {
    let url: string;
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      const made = new URL(await makeUrl());
      made.pathname = `/ledger_${randomUUID().slice(0, 8)}`;
      url = made.href;
      [store, other] = [createStore(url), createStore(url)];
      await store.migrate();
    });
    afterAll(async () => {
      const connection = mongoose.createConnection(url);
      await connection.dropDatabase();
      await Promise.all([connection.close(), store.close(), other.close()]);
    });

    it('gives each event to one of many who claim it at the same time', async () => {
      const owner = fresh();
      const ids = Array.from({ length: 300 }, (_, n) => `e${n}`);
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 ? store : other).ledger.claim(
            owner,
            call(`t${n}`),
            ids.map((id) => entry(id)),
            now,
          ),
        ),
      );
      expect(claims.flatMap((ours) => [...ours]).sort()).toEqual([...ids].sort());
      const entries = await store.ledger.find(owner, ids);
      for (const [n, ours] of claims.entries()) for (const id of ours) expect(entries.get(id)?.token).toBe(`t${n}`);
    });

    it('keeps under which name and date something was sent, and when', async () => {
      const owner = fresh();
      await store.ledger.claim(owner, call('t1'), [entry('e1', 'hist_order_completed')], now);
      await store.ledger.claim(owner, call('t2', 'b2'), [entry('e1', 'order_completed'), entry('e2')], later);
      expect((await other.ledger.find(owner, ['e1', 'e2', 'e3'])).get('e1')).toEqual({
        _id: `${owner.account}|events|e1`,
        ...owner,
        sourceId: 'e1',
        state: 'sending',
        ...call('t1'),
        name: 'hist_order_completed',
        date,
        at: now,
      });
    });

    it('lets an open claim be taken over once, and only as it was seen', async () => {
      const owner = fresh();
      await store.ledger.claim(owner, call('t1'), [entry('e1'), entry('e2'), entry('e3')], now);
      await store.ledger.sent(owner, ['e3']);
      const seen = ['e1', 'e2', 'e3'].map((id) => ({ ...entry(id), token: 't1' }));
      const [first, second] = await Promise.all([
        store.ledger.reclaim(owner, call('t2', 'b2'), seen, later),
        other.ledger.reclaim(owner, call('t3', 'b3'), seen, later),
      ]);
      expect([...first, ...second].sort()).toEqual(['e1', 'e2']);
      expect((await store.ledger.find(owner, ['e3'])).get('e3')).toMatchObject({ state: 'sent', token: 't1' });
    });

    it('forgets what never left, but not what another call has taken over or what was sent', async () => {
      const owner = fresh();
      await store.ledger.claim(owner, call('t1'), [entry('e1'), entry('e2'), entry('e3')], now);
      await store.ledger.reclaim(owner, call('t2'), [{ ...entry('e2'), token: 't1' }], later);
      await store.ledger.sent(owner, ['e3']);
      await store.ledger.release(owner, 't1', ['e1', 'e2', 'e3']);
      expect([...(await store.ledger.find(owner, ['e1', 'e2', 'e3'])).keys()].sort()).toEqual(['e2', 'e3']);
      expect([...(await store.ledger.claim(owner, call('t4'), [entry('e1'), entry('e2'), entry('e3')], later))]).toEqual(['e1']);
    });

    it('keeps accounts apart', async () => {
      const [one, two] = [fresh(), fresh()];
      await store.ledger.claim(one, call('t1'), [entry('e1')], now);
      expect(await store.ledger.find(two, ['e1'])).toEqual(new Map());
      expect(await store.ledger.claim(two, call('t2'), [entry('e1')], now)).toEqual(new Set(['e1']));
    });

    it('throws what is no clash, so that nothing is sent without its entry', async () => {
      const closed = createStore(url);
      await closed.ping();
      await closed.close();
      await expect(closed.ledger.claim(fresh(), call('t1'), [entry('e1')], now)).rejects.toThrow();
    });
  });
}
