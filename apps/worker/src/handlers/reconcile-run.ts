import type { JobPayload } from '@tajo/contracts';
import { resourceNamed } from '@tajo/mapping';
import { type Comparison, isBalanced, type Reconciliation } from '@tajo/store';
import { butForErased } from '../erasing/but-for-erased.js';
import { endRun } from '../run-end.js';
import { isSwept } from '../since.js';
import { targetOf } from '../targets/index.js';
import type { Work } from '../work.js';
import { openContext } from './context.js';

/** After the last settlement: what the source no longer has is undone, the counts must add up, and both sides are compared. Then the run ends. */
export async function reconcileRun(work: Work, { run: runId }: JobPayload<'reconcile-run'>): Promise<void> {
  const run = await work.store.runs.get(runId);
  if (run?.state !== 'reconciling') return;
  const context = await openContext(work, run);

  let reconciliation: Reconciliation | null = null;
  const comparisons: Record<string, Comparison> = {};
  if (run.mode !== 'replay') {
    for (const name of run.resources) {
      const target = targetOf(resourceNamed(name).write.via);
      // Only whoever has seen all can tell what is gone, or how many there should be.
      if (isSwept(run, name)) {
        await target.complete?.(context, name);
        reconciliation = (await target.reconcile?.(context, name)) ?? reconciliation;
      }
      const comparison = await target.compare?.(context, name);
      if (comparison) comparisons[name] = comparison;
    }
  }
  if (run.repairs) for (const name of run.resources) await targetOf(resourceNamed(name).write.via).settleMissing?.(context, name);
  const erased = await work.store.erasures.since(run.account, run.createdAt);
  if (reconciliation) reconciliation = butForErased(reconciliation, erased.profiles);
  for (const [name, comparison] of Object.entries(comparisons))
    comparisons[name] = butForErased(comparison, erased.profiles + erased.records);
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
      { reconciliation, comparisons },
    );
    return;
  }
  await endRun(work, run, 'completed', null, { reconciliation, comparisons });
}
