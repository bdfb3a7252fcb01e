import {
  addCounts,
  emptyCounts,
  isBalanced,
  sumOf,
  type Counts,
  type RunProblem,
  type RunState,
  type StoredRun,
} from '@tajo/store';
import { redact } from '@tajo/logging';
import { raiseWatermarks } from './since.js';
import type { Work } from './work.js';

/** Ends a run: keeps its totals, lets the next one start, and says so once. */
export async function endRun(
  work: Work,
  run: StoredRun,
  state: Extract<RunState, 'completed' | 'failed'>,
  problem: RunProblem | null,
  set: Partial<StoredRun> = {},
): Promise<void> {
  const byResource = await work.store.slices.totals(run._id);
  await raiseWatermarks(work, run._id, byResource);
  const totals: Record<string, Counts> = {};
  for (const name of run.resources) totals[name] = byResource[name]?.counts ?? emptyCounts();
  const ended = await work.store.runs.move(run._id, ['planning', 'running', 'reconciling'], state, {
    ...set,
    totals,
    // It may quote what is called anything at a vendor, e.g. a list.
    problem: problem && { ...problem, message: redact(problem.message) },
    finishedAt: work.now(),
  });
  await work.store.runs.releaseAccount(run.account, run._id);
  if (!ended) return;
  // A worker killed before its checkpoint leaves batches that nobody counts; their rows were read and sent again by its successor.
  if (state === 'completed') await work.store.batches.voidPrepared(run._id, work.now());
  const all = Object.values(totals).reduce((sum, counts) => addCounts(sum, counts), emptyCounts());
  work.logger.info(
    {
      account: run.account,
      run: run._id,
      state,
      balanced: isBalanced(all),
      read: all.read,
      written: all.written,
      unchanged: all.unchanged,
      skipped: sumOf(all.skipped),
      rejected: sumOf(all.rejected),
      ...(problem ? { code: problem.code } : {}),
    },
    'run ended',
  );
}
