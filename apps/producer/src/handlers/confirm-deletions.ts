import { wake } from '@tajo/contracts';
import type { Context } from '../context.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import { answerRun, findRun, tellWorkers } from '../run-answer.js';
import type { RunParams, RunQuery } from '../schemas.js';

/** Somebody has looked: so many profiles are gone indeed. Confirming twice is once. */
export async function confirmDeletions(
  context: Context,
  { params: { id }, query: { account } }: { params: RunParams; query: RunQuery },
): Promise<Answer> {
  const { store, logger } = context;
  const run = await findRun(context, id, account);
  const state = run.deletions?.state;
  if (state === undefined || state === 'done') {
    const message = `Run ${id} has nothing to confirm: ${state === 'done' ? 'what became of profiles that are gone is done' : 'it found no profile gone'}.`;
    throw new Problem(409, 'nothing_to_confirm', message, { extras: { runId: id } });
  }
  if (await store.runs.confirmDeletions(id))
    logger.info({ account: run.account, run: id, gone: run.deletions?.gone }, 'deletions confirmed');
  await tellWorkers(context, (queue) => wake(queue, 'settle-deletions', { account: run.account, run: id }));
  return answerRun(context, await findRun(context, id), 202);
}
