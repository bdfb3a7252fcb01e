import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSecretBox, credentialsOf, sealCredentials } from '@tajo/accounts';
import { enqueue } from '@tajo/contracts';
import { createStore } from '@tajo/store';
import mongoose from 'mongoose';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';
import { routes } from './routes.js';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer({ TAJO_ENCRYPTION_KEY: OLD_KEY });
  await producer.store.migrate();
});
afterAll(() => producer.close());

const OLD_KEY = 'the-former-key-of-the-operator-0123456789';
const NEW_KEY = 'the-current-key-of-the-operator-987654321';
const KEYS = { klaviyoPrivateKey: 'pk_of_the_test_0123456789', brevoApiKey: 'xkeysib-of-the-test' };

/** An account with something in every corner that a run fills. */
async function anAccount(name = `acc-${randomUUID().slice(0, 8)}`) {
  const { store, queues, config } = producer;
  await store.accounts.ensure(name, randomUUID());
  await store.accounts.connect(name, sealCredentials(config, name, KEYS), new Date());
  const now = new Date();
  const made = await store.runs.create(
    { account: name, mode: 'full', resources: ['profiles'], idempotencyKey: `key-${name}` },
    now,
  );
  if (made.kind !== 'created') throw new Error('it is the first');
  const run = made.run._id;
  const owner = { account: name, resource: 'profiles', run };
  await store.slices.insertMissing([{ _id: `${run}-1`, ...owner }], now);
  await store.batches.prepare(
    { _id: `${run}-b`, ...owner, slice: `${run}-1`, group: {}, rows: [{ secret: `${name}@shop.example` }] },
    now,
  );
  await store.links.put(owner, [{ sourceId: `P-${name}`, hash: 'h' }], now);
  await store.archive.put({ ...owner, resource: 'metrics' }, [{ sourceId: `M-${name}`, data: { name: 'm' } }], now);
  await store.rejections.put(
    owner,
    [{ sourceId: `P-${name}`, outcome: 'rejected', reason: 'bad_row', message: 'It was refused.', stage: 'map' }],
    now,
  );
  await store.counterparts.put(owner, [
    { brevoId: 1, sourceId: null, emailBlocked: false, smsBlocked: false, keys: [`e:${name}@shop.example`] },
  ]);
  await store.grants.put(name, 'g', { sealed: 'unreadable', expiresAt: now, lifeMs: 1 }, now);
  for (const queue of queues.values()) await queue.pause();
  await enqueue(producer.queues.get('runs') ?? fail(), 'plan-run', { account: name, run });
  await enqueue(
    producer.queues.get('klaviyo-profiles') ?? fail(),
    'sync-page',
    { account: name, run, slice: `${run}-1`, turn: 0 },
    { delay: 60_000 },
  );
  return { name, run };
}

function fail(): never {
  throw new Error('no such queue');
}

/** Every document of the database that mentions the text in any way. */
async function mentions(text: string): Promise<string[]> {
  const client = await mongoose.createConnection(producer.config.mongoUrl ?? '').asPromise();
  try {
    const found: string[] = [];
    for (const { name } of await client.listCollections()) {
      for await (const document of client.collection(name).find())
        if (JSON.stringify(document).includes(text)) found.push(`${name}: ${String(document._id)}`);
    }
    return found;
  } finally {
    await client.close();
  }
}

const jobsOf = async (account: string) => {
  const all = await Promise.all(
    [...producer.queues.values()].map((queue) => queue.getJobs(['wait', 'delayed', 'prioritized', 'completed', 'failed'])),
  );
  return all.flat().filter((job) => JSON.stringify(job.data).includes(account)).length;
};

