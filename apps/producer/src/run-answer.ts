import { RUNS_QUEUE, SETTLEMENTS_QUEUE, wake } from '@tajo/contracts';
import { type Plan, readPlan } from '@tajo/planner';
import { type RunView, type StoredRun, viewRun } from '@tajo/store';
import type { Queue } from 'bullmq';
import type { Context } from './context.js';
import { notFound, Problem } from './problem.js';
import type { Answer } from './route.js';

/** Of that account, where one is named: another's is as good as none. */
export async function findRun({ store }: Context, id: string, account?: string): Promise<StoredRun> {
  const run = await store.runs.get(id);
  if (!run || (account !== undefined && run.account !== account)) throw notFound(`run ${id}`);
  return run;
}

/** A run as the API shows it. */
export type ShownRun = Omit<RunView, 'forecast'> & { plan: Plan | null };

export async function showRun({ store, now }: Pick<Context, 'store' | 'now'>, run: StoredRun): Promise<ShownRun> {
  const { forecast, ...view } = await viewRun(store.slices, run, now());
  return { ...view, plan: readPlan(forecast) };
}

export async function answerRun(context: Context, run: StoredRun, status: 200 | 202): Promise<Answer> {
  const body = await showRun(context, run);
  return { status, body, ...(status === 202 && { headers: { location: `/v1/syncs/${run._id}` } }) };
}

/** The run is not in a state for what was asked; `advice` is what would be right. */
export function wrongState(run: StoredRun, verb: string, advice: string): Problem {
  return new Problem(409, 'run_state', `Run ${run._id} is ${run.state} and cannot be ${verb}. ${advice}`, {
    extras: { runId: run._id, state: run.state },
  });
}

/** Enqueues what a resumed run needs to go on, and answers the run as it stands. */
export async function sendOnItsWay(context: Context, id: string): Promise<StoredRun> {
  const run = await findRun(context, id);
  const payload = { account: run.account, run: id };
  // `wake`, since a job of the same id may have failed before.
  if (run.state === 'planning') await tellWorkers(context, (queue) => wake(queue, 'plan-run', payload));
  if (run.state === 'reconciling') await tellWorkers(context, (queue) => wake(queue, 'reconcile-run', payload));
  // What stopped the account may have stopped the look at its imports.
  if (run.state === 'running')
    await tellWorkers(context, (queue) => wake(queue, 'settle-imports', { account: run.account }), SETTLEMENTS_QUEUE);
  return run;
}

/**
 * Puts a job in a queue, that of runs by default. The run is stored already and workers look for runs without a job themselves, so a Redis that is
 * away costs a moment and not the request.
 */
export async function tellWorkers(
  { queues, logger }: Context,
  add: (queue: Queue) => Promise<void>,
  name = RUNS_QUEUE,
): Promise<void> {
  const queue = queues.get(name);
  try {
    if (queue) await add(queue);
  } catch (error) {
    logger.warn({ err: error }, 'the run is stored, its job could not be enqueued; workers will find it');
  }
}
