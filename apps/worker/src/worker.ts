import { once, setMaxListeners } from 'node:events';
import { createAccountOpener } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import { openQueues } from '@tajo/contracts';
import { BadInput, messageOf, RetryLater } from '@tajo/errors';
import { createOpenLimiter, createRedisLimiter, type Limiter } from '@tajo/limiter';
import type { Logger } from '@tajo/logging';
import { topology } from '@tajo/mapping';
import { createStore, isStoreUnreachable, type Store } from '@tajo/store';
import { Redis } from 'ioredis';
import { consume } from './consume.js';
import { giveUp, stopAccount } from './given-up.js';
import { beginResource } from './handlers/begin-resource.js';
import { deliverBatch } from './handlers/deliver-batch.js';
import { erasePerson } from './handlers/erase-person.js';
import { planRun } from './handlers/plan-run.js';
import { processInbox } from './handlers/process-inbox.js';
import { reconcileRun } from './handlers/reconcile-run.js';
import { settleDeletions } from './handlers/settle-deletions.js';
import { settleImports } from './handlers/settle-imports.js';
import { syncPage } from './handlers/sync-page.js';
import { verifyAccount } from './handlers/verify-account.js';
import { createMetrics, type Metrics } from './metrics.js';
import { startTending } from './tend.js';
import type { Work } from './work.js';

/** A clean stop ends within this; the process may be killed at 20 s. */
const STOP_WITHIN_MS = 15_000;

export interface RunningWorker {
  readonly metrics: Metrics;
  ready(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Opens everything a worker needs and starts consuming. Whatever is opened pushes its closer; they run in reverse. */
export async function startWorker(config: Config, logger: Logger, holder: string): Promise<RunningWorker> {
  if (!config.redisUrl)
    throw new BadInput('redis_url_missing', 'REDIS_URL is not set; give the URL of a Redis.', { field: 'redis_url' });
  if (!config.mongoUrl)
    throw new BadInput('mongo_url_missing', 'MONGO_URL is not set; give the URL of a MongoDB.', { field: 'mongo_url' });
  const closers: (() => Promise<unknown>)[] = [];
  const metrics = createMetrics();
  const stopping = new AbortController();
  // Every request under way listens, and there may be hundreds.
  setMaxListeners(0, stopping.signal);

  // Workers wait for Redis to come back instead of failing jobs (docs.bullmq.io/guide/connections).
  const redis = new Redis(config.redisUrl, { maxRetriesPerRequest: null });
  closers.push(async () => redis.disconnect());
  await connected(redis);
  redis.on('error', (error) => logger.warn({ reason: error.message }, 'redis connection'));
  const store = createStore(config.mongoUrl);
  closers.push(() => store.close());
  await migrated(store);

  const limiter = openLimiter(config, redis, metrics);
  closers.push(() => limiter.close());
  const queues = openQueues({ connection: redis, prefix: config.queuePrefix, ...topology });
  for (const queue of queues.values()) {
    queue.on('error', (error) => logger.warn({ reason: error.message }, 'queue connection'));
    closers.push(() => queue.close());
  }

  const work: Work = {
    config,
    store,
    queues,
    limiter,
    logger,
    accounts: createAccountOpener({ config, store, limiter }),
    now: () => new Date(),
    stopping: stopping.signal,
  };
  const tending = startTending(work, holder);
  const consumers = consume({
    connection: redis,
    prefix: config.queuePrefix,
    ...topology,
    concurrency: config.worker.concurrency,
    lockMs: config.worker.lockSeconds * 1_000,
    logger,
    handlers: {
      // Who tends starts it: as soon as no other run of the account is under way.
      'start-run': async ({ account, group }) => void (await store.scheduleStates.markDue(account, group, work.now())),
      'plan-run': (job) => planRun(work, job),
      'begin-resource': (job) => beginResource(work, job),
      'sync-page': (job, signal) => syncPage(work, job, signal),
      'deliver-batch': (job) => deliverBatch(work, job),
      'settle-imports': (job) => settleImports(work, job),
      'process-inbox': (job) => processInbox(work, job),
      'reconcile-run': (job) => reconcileRun(work, job),
      'erase-person': (job) => erasePerson(work, job),
      'settle-deletions': (job) => settleDeletions(work, job),
      'verify-account': (job) => verifyAccount(work, job),
    },
    onAccountStopped: (account, error) => stopAccount(work, account, error),
    onGivenUp: (name, payload, error) => giveUp(work, name, payload, error),
    observe: (name, outcome, ms) => {
      metrics.job(name, outcome, ms);
      tending.soon();
    },
  });
  closers.push(() => consumers.close(STOP_WITHIN_MS));
  closers.push(() => tending.stop());

  return {
    metrics,
    async ready() {
      if (stopping.signal.aborted || !consumers.isRunning() || redis.status !== 'ready') return false;
      return store.ping().then(
        () => true,
        () => false,
      );
    },
    async stop() {
      stopping.abort();
      for (const close of closers.toReversed()) await close();
    },
  };
}

/** A server that is away at the start ends the process, for whoever supervises it to start it again; one that goes away later is waited for. */
async function connected(redis: Redis): Promise<void> {
  try {
    await once(redis, 'ready');
  } catch (cause) {
    const { host, port } = redis.options;
    // The client goes on trying until it is closed, and an error nobody listens to ends the process.
    redis.on('error', () => undefined);
    throw new RetryLater(
      'redis_unreachable',
      `Redis at ${host}:${port} cannot be reached (${messageOf(cause)}); check REDIS_URL and that it runs.`,
      { cause },
    );
  }
}

async function migrated(store: Store): Promise<void> {
  try {
    await store.migrate();
  } catch (cause) {
    if (!isStoreUnreachable(cause)) throw cause;
    throw new RetryLater(
      'mongo_unreachable',
      `MongoDB cannot be reached (${messageOf(cause)}); check MONGO_URL and that it runs.`,
      { cause },
    );
  }
}

function openLimiter(config: Config, redis: Redis, metrics: Metrics): Limiter {
  const { limits } = config.account;
  if (!limits.enabled) return createOpenLimiter();
  return createRedisLimiter({
    redis,
    prefix: `${config.queuePrefix}:lane`,
    marginMs: limits.marginMs,
    quotaShare: limits.quotaShare,
    observer: { waited: (lane, ms) => metrics.waited(lane.key, ms), penalized: (lane) => metrics.penalized(lane.key) },
  });
}