describe('accounts', () => {
  it('are created, listed in pages and read; a name is taken once', async () => {
    const body = { account: 'list-a', brevoApiKey: KEYS.brevoApiKey };
    const created = await producer.call('POST', '/v1/accounts', { body });
    expect([created.status, created.headers.get('location')]).toEqual([201, '/v1/accounts/list-a']);
    expect(created.json).toMatchObject({ account: 'list-a', connected: false, auth: null, run: null, pausedAt: null });
    expect(created.text).not.toContain(KEYS.brevoApiKey);
    expect((await producer.call('POST', '/v1/accounts', { body })).json).toMatchObject({ status: 409, code: 'account_exists' });
    await producer.call('POST', '/v1/accounts', { body: { account: 'list-b' } });
    const names: unknown[] = [];
    for (let after = ''; ; ) {
      const page = await producer.call('GET', `/v1/accounts?limit=1${after}`);
      names.push(...(page.json['accounts'] as { account: string }[]).map(({ account }) => account));
      if (page.json['next'] === null) break;
      after = `&after=${JSON.stringify(page.json['next']).slice(1, -1)}`;
    }
    expect(names).toEqual(names.map(String).toSorted((a, b) => (a < b ? -1 : 1)));
    expect(names).toEqual(expect.arrayContaining(['list-a', 'list-b']));
    for (const path of ['/v1/accounts/nobody', '/v1/accounts/nobody/pause', '/v1/accounts/nobody/resume'])
      expect((await producer.call(path.endsWith('nobody') ? 'GET' : 'POST', path)).status).toBe(404);
    expect((await producer.call('POST', '/v1/accounts', { body: { account: 'No Name' } })).status).toBe(422);
  });

  it('are paused with their run and go on with it; nothing is started meanwhile', async () => {
    const { name, run } = await anAccount();
    expect((await producer.call('POST', `/v1/accounts/${name}/pause`)).json).toMatchObject({ run, pausedAt: expect.any(String) });
    expect((await producer.store.runs.get(run))?.state).toBe('paused');
    expect((await producer.call('POST', `/v1/accounts/${name}/pause`)).status).toBe(200);
    const start = { account: name, mode: 'full', resources: ['profiles'] };
    expect((await producer.call('POST', '/v1/syncs', { body: start })).json).toMatchObject({
      status: 409,
      code: 'account_paused',
    });
    expect((await producer.call('POST', `/v1/accounts/${name}/resume`)).json).toMatchObject({ pausedAt: null });
    expect((await producer.store.runs.get(run))?.state).toBe('planning');
    // A run that somebody paused by itself stays paused.
    await producer.call('POST', `/v1/syncs/${run}/pause`);
    await producer.call('POST', `/v1/accounts/${name}/pause`);
    await producer.call('POST', `/v1/accounts/${name}/resume`);
    expect((await producer.store.runs.get(run))?.state).toBe('paused');
  });

  it('are deleted with all that is kept of them, and of nobody else', async () => {
    const doomed = await anAccount();
    const other = await anAccount();
    const before = await mentions(other.name);
    expect((await mentions(doomed.name)).length).toBeGreaterThan(8);
    expect(await jobsOf(doomed.name)).toBe(2);
    const { status, json } = await producer.call('DELETE', `/v1/accounts/${doomed.name}`);
    expect([status, json['jobs']]).toEqual([200, 2]);
    expect(await mentions(doomed.name)).toEqual([]);
    expect(await mentions(doomed.run)).toEqual([]);
    expect(await jobsOf(doomed.name)).toBe(0);
    expect(await mentions(other.name)).toEqual(before);
    expect(await jobsOf(other.name)).toBe(2);
    expect((await producer.call('DELETE', `/v1/accounts/${doomed.name}`)).status).toBe(404);
    // Batches' rows say nowhere whose they are.
    expect(await producer.store.batches.rows(`${doomed.run}-b`)).toEqual([]);
    expect(await producer.store.batches.rows(`${other.run}-b`)).toHaveLength(1);
  });

  it('that share the beginning of their names are deleted one by one', async () => {
    const [short, long] = [await anAccount('pre'), await anAccount('pre-fix')];
    const before = await mentions('pre-fix');
    await producer.call('DELETE', `/v1/accounts/${short.name}`);
    expect(await mentions('pre-fix')).toEqual(before);
    expect((await producer.store.runs.get(long.run))?.state).toBe('planning');
  });
});

