import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { answerRun, findRun } from '../run-answer.js';
import type { RunParams, RunQuery } from '../schemas.js';

export async function readSync(
  context: Context,
  { params: { id }, query: { account } }: { params: RunParams; query: RunQuery },
): Promise<Answer> {
  return answerRun(context, await findRun(context, id, account), 200);
}
