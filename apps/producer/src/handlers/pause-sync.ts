import type { RunState } from '@tajo/store';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { answerRun, findRun, wrongState } from '../run-answer.js';
import type { RunParams, RunQuery } from '../schemas.js';

const PAUSABLE: readonly RunState[] = ['planning', 'running', 'reconciling'];

/** Workers stop at their next page boundary. Imports that Brevo has taken already are settled all the same. */
export async function pauseSync(
  context: Context,
  { params: { id }, query: { account } }: { params: RunParams; query: RunQuery },
): Promise<Answer> {
  // The state is remembered to return to, so it must be the one the run is moved from: it may move on in between.
  for (;;) {
    const run = await findRun(context, id, account);
    if (run.state === 'paused') return answerRun(context, run, 200);
    if (!PAUSABLE.includes(run.state)) throw wrongState(run, 'paused', 'Only a run that is under way can be.');
    if (!(await context.store.runs.move(id, [run.state], 'paused', { resumeTo: run.state }))) continue;
    context.logger.info({ account: run.account, run: id }, 'run paused');
    return answerRun(context, await findRun(context, id), 200);
  }
}