describe('what belongs to one account', () => {
  it('is not reachable through the id of another, by any route that reads or changes something', async () => {
    const mine = await anAccount();
    const other = await anAccount();
    const paths = routes.flatMap(({ method, path, query, access }) => {
      if (access !== 'key' || path.startsWith('/v1/accounts') || !query || !('account' in query.shape)) return [];
      return [
        {
          method: method.toUpperCase(),
          path: path
            .replace('{resource}', path.startsWith('/v1/archive') ? 'metrics' : 'profiles')
            .replace('{sourceId}', `P-${mine.name}`)
            .replace('{id}', path.startsWith('/v1/syncs') ? mine.run : `M-${mine.name}`),
        },
      ];
    });
    expect(paths.length).toBeGreaterThan(12);
    const before = await mentions(mine.name);
    for (const { method, path } of paths) {
      const { status, text } = await producer.call(method, `${path}?account=${other.name}`);
      // What was asked for stands in the answer of a 404, and of the record that is unknown.
      const told = text.replaceAll(`P-${mine.name}`, '').replaceAll(`M-${mine.name}`, '').replaceAll(mine.run, '');
      expect([method, path, status < 500, told.includes(mine.name)]).toEqual([method, path, true, false]);
      if (path.startsWith('/v1/syncs/')) expect([path, status]).toEqual([path, 404]);
    }
    expect(await mentions(mine.name)).toEqual(before);
    expect((await producer.store.runs.get(mine.run))?.state).toBe('planning');
    // The very same are found by their own account.
    expect((await producer.call('GET', `/v1/syncs/${mine.run}?account=${mine.name}`)).status).toBe(200);
    expect((await producer.call('GET', `/v1/archive/metrics/M-${mine.name}?account=${mine.name}`)).status).toBe(200);
    expect((await producer.call('GET', `/v1/rejections?account=${mine.name}&run=${mine.run}`)).text).toContain(`P-${mine.name}`);
  });
});

describe('the encryption key', () => {
  it('is changed while everything runs, and the former one can go', async () => {
    const { name } = await anAccount();
    const store = createStore(producer.config.mongoUrl ?? '');
    const withKeys = (env: Record<string, string>) => startProducer({ MONGO_URL: producer.config.mongoUrl, ...env });
    // Both are known everywhere before the new one seals anything.
    const both = await withKeys({ TAJO_ENCRYPTION_KEYS: `${NEW_KEY},${OLD_KEY}` });
    try {
      expect(await credentialsOf(both.config, store, name)).toMatchObject(KEYS);
      // What another process changes at the same time is not overwritten.
      const first = await both.call('POST', '/v1/accounts/reseal');
      expect(first.json['resealed']).toBeGreaterThan(0);
      const again = await both.call('POST', '/v1/accounts/reseal');
      expect(again.json).toMatchObject({
        resealed: 0,
        current: (first.json['resealed'] as number) + (first.json['current'] as number),
      });
      expect(await credentialsOf(both.config, store, name)).toMatchObject(KEYS);
      const sealed = (await store.accounts.get(name))?.sealed ?? '';
      expect(() => createSecretBox(OLD_KEY).open(name, sealed)).toThrow();
      expect(createSecretBox(NEW_KEY).open(name, sealed)).toContain(KEYS.brevoApiKey);
      expect(both.logged()).not.toContain(NEW_KEY);
    } finally {
      await both.close();
    }
    const current = await withKeys({ TAJO_ENCRYPTION_KEY: NEW_KEY });
    try {
      expect(await credentialsOf(current.config, store, name)).toMatchObject(KEYS);
    } finally {
      await current.close();
      await store.close();
    }
  });
});
