import type { RunState } from '@tajo/store';
import type { Context } from '../context.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import { findRun, sendOnItsWay } from '../run-answer.js';
import type { AccountParams } from '../schemas.js';
import { showAccount } from './read-account.js';

const LIVE_STATES: readonly RunState[] = ['planning', 'running', 'reconciling'];

/** Nothing is started for the account any more, and what is under way stands still at its next page. Harmless again. */
export async function pauseAccount(context: Context, { params: { id } }: { params: AccountParams }): Promise<Answer> {
  const { store, logger, now } = context;
  if (!(await store.accounts.get(id))) throw notFound(`account ${id}`);
  await store.accounts.pause(id, now());
  for (const run of await store.runs.list({ account: id, states: LIVE_STATES })) {
    // First noted, then paused: what was paused by a request that died in between is still known to go on with the account.
    await store.accounts.notePausedRun(id, run._id);
    await pauseRun(context, run._id);
  }
  logger.info({ account: id }, 'account paused');
  return { status: 200, body: await showAccount(context, id) };
}

/** The state is remembered to return to, and it may move on in between. */
async function pauseRun(context: Context, id: string): Promise<void> {
  for (;;) {
    const run = await findRun(context, id);
    if (!LIVE_STATES.includes(run.state)) return;
    if (await context.store.runs.move(id, [run.state], 'paused', { resumeTo: run.state })) return;
  }
}

/** Goes on with the account, and with the runs that were paused with it. Also says that what stopped it is mended. */
export async function resumeAccount(context: Context, { params: { id } }: { params: AccountParams }): Promise<Answer> {
  const { store, logger, now } = context;
  const stored = await store.accounts.get(id);
  if (!stored) throw notFound(`account ${id}`);
  await store.accounts.clearStop(id);
  for (const runId of stored.pausedRuns ?? []) {
    const run = await store.runs.get(runId);
    if (run?.state !== 'paused' || run.account !== id) continue;
    const to = run.resumeTo ?? (run.plan.done.includes('checked') ? 'running' : 'planning');
    if (await store.runs.move(runId, ['paused'], to, { resumeTo: null, resumedAt: now(), problem: null }))
      await sendOnItsWay(context, runId);
  }
  // Last: a request that died before is done again from the start.
  await store.accounts.unpause(id);
  logger.info({ account: id }, 'account resumed');
  return { status: 200, body: await showAccount(context, id) };
}
