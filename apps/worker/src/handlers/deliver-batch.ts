import { SETTLEMENTS_QUEUE, wake, type JobPayload } from '@tajo/contracts';
import { AccountStopped, RequestRefused } from '@tajo/errors';
import { resourceNamed } from '@tajo/mapping';
import { NOTHING, settleBatch } from '../settle-batch.js';
import { targetOf } from '../targets/index.js';
import { queueNamed, type Work } from '../work.js';
import { openContext } from './context.js';

/** Sends one prepared batch. A repeat sends the same rows again, which a contact import takes harmlessly. */
export async function deliverBatch(work: Work, job: JobPayload<'deliver-batch'>): Promise<void> {
  const { store } = work;
  const run = await store.runs.get(job.run);
  if (!run || run.state === 'cancelled') return store.batches.finish(job.batch, 'void', 'run cancelled', work.now());
  if (run.state === 'paused' || run.state === 'stopped') return; // Enqueued again when the run is resumed.

  const context = await openContext(work, run);
  const batch = await store.batches.begin(job.batch, job.attempt, context.stored.identity, work.now());
  if (!batch) return;
  const target = targetOf(resourceNamed(batch.resource).write.via);
  const { rows, erased } = await store.batches.open(batch._id);
  if (rows.length === 0 && erased > 0) return settleBatch(context, batch, NOTHING, erased);
  try {
    const delivery = await target.deliver(context, batch, rows);
    if (delivery.kind === 'settled') return await settleBatch(context, batch, delivery.settled, erased);
    await store.batches.sent(batch._id, delivery.processId, work.now());
    await wake(queueNamed(work, SETTLEMENTS_QUEUE), 'settle-imports', { account: run.account });
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    // The vendor refused the request as a whole, not a row of it (a list is gone, a setting forbids it): more requests would fare alike.
    const [code, vendor] = error.code.startsWith('klaviyo_')
      ? ['klaviyo_batch_refused', 'Klaviyo']
      : ['brevo_batch_refused', 'Brevo'];
    throw new AccountStopped(code, error.message, {
      remedy: `Mend what ${vendor} names, then resume the run; the batch is kept and sent then.`,
      cause: error,
    });
  }
}
