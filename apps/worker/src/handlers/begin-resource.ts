import type { JobPayload } from '@tajo/contracts';
import { BadInput, RequestRefused } from '@tajo/errors';
import { redact } from '@tajo/logging';
import { resourceNamed } from '@tajo/mapping';
import { firstSlices } from '../first-slices.js';
import { sinceOf } from '../since.js';
import { targetOf } from '../targets/index.js';
import type { Work } from '../work.js';
import { openContext } from './context.js';

/**
 * Makes one resource of a run ready: what the target needs (attributes, lists, what Brevo already has), then the first slices. Every
 * step may be done twice, so a worker that dies here costs nothing.
 */
export async function beginResource(work: Work, { run: runId, resource: name }: JobPayload<'begin-resource'>): Promise<void> {
  const { store } = work;
  const run = await store.runs.get(runId);
  if (run?.state !== 'running' || run.plan.begun.includes(name)) return;
  const opened = await openContext(work, run);
  const resource = resourceNamed(name);
  const since = await sinceOf(opened, resource);
  const context = since === null ? opened : { ...opened, run: { ...run, since: { ...run.since, [name]: since } } };
  try {
    const rules = await targetOf(resource.write.via).plan(context, name);
    await store.runs.setRules(runId, name, rules);
    await store.slices.insertMissing(await firstSlices(context, resource), work.now());
    await store.runs.begun(runId, name);
  } catch (error) {
    if (!(error instanceof BadInput || error instanceof RequestRefused)) throw error;
    // The others go on; what waits for this one does not begin, and the run ends as failed with these words.
    await store.runs.stuck(runId, name, { code: error.code, message: redact(error.message), at: work.now() });
  }
}
