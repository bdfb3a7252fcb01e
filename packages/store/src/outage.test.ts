import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { messageOf } from '@tajo/errors';
import { type RunningServer, startMongo } from '@tajo/servers';
import { createStore, isDuplicateKey, isStoreUnreachable, type Store } from './index.js';

const now = new Date();

describe('a MongoDB that goes away', () => {
  let server: RunningServer;
  let store: Store;
  beforeAll(async () => {
    server = await startMongo({ log: () => undefined });
    store = createStore(server.url);
    await store.migrate();
  }, 120_000);
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  /** Operations of every kind, again and again, until one of each kind has failed. */
  async function everyErrorDuringTheOutage(): Promise<unknown[]> {
    const rows = Array.from({ length: 2_000 }, (_, i) => i);
    const kinds: readonly (() => Promise<unknown>)[] = [
      () => store.ping(),
      () => store.accounts.get('a'),
      () => store.accounts.ensure('a', 'token'),
      () => store.runs.list({}),
      () => store.runs.create({ account: 'a', mode: 'full', resources: [] }, now),
      () => store.slices.insertMissing([{ _id: 's', account: 'a', run: 'r', resource: 'profiles' }], now),
      () => store.slices.claim('s', 0, now),
      () => store.slices.totals('r'),
      () => store.batches.prepare({ _id: 'b', account: 'a', run: 'r', slice: 's', resource: 'profiles', group: {}, rows }, now),
      () => store.batches.begin('b', 0, 'ext_id', now),
      () =>
        store.counterparts.put(
          { account: 'a', run: 'r' },
          rows.map((i) => ({ brevoId: i, sourceId: null, emailBlocked: false, smsBlocked: false, keys: [`x:${i}`] })),
        ),
    ];
    return Promise.all(
      kinds.map(async (operation) => {
        for (;;) {
          try {
            await operation();
          } catch (error) {
            return error;
          }
        }
      }),
    );
  }

  it('is known by the error of every operation it interrupts, and serves again when it is back', async () => {
    const errors = everyErrorDuringTheOutage();
    await until(async () => (await store.batches.get('b')) !== null);
    await server.kill();
    for (const error of await errors)
      expect({ error: messageOf(error), unreachable: isStoreUnreachable(error) }).toEqual({
        error: messageOf(error),
        unreachable: true,
      });
    // Not only what was under way: what begins meanwhile, too, and it ends by itself.
    const startedAt = performance.now();
    const error = await store.accounts.get('a').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(isStoreUnreachable(error)).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(25_000);

    await server.restart();
    await until(() =>
      store.accounts.ensure('back', 'token').then(
        () => true,
        () => false,
      ),
    );
    expect(await store.accounts.get('back')).toMatchObject({ _id: 'back' });
    await store.slices.insertMissing([{ _id: 'later', account: 'a', run: 'r', resource: 'profiles' }], now);
    expect(await store.slices.get('later')).toMatchObject({ state: 'waiting' });
  }, 120_000);

  it('is found by a process that started while it was away', async () => {
    await server.kill();
    const early = createStore(server.url);
    try {
      expect(isStoreUnreachable(await early.ping().catch((thrown: unknown) => thrown))).toBe(true);
      await server.restart();
      await until(() =>
        early.ping().then(
          () => true,
          () => false,
        ),
      );
      await early.accounts.ensure('early', 'token');
      expect(await early.accounts.get('early')).toMatchObject({ _id: 'early' });
    } finally {
      await early.close();
    }
  }, 120_000);

  it('does not keep a process from ending that never found it', async () => {
    const lonely = createStore('mongodb://127.0.0.1:9/nowhere');
    await lonely.close();
  });
});

it('tells an outage from other faults', async () => {
  for (const other of [
    new Error('ECONNREFUSED'),
    new TypeError('not connected'),
    'MongoNetworkError',
    undefined,
    Object.assign(new Error('E11000'), { name: 'MongoServerError', code: 11_000 }),
  ]) {
    expect(isStoreUnreachable(other)).toBe(false);
  }
  const stepDown = Object.assign(new Error('interrupted'), { name: 'MongoServerError', code: 11_602 });
  expect(isStoreUnreachable(new Error('wrapped', { cause: stepDown }))).toBe(true);
  const broken = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
  expect(isStoreUnreachable(broken)).toBe(false);
  broken.stack = 'Error: …\n    at Connection.writeCommand (/app/node_modules/mongodb/src/cmap/connection.ts:722:23)';
  expect(isStoreUnreachable(broken)).toBe(true);
  expect(isDuplicateKey(Object.assign(new Error('E11000'), { code: 11_000 }))).toBe(true);
  expect(isDuplicateKey(stepDown)).toBe(false);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come true within a minute');
    await new Promise((done) => setTimeout(done, 100));
  }
}
