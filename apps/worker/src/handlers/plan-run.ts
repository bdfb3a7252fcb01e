import type { JobPayload } from '@tajo/contracts';
import { BadInput, RequestRefused } from '@tajo/errors';
import { resourceNamed } from '@tajo/mapping';
import type { StoredRun } from '@tajo/store';
import { forecastOf } from '../forecast.js';
import { endRun } from '../run-end.js';
import { targetOf } from '../targets/index.js';
import type { Work } from '../work.js';
import { openContext } from './context.js';

/**
 * Looks whether every resource of a run can work at all, before the first write of any. A configuration that cannot work ends the run
 * here; then its resources begin, each when those it waits for are done (`begin-resource`).
 */
export async function planRun(work: Work, { run: runId }: JobPayload<'plan-run'>): Promise<void> {
  const { store } = work;
  const run = await store.runs.get(runId);
  if (run?.state !== 'planning') return;
  if (run.startedAt === null) {
    work.logger.info({ account: run.account, run: run._id, resources: run.resources, mode: run.mode }, 'run began');
    await store.runs.update(runId, { startedAt: work.now() });
  }
  const context = await openContext(work, run);
  try {
    for (const name of run.resources) await targetOf(resourceNamed(name).write.via).check?.(context, name);
    const forecast = run.forecast ?? (await forecastOf(context));
    await store.runs.move(runId, ['planning'], 'running', { 'plan.done': ['checked'], forecast } as Partial<StoredRun>);
  } catch (error) {
    // Nothing can mend these but another configuration: say so and end, instead of trying again.
    if (!(error instanceof BadInput || error instanceof RequestRefused)) throw error;
    await endRun(work, run, 'failed', { code: error.code, message: error.message, at: work.now() });
  }
}
