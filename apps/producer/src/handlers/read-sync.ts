import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { answerRun, findRun } from '../run-answer.js';
import type { RunParams } from '../schemas.js';

export async function readSync(context: Context, { params: { id } }: { params: RunParams }): Promise<Answer> {
  return answerRun(context, await findRun(context, id), 200);
}
