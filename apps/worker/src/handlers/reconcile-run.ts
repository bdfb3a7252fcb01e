import type { JobPayload } from '@tajo/contracts';
import { resourceNamed } from '@tajo/mapping';
import { isBalanced, type Reconciliation } from '@tajo/store';
import { endRun } from '../run-end.js';
import { targetOf } from '../targets/index.js';
import type { Work } from '../work.js';
import { openContext } from './context.js';

/** After the last settlement: do the counts add up, and do both sides say the same about consent? Then the run ends. */
export async function reconcileRun(work: Work, { run: runId }: JobPayload<'reconcile-run'>): Promise<void> {
  const run = await work.store.runs.get(runId);
  if (run?.state !== 'reconciling') return;
  const context = await openContext(work, run);

  let reconciliation: Reconciliation | null = null;
  if (run.mode !== 'replay') {
    for (const name of run.resources) {
      reconciliation = (await targetOf(resourceNamed(name).write.via).reconcile?.(context, name)) ?? reconciliation;
    }
  }
  const totals = await work.store.slices.totals(runId);
  const unbalanced = Object.entries(totals).filter(([, { counts }]) => !isBalanced(counts));
  if (unbalanced.length > 0) {
    await endRun(
      work,
      run,
      'failed',
      {
        code: 'unbalanced',
        message: `The counts of ${unbalanced.map(([name]) => name).join(', ')} do not add up.`,
        remedy: 'This is a fault of ours: keep the run and report it.',
        at: work.now(),
      },
      { reconciliation },
    );
    return;
  }
  await endRun(work, run, 'completed', null, { reconciliation });
}
