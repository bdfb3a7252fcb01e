import { credentialsFrom, startRun } from '@tajo/accounts';
import { enqueue, RUNS_QUEUE } from '@tajo/contracts';
import { AccountStopped } from '@tajo/errors';
import { enabledResources, groupOf } from '@tajo/planner';
import type { ScheduleState } from '@tajo/store';
import { queueNamed, type Work } from './work.js';

/** Schedules that come due together travel together. */
const GATHER_MS = 1_000;

/** Starts what is due, one run for each account; what finds a run under way waits for its end and is one with whatever comes due by then. */
export async function startDue(work: Work): Promise<void> {
  const due = await work.store.scheduleStates.due(new Date(work.now().getTime() - GATHER_MS));
  for (const account of new Set(due.map((state) => state.account)))
    await startOf(
      work,
      account,
      due.filter((state) => state.account === account),
    );
}

async function startOf(work: Work, account: string, due: readonly ScheduleState[]): Promise<void> {
  const { config, store, logger } = work;
  const { scheduleStates } = store;
  const why = await whyNot(work, account);
  if (why !== null) return scheduleStates.settled(due, { note: why });
  const marked = new Set((await store.watermarks.ofAccount(account)).map(({ resource }) => resource));
  const groups = new Set(due.map(({ group }) => group));
  const wanted = enabledResources(config).filter((name) => groups.has(groupOf(name)));
  const resources = wanted.filter((name) => marked.has(name));
  const carried = new Set<string>(resources.map(groupOf));
  const others = due.filter(({ group }) => !carried.has(group));
  // The first run of a resource is somebody's decision: it writes the whole account into Brevo.
  await scheduleStates.settled(others, { note: 'nothing to keep in sync yet: no run has carried it over to its end' });
  if (resources.length === 0) return;

  const states = due.filter(({ group }) => carried.has(group));
  const outcome = await startRun(work, { account, mode: 'incremental', resources });
  if (outcome.kind === 'busy') {
    const fresh = await scheduleStates.waiting(states, outcome.runId);
    for (const { group } of fresh)
      logger.info({ account, group, waitsFor: outcome.runId }, 'a scheduled run waits for the run under way');
  }
  if (outcome.kind !== 'created') return;
  const { run } = outcome;
  // Killed before this line it is due once more, and an incremental run more changes nothing.
  await scheduleStates.settled(states, { run: run._id, at: run.createdAt });
  logger.info({ account, run: run._id, resources, mode: run.mode, groups: [...carried] }, 'scheduled run accepted');
  await enqueue(queueNamed(work, RUNS_QUEUE), 'plan-run', { account, run: run._id });
}

/** Unlike somebody who starts a run, a schedule does not claim that what stopped the account is mended. */
export async function whyNot({ config, store }: Work, account: string): Promise<string | null> {
  if (!config.account.enabled) return 'the connector is switched off';
  const stored = await store.accounts.get(account);
  if (!stored) return 'the account is not known';
  if (stored.pausedAt) return 'the account is paused';
  if (stored.stopped) return `the account stands still: ${stored.stopped.code}`;
  try {
    credentialsFrom(config, account, stored);
    return null;
  } catch (error) {
    if (error instanceof AccountStopped) return `the account cannot work: ${error.code}`;
    throw error;
  }
}
