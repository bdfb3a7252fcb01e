import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore, type Store, type StoredBase } from './index.js';

let store: Store;
beforeAll(async () => {
  store = createStore(process.env['MONGO_URL'] ?? '');
  await store.migrate();
});
afterAll(() => store.close());

const now = new Date('2026-03-01T12:00:00Z');
const base = (brevoId: number): StoredBase => ({ brevoId, key: 'k1', agreed: { 'location.city': 'aGFzaA', $odd: 'b2Rk' } });

describe('what both sides last agreed on', () => {
  it('is found by account and contact, whatever its attributes are called', async () => {
    const [account, other] = [randomUUID(), randomUUID()];
    await store.bases.put(account, [base(1), base(2)], now);
    await store.bases.put(account, [{ ...base(2), agreed: { SMS: 'eA' } }], now);
    expect(await store.bases.find(account, [1, 2, 3])).toEqual(
      new Map([
        [1, base(1)],
        [2, { ...base(2), agreed: { SMS: 'eA' } }],
      ]),
    );
    expect(await store.bases.find(other, [1, 2])).toEqual(new Map());
    await store.bases.remove(account, [1]);
    expect([...(await store.bases.find(account, [1, 2])).keys()]).toEqual([2]);
  });

  it('has one key an account, whoever makes it first', async () => {
    const account = randomUUID();
    const keys = await Promise.all(['one', 'two', 'three'].map((key) => store.bases.key(account, key)));
    expect(new Set(keys).size).toBe(1);
    expect(await store.bases.key(account, 'four')).toBe(keys[0]);
  });

  it('remembers whom to look at again, each once', async () => {
    const account = randomUUID();
    await store.bases.await(account, [1, 2]);
    await store.bases.await(account, [2, 3]);
    expect(await store.bases.awaited(account)).toEqual([1, 2, 3]);
    await store.bases.shown(account, [1, 3]);
    expect(await store.bases.awaited(account)).toEqual([2]);
    // The key comes after: nothing of it is lost.
    await store.bases.key(account, 'sealed');
    expect(await store.bases.awaited(account)).toEqual([2]);
  });

  it('goes with a person who is erased, and with the account', async () => {
    const account = randomUUID();
    await store.bases.put(account, [base(1), base(2)], now);
    await store.bases.await(account, [1, 2]);
    const owner = { account, resource: 'brevo-contacts', run: 'r1' };
    await store.links.put(owner, [{ sourceId: '1', hash: 'x', targetId: 'p1' }], now);
    await store.forget.person(account, { emails: [], phones: [], klaviyoIds: ['p1'], brevoIds: [1] });
    expect([...(await store.bases.find(account, [1, 2])).keys()]).toEqual([2]);
    expect(await store.bases.awaited(account)).toEqual([2]);
    expect(await store.links.find(account, 'brevo-contacts', ['1'])).toEqual(new Map());
    await store.everyCollection.deleteAccount(account);
    expect(await store.bases.find(account, [2])).toEqual(new Map());
    expect(await store.bases.awaited(account)).toEqual([]);
  });
});
