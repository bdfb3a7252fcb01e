import type { Counts, RunState } from '@tajo/store';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { answerRun, findRun, wrongState } from '../run-answer.js';
import type { RunParams, RunQuery } from '../schemas.js';

const CANCELLABLE: readonly RunState[] = ['planning', 'running', 'reconciling', 'paused', 'stopped'];

/**
 * Ends a run for good. What Brevo has taken already stays; what was only prepared is never sent. A second cancel finishes what a
 * killed producer left of the first.
 */
export async function cancelSync(
  context: Context,
  { params: { id }, query: { account } }: { params: RunParams; query: RunQuery },
): Promise<Answer> {
  const { store, logger, now } = context;
  if (account !== undefined) await findRun(context, id, account);
  const cancelled = await store.runs.move(id, CANCELLABLE, 'cancelled', { finishedAt: now(), resumeTo: null });
  const run = await findRun(context, id);
  if (run.state !== 'cancelled') throw wrongState(run, 'cancelled', 'It has ended already.');
  await store.slices.cancelOfRun(id, now());
  await store.batches.voidPrepared(id, now());
  const totals: Record<string, Counts> = {};
  for (const [resource, { counts }] of Object.entries(await store.slices.totals(id))) totals[resource] = counts;
  await store.runs.update(id, { totals });
  // Last: as long as the account is claimed, no other run can meet the leftovers of this one.
  await store.runs.releaseAccount(run.account, id);
  if (cancelled) logger.info({ account: run.account, run: id }, 'run cancelled');
  return answerRun(context, { ...run, totals }, 200);
}
