import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { answerRun, findRun, sendOnItsWay, wrongState } from '../run-answer.js';
import type { RunParams, RunQuery } from '../schemas.js';

/** Goes on where the run was paused or stopped. Also says that what stopped the account is mended. */
export async function resumeSync(
  context: Context,
  { params: { id }, query: { account } }: { params: RunParams; query: RunQuery },
): Promise<Answer> {
  const { store, logger, now } = context;
  const run = await findRun(context, id, account);
  if (run.state !== 'paused' && run.state !== 'stopped') {
    throw wrongState(
      run,
      'resumed',
      run.state === 'failed' ? 'Use retry for a failed run.' : 'Only a paused or stopped run can be.',
    );
  }
  await store.accounts.clearStop(run.account);
  const resumed = await store.runs.move(id, [run.state], run.resumeTo ?? stageOf(run), {
    resumeTo: null,
    resumedAt: now(),
    problem: null,
  });
  if (resumed) logger.info({ account: run.account, run: id }, 'run resumed');
  return answerRun(context, await sendOnItsWay(context, id), 200);
}

/** Where a run stands by what its planning has finished. */
export function stageOf(run: { plan: { done: readonly string[] } }): 'planning' | 'running' {
  return run.plan.done.includes('checked') ? 'running' : 'planning';
}
