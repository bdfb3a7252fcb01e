import { enqueue, RUNS_QUEUE, type JobPayload } from '@tajo/contracts';
import { BadInput, RequestRefused } from '@tajo/errors';
import { resourceNamed } from '@tajo/mapping';
import type { StoredRun } from '@tajo/store';
import { firstSlices } from '../first-slices.js';
import { endRun } from '../run-end.js';
import { targetOf } from '../targets/index.js';
import type { Work } from '../work.js';
import { openContext } from './context.js';

/**
 * Makes a run ready: what the target needs (attributes, lists, what Brevo already has), then the first slices. Every step may be
 * done twice, so a worker that dies here costs nothing. A configuration that cannot work ends the run before anything is written.
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
    const rules: Record<string, unknown> = {};
    for (const name of run.resources) rules[name] = await targetOf(resourceNamed(name).write.via).plan(context, name);
    await store.runs.update(runId, { rules });
    for (const name of run.resources) {
      await store.slices.insertMissing(await firstSlices(context, resourceNamed(name)), work.now());
    }
    await store.runs.move(runId, ['planning'], 'running', { 'plan.done': ['targets', 'slices'] } as Partial<StoredRun>);
  } catch (error) {
    // Nothing can mend these but another configuration: say so and end, instead of trying again.
    if (!(error instanceof BadInput || error instanceof RequestRefused)) throw error;
    await endRun(work, run, 'failed', { code: error.code, message: error.message, at: work.now() });
  }
}

export async function ensurePlanned(work: Work, run: StoredRun): Promise<void> {
  const queue = work.queues.get(RUNS_QUEUE);
  if (queue) await enqueue(queue, 'plan-run', { account: run.account, run: run._id });
}
