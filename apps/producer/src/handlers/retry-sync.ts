import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { answerRun, findRun, sendOnItsWay, wrongState } from '../run-answer.js';
import type { RunParams, RunQuery } from '../schemas.js';
import { stageOf } from './resume-sync.js';
import { runActive } from './start-sync.js';

/** Reads the failed slices of a failed run again; what was done stays done. */
export async function retrySync(
  context: Context,
  { params: { id }, query: { account } }: { params: RunParams; query: RunQuery },
): Promise<Answer> {
  const { store, logger, now } = context;
  const run = await findRun(context, id, account);
  if (run.state !== 'failed')
    throw wrongState(run, 'retried', 'Only a failed run can be; use resume for a paused or stopped one.');
  const holder = await store.runs.claimAccount(run.account, id, now());
  if (holder !== null) throw runActive(run.account, holder);
  await store.accounts.clearStop(run.account);
  await store.slices.retryFailed(id, now());
  const moved = await store.runs.move(id, ['failed'], stageOf(run), {
    finishedAt: null,
    resumedAt: now(),
    problem: null,
    totals: null,
    reconciliation: null,
    comparisons: {},
    stuck: {},
    reconcileOffset: 0,
    reconcileTally: {},
  });
  if (moved) logger.info({ account: run.account, run: id }, 'run retried');
  return answerRun(context, await sendOnItsWay(context, id), 200);
}
