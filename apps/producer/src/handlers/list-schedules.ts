import { RUNS_QUEUE } from '@tajo/contracts';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { schedulerId } from '../schedules/keep.js';
import { wantedSchedules } from '../schedules/wanted.js';
import type { AccountQuery } from '../schemas.js';

/** What starts by itself and when, and what became of it the last time. */
export async function listSchedules(
  { config, store, queues }: Context,
  { query: { account } }: { query: AccountQuery },
): Promise<Answer> {
  const states = new Map((await store.scheduleStates.ofAccount(account)).map((state) => [state.group, state]));
  const marks = new Map((await store.watermarks.ofAccount(account)).map(({ resource, at }) => [resource, at.toISOString()]));
  const schedules = await Promise.all(
    wantedSchedules(config).map(async ({ group, resources, times }) => {
      const state = states.get(group);
      const scheduler = await queues.get(RUNS_QUEUE)?.getJobScheduler(schedulerId(account, group));
      return {
        group,
        resources: resources.map((name) => ({ name, readUpTo: marks.get(name) ?? null })),
        everySeconds: 'everyMs' in times ? times.everyMs / 1_000 : null,
        cron: 'cron' in times ? times.cron : null,
        timezone: 'cron' in times ? times.timezone : null,
        nextAt: scheduler?.next === undefined ? null : new Date(scheduler.next).toISOString(),
        waiting: state?.dueAt ? { since: state.dueAt.toISOString(), forRun: state.waitsFor } : null,
        lastRun: state?.lastRun ?? null,
        lastAt: state?.lastAt?.toISOString() ?? null,
        note: state?.note ?? null,
      };
    }),
  );
  return { status: 200, body: { account, mode: config.account.syncMode, schedules } };
}
