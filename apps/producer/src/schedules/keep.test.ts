import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tajo/logging';
import { createStore, type Store } from '@tajo/store';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { until, withDatabase } from '../../../../test/support/stack.js';
import { keepSchedulers } from './keep.js';
import type { Times, Wanted } from './wanted.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null });
const store: Store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `schedules_${randomUUID().slice(0, 8)}`));
afterAll(async () => {
  await store.close();
  connection.disconnect();
});

let queue: Queue;
let prefix: string;
beforeEach(async () => {
  prefix = `schedules-${randomUUID()}`;
  queue = new Queue('runs', { connection, prefix });
  await store.accounts.ensure('default', 'token');
});
afterEach(async () => {
  await queue.obliterate({ force: true });
  await queue.close();
});

const HOURLY: Times = { everyMs: 3_600_000 };
const wantedOf = (times: Times): Wanted[] => [{ group: 'profiles', resources: ['profiles'], times }];
const keep = (wanted: readonly Wanted[], on = queue) => keepSchedulers({ queue: on, store, logger, wanted });
const keys = async () => (await queue.getJobSchedulers()).map(({ key }) => key);

/** Lets a worker take what is there now; answers what it was given. */
async function work(jobs: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  const worker = new Worker('runs', async ({ data }) => void taken.push(data), { connection, prefix });
  await until(() => taken.length >= jobs, 10_000, `${jobs} jobs`);
  // Anything more that is due would come at once.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await worker.close();
  return taken;
}

describe('schedules', () => {
  it('are one for each group however many producers set them, and a right one is left alone', async () => {
    const other = new Queue('runs', { connection, prefix });
    await Promise.all([
      keep(wantedOf(HOURLY)),
      keep(wantedOf(HOURLY), other),
      keep(wantedOf(HOURLY)),
      keep(wantedOf(HOURLY), other),
    ]);
    await other.close();
    expect(await keys()).toEqual(['sync~default~profiles']);
    expect(await work(1)).toEqual([{ account: 'default', group: 'profiles' }]);
    const before = await queue.getJobScheduler('sync~default~profiles');
    await keep(wantedOf(HOURLY));
    expect((await queue.getJobScheduler('sync~default~profiles'))?.next).toBe(before?.next);
    expect(await queue.getDelayedCount()).toBe(1);
  });

  it('are replaced when the configuration changes, and removed when they are switched off or the account is gone', async () => {
    await keep(wantedOf(HOURLY));
    await work(1);
    await keep(wantedOf({ cron: '30 6 * * *', timezone: 'Europe/Paris' }));
    expect(await queue.getJobScheduler('sync~default~profiles')).toMatchObject({ pattern: '30 6 * * *', tz: 'Europe/Paris' });
    expect(await queue.getDelayedCount()).toBe(1);
    await keep([]);
    expect(await keys()).toEqual([]);
    expect(await queue.getDelayedCount()).toBe(0);
  });

  it('run once for all the times that came while everything was down', async () => {
    await keep(wantedOf({ everyMs: 1_000 }));
    await work(1);
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    // The producer comes back first, as it may.
    await keep(wantedOf({ everyMs: 1_000 }));
    const counts = await queue.getJobCounts('delayed', 'waiting');
    expect((counts['delayed'] ?? 0) + (counts['waiting'] ?? 0)).toBe(1);
    const taken: number[] = [];
    const worker = new Worker('runs', async () => void taken.push(Date.now()), { connection, prefix });
    await until(() => taken.length >= 1, 5_000, 'the time that was missed');
    const first = taken[0] ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 500));
    await worker.close();
    // Three and a half seconds were missed: not three runs at once.
    expect(taken.filter((at) => at - first < 400).length).toBeLessThanOrEqual(2);
    expect(taken.length).toBeLessThan(3);
  }, 20_000);
});
