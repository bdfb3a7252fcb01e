import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openQueues, type Queues } from '@tajo/contracts';
import { createStore, type SliceOutline, type Store } from '@tajo/store';
import { Redis } from 'ioredis';
import { feed } from './feed.js';
import type { Work } from './work.js';

const PROFILES = 'klaviyo-profiles';
const PARALLEL = 16;

let store: Store;
let redis: Redis;
let queues: Queues;
beforeAll(() => {
  const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
  url.pathname = `/feed_${randomUUID().slice(0, 8)}`;
  store = createStore(url.href);
  redis = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null });
});
beforeEach(() => {
  queues = openQueues({
    connection: redis,
    prefix: `feed-${randomUUID().slice(0, 8)}`,
    resources: ['profiles', 'events'],
    targets: [],
  });
});
afterAll(async () => {
  for (const queue of queues.values()) await queue.close();
  redis.disconnect();
  await store.close();
});

const workOf = () =>
  // Feeding reads no more of it.
  ({ store, queues, config: { account: { pace: { parallelSlices: PARALLEL } } }, now: () => new Date() }) as unknown as Work;

/** As many waiting slices as given, of a run of the account. */
async function slicesOf(account: string, count: number, resource = 'profiles'): Promise<SliceOutline[]> {
  const run = `run-${account}-${randomUUID().slice(0, 8)}`;
  const ids = Array.from({ length: count }, (_, at) => ({
    _id: `${run}-${String(at).padStart(3, '0')}`,
    account,
    run,
    resource,
  }));
  await store.slices.insertMissing(ids, new Date());
  return store.slices.outlineOfRun(run, ['waiting']);
}

const again = (slices: readonly SliceOutline[]) =>
  store.slices.outlineOfRun(slices[0]?.run ?? '', ['waiting', 'queued', 'reading']);

/** Whose the jobs are, in the order in which workers take them. */
async function order(queue = PROFILES): Promise<string[]> {
  const jobs = await queues.get(queue)?.getJobs(['wait'], 0, -1, true);
  return (jobs ?? []).map((job) => String(job.data.account));
}

const countOf = (jobs: readonly string[], account: string) => jobs.filter((one) => one === account).length;

describe('feeding the queue of a resource', () => {
  it('gives an account that is alone all the room', async () => {
    await feed(workOf(), [await slicesOf('alone', 100)], new Date());
    expect(await order()).toHaveLength(2 * PARALLEL);
  });

  it('lets accounts take turns, whatever the order and size of their runs', async () => {
    const names = Array.from({ length: 50 }, (_, at) => `a${at}`);
    const runs = await Promise.all(names.map((name, at) => slicesOf(name, at === 0 ? 60 : 3)));
    await feed(workOf(), runs, new Date());
    const jobs = await order();
    // Everybody has had a turn before anybody has a second one, and the largest has no more than the others.
    expect(new Set(jobs.slice(0, 50)).size).toBe(50);
    for (const name of names) expect([name, countOf(jobs, name)]).toEqual([name, 2]);
  });

  it('puts an account that has nothing in the queue yet before all that others put there', async () => {
    const large = await slicesOf('large', 60);
    await feed(workOf(), [large], new Date());
    const [late, later] = [await slicesOf('late', 3), await slicesOf('later', 3)];
    await feed(workOf(), [await again(large), late, later], new Date());
    const jobs = await order();
    expect(new Set(jobs.slice(0, 2))).toEqual(new Set(['late', 'later']));
    expect([countOf(jobs, 'large'), countOf(jobs, 'late'), countOf(jobs, 'later')]).toEqual([32, 3, 3]);
  });

  it('keeps no room for accounts that wait for their lanes', async () => {
    const throttled = (await slicesOf('throttled', 40)).map((slice) => ({ ...slice, notBefore: new Date(Date.now() + 60_000) }));
    await feed(workOf(), [throttled, await slicesOf('healthy', 40)], new Date());
    const jobs = await order();
    expect([countOf(jobs, 'throttled'), countOf(jobs, 'healthy')]).toEqual([0, 2 * PARALLEL]);
  });

  it('counts each resource by itself, and enqueues nothing twice', async () => {
    const runs = [await slicesOf('one', 40), await slicesOf('one', 3, 'events')];
    await feed(workOf(), runs, new Date());
    await feed(workOf(), runs, new Date());
    expect([(await order()).length, (await order('klaviyo-events')).length]).toEqual([2 * PARALLEL, 3]);
  });
});
