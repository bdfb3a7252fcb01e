import { afterEach, describe, it } from '@jest/globals';
import { type RunningServer, startMongo, startRedis } from '@tajo/servers';
import { everythingAgrees, finished } from '../support/ledger.js';
import { type Stack, startStack, until } from '../support/stack.js';

const AWAY_MS = 10_000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A stack on servers of its own, which the test may take away. */
async function ownServers(): Promise<{ stack: Stack; redis: RunningServer; mongo: RunningServer }> {
  const redis = await startRedis({ log: () => undefined });
  closers.push(() => redis.stop());
  const mongo = await startMongo({ log: () => undefined });
  closers.push(() => mongo.stop());
  const stack = await startStack({
    workers: 2,
    redisUrl: redis.url,
    mongoUrl: mongo.url,
    sandbox: { klaviyo: { profiles: 1_000, limits: 'off', latencyMs: 100 }, brevo: { limits: 'off', importDelayMs: 200 } },
    connector: { pace: { pages_per_job: 2, parallel_slices: 3 } },
  });
  closers.push(() => stack.stop());
  return { stack, redis, mongo };
}

async function goneInTheMiddle(stack: Stack, server: RunningServer, goes: 'kill' | 'end'): Promise<void> {
  const run = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' });
  await until(async () => ((await stack.client.syncs.get(run.id)).totals['profiles']?.read ?? 0) > 0, 60_000, 'the first pages');
  await server[goes]();
  await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
  await server.restart();
  await everythingAgrees(stack, await finished(stack, run));
}

describe('a run completes by itself', () => {
  it('after Redis was gone for 10 s', async () => {
    const { stack, redis } = await ownServers();
    await goneInTheMiddle(stack, redis, 'kill');
  }, 240_000);

  it('after MongoDB was gone for 10 s', async () => {
    const { stack, mongo } = await ownServers();
    // In good order: MongoDB has a journal, but a kill -9 can leave a collection of the embedded server without part of its index for good.
    await goneInTheMiddle(stack, mongo, 'end');
  }, 240_000);
});
