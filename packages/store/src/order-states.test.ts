import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import mongoose from 'mongoose';
import { createStore, type Store } from './index.js';

let store: Store;
const url = new URL(process.env['MONGO_URL'] ?? '');
url.pathname = `/orders_${randomUUID().slice(0, 8)}`;
beforeAll(async () => {
  store = createStore(url.href);
  await store.migrate();
});
afterAll(async () => {
  const connection = mongoose.createConnection(url.href);
  await connection.dropDatabase();
  await connection.close();
  await store.close();
});

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
const told = (event: string, hour: number, order = 'o1') => ({ order, event, at: at(hour), body: { status: event } });

describe('an order', () => {
  it('stands as the latest event says and was made by the first, in whatever order they come', async () => {
    const events = [told('placed', 1), told('fulfilled', 2), told('refunded', 3)];
    for (const turn of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [0, 0, 2, 1],
    ]) {
      const account = randomUUID();
      for (const n of turn) await store.orderStates.offer(account, [events[n] ?? told('missing', 0)]);
      expect((await store.orderStates.find(account, ['o1', 'o2'])).get('o1')).toMatchObject({
        createdAt: at(1),
        at: at(3),
        event: 'refunded',
        body: { status: 'refunded' },
      });
    }
  });

  it('told of by many at once stands the same', async () => {
    const account = randomUUID();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.orderStates.offer(account, [told(`e${n}`, n), told(`f${n}`, n, 'o2')])),
    );
    const states = await store.orderStates.find(account, ['o1', 'o2']);
    expect(states.get('o1')).toMatchObject({ createdAt: at(0), event: 'e19' });
    expect(states.get('o2')).toMatchObject({ createdAt: at(0), event: 'f19' });
  });

  it('of which two events tell at the same moment stands as the greater id says', async () => {
    for (const turn of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const account = randomUUID();
      for (const event of turn) await store.orderStates.offer(account, [told(event, 1)]);
      expect((await store.orderStates.find(account, ['o1'])).get('o1')?.event).toBe('b');
    }
  });
});
