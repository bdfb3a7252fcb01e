import type { StoredRun } from '@tajo/store';
import { Bug } from '@tajo/errors';
import type { RunContext } from '../targets/target.js';
import type { Work } from '../work.js';

/** The run with its account's clients, or null when the run is gone. */
export async function contextOf(work: Work, runId: string): Promise<RunContext | null> {
  const run = await work.store.runs.get(runId);
  if (!run) return null;
  return openContext(work, run);
}

export async function openContext(work: Work, run: StoredRun): Promise<RunContext> {
  const stored = await work.store.accounts.get(run.account);
  if (!stored) throw new Bug('account_unknown', `Run ${run._id} belongs to account ${run.account}, which is not stored.`);
  return { work, run, account: await work.accounts.open(run.account, stored), stored };
}
