import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openQueues, type Queues } from '@tajo/contracts';
import { type Batch, createStore, emptyCounts, type Store } from '@tajo/store';
import { Redis } from 'ioredis';
import { withDatabase } from '../../../test/support/stack.js';
import { settleBatch } from './settle-batch.js';
import type { RunContext, Settled } from './targets/target.js';

const resource = 'brevo-contacts';
const target = 'klaviyo-profiles';

let store: Store;
let redis: Redis;
let queues: Queues;
let account: string;
let batch: Batch;

beforeAll(async () => {
  store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `settle_${randomUUID().slice(0, 8)}`));
  await store.migrate();
  redis = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null });
  const prefix = `settle-${randomUUID().slice(0, 8)}`;
  queues = openQueues({ connection: redis, prefix, resources: [resource], targets: [target] });
});
afterAll(async () => {
  for (const queue of queues.values()) await queue.close();
  redis.disconnect();
  await store.close();
});

/** A slice that has read everything and waits for one batch of three rows. */
beforeEach(async () => {
  account = randomUUID();
  const [slice, now] = [randomUUID(), new Date()];
  await store.slices.insertMissing([{ _id: slice, account, run: 'r1', resource }], now);
  await store.slices.markQueued({ _id: slice, turn: 0 }, now);
  const claimed = await store.slices.claim(slice, 0, now);
  const _id = `${slice}_1`;
  await store.batches.prepare({ _id, account, run: 'r1', slice, resource, group: {}, rows: [1, 2, 3] }, now);
  const begun = await store.batches.begin(_id, 0, 'ext_id', now);
  if (!claimed || !begun) throw new Error('they were just made');
  batch = begun;
  const counts = { ...emptyCounts(), read: 3, submitted: 3 };
  const point = { cursor: null, queryTo: null, position: null, counts, batches: [_id], next: { kind: 'finished' as const } };
  await store.slices.checkpoint(claimed, point, now);
});

/** As a worker of which `part` of the store works otherwise. */
function contextWith(part: Partial<Store> = {}): RunContext {
  const work = { store: { ...store, ...part }, queues, now: () => new Date() };
  // Settling reads no more of a worker and a run.
  return { work, run: { _id: 'r1', account, mode: 'full', createdAt: new Date() } } as unknown as RunContext;
}

const linkOf = (sourceId: string, hash: string) => ({ link: { sourceId, hash }, tally: ['values.to_klaviyo'], fields: [] });
const refused = (sourceId: string) =>
  ({ sourceId, outcome: 'rejected', reason: 'taken', message: 'm', stage: 'import' }) as const;

const diesHere = () => Promise.reject(new Error('killed'));

/** One row is written, two go again. */
const FIRST: Settled = {
  written: [linkOf('1', 'first')],
  rejected: [],
  again: [{ rows: [2, 3], group: { by: 'singly' } }],
  note: null,
};
/** What a second try of the same rows came to. */
const SECOND: Settled = {
  written: [linkOf('1', 'second'), linkOf('2', 'second')],
  rejected: [refused('3')],
  again: [],
  note: null,
};

async function standing() {
  const [slice, links, rejections, ...jobs] = await Promise.all([
    store.slices.get(batch.slice),
    store.links.find(account, resource, ['1', '2', '3']),
    store.rejections.list({ account }, { limit: 10 }),
    ...[...queues.values()].map((queue) => queue.getJobs(['wait', 'prioritized'])),
  ]);
  const waiting = jobs.flat().filter((job) => job.data.account === account);
  return {
    counts: slice?.counts,
    batches: slice?.batches,
    hashes: [...links.values()].map(({ sourceId, hash }) => `${sourceId} ${hash}`),
    rejected: rejections.map(({ sourceId }) => sourceId),
    delivered: waiting.map((job) => String(job.data.batch)),
    state: (await store.batches.get(batch._id))?.state,
  };
}

/** Of a batch that was settled the first way and no other. */
async function expectFirstAlone(): Promise<void> {
  const { batches, delivered, ...rest } = await standing();
  expect(rest).toMatchObject({
    counts: { written: 1, submitted: 2, rejected: {}, tally: { 'values.to_klaviyo': 1 } },
    hashes: ['1 first'],
    rejected: [],
    state: 'settled',
  });
  expect(batches).toHaveLength(1);
  expect(delivered).toEqual(batches);
}

describe('settling a batch', () => {
  it('counts its rows, keeps the slice open for those that go again, and closes it', async () => {
    await settleBatch(contextWith(), batch, FIRST);
    await expectFirstAlone();
  });

  it('a second time, after a worker died before it was closed, leaves nothing of what the second try came to', async () => {
    const dying = contextWith({ batches: { ...store.batches, finish: diesHere } });
    await expect(settleBatch(dying, batch, FIRST)).rejects.toThrow('killed');
    // What the dead worker did not enqueue, the tending worker does.
    expect((await standing()).delivered).toEqual([]);

    await settleBatch(contextWith(), batch, SECOND);
    const { batches, ...rest } = await standing();
    expect(rest).toMatchObject({
      counts: { written: 1, submitted: 2, rejected: {} },
      hashes: ['1 first'],
      rejected: [],
      delivered: [],
      state: 'settled',
    });
    expect(batches).toHaveLength(1);
    expect(await store.batches.rows(batches?.[0] ?? '')).toEqual([2, 3]);
  });

  it('by two at the same moment counts one of them, and what the other wanted delivered again is void', async () => {
    await Promise.all([settleBatch(contextWith(), batch, FIRST), settleBatch(contextWith(), batch, FIRST)]);
    await expectFirstAlone();
    const prepared = (await store.batches.ofAccount(account, ['prepared'])).map(({ _id }) => _id);
    expect(prepared).toEqual((await standing()).batches);
  });
});
