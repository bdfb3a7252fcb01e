import { JOB_DEFAULTS, parseJob } from '@tajo/contracts';
import type { Logger } from '@tajo/logging';
import type { Store } from '@tajo/store';
import { messageOf } from '@tajo/errors';
import type { Queue } from 'bullmq';
import type { Times, Wanted } from './wanted.js';

/** Accounts are connected and deleted while the producer runs. */
const EVERY_MS = 60_000;
const PREFIX = 'sync~';

export interface Keeping {
  readonly queue: Queue;
  readonly store: Store;
  readonly logger: Logger;
  readonly wanted: readonly Wanted[];
}

/**
 * Makes BullMQ's job schedulers what the configuration says, for every account: one for each group of resources, however many producers
 * do this at once. One that is right is left alone, since making it anew would lose a time that came while nothing ran.
 */
export async function keepSchedulers({ queue, store, logger, wanted }: Keeping): Promise<void> {
  const accounts = (await store.accounts.list()).filter(({ deletingAt }) => !deletingAt);
  const right = new Map(
    accounts.flatMap(({ _id: account }) => wanted.map((one) => [schedulerId(account, one.group), { account, ...one }] as const)),
  );
  const there = new Map((await queue.getJobSchedulers(0, -1, true)).map((scheduler) => [scheduler.key, scheduler]));
  for (const key of there.keys()) {
    if (!key.startsWith(PREFIX) || right.has(key)) continue;
    await queue.removeJobScheduler(key);
    const [account = '', group = ''] = key.slice(PREFIX.length).split('~');
    await store.scheduleStates.remove(account, group);
    logger.info({ schedule: key }, 'schedule removed');
  }
  for (const [key, { account, group, times }] of right) {
    const existing = there.get(key);
    if (existing && isSame(existing, times)) continue;
    const repeat = 'everyMs' in times ? { every: times.everyMs } : { pattern: times.cron, tz: times.timezone };
    const { removeOnComplete = true, attempts = 1, backoff } = JOB_DEFAULTS;
    const opts = { removeOnComplete, removeOnFail: true, attempts, ...(backoff && { backoff }) };
    await queue.upsertJobScheduler(key, repeat, { name: 'start-run', data: parseJob('start-run', { account, group }), opts });
    logger.info({ schedule: key, ...times }, 'schedule set');
  }
}

/** Names of accounts have no `~`. */
export function schedulerId(account: string, group: string): string {
  return `${PREFIX}${account}~${group}`;
}

function isSame(scheduler: { every?: number; pattern?: string; tz?: string }, times: Times): boolean {
  if ('everyMs' in times) return scheduler.every === times.everyMs;
  return scheduler.pattern === times.cron && scheduler.tz === times.timezone;
}

/** Now and then again; answers how to end it. */
export function startKeeping(keeping: Keeping): () => Promise<void> {
  let running = keepOnce();
  const timer = setInterval(() => {
    running = running.then(keepOnce);
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };

  async function keepOnce(): Promise<void> {
    try {
      await keepSchedulers(keeping);
    } catch (error) {
      keeping.logger.warn({ reason: messageOf(error) }, 'schedules could not be looked after; the next minute tries again');
    }
  }
}
