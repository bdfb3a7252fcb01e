import { randomBytes } from 'node:crypto';
import { enqueue } from '@tajo/contracts';
import { addTo, type Batch, type BatchOutcome } from '@tajo/store';
import { ERASED } from './erasing/guard.js';
import type { RunContext, Settled } from './targets/target.js';
import { deliveriesQueue, type Work } from './work.js';

/**
 * Writes down what became of a batch's rows: links and rejections first, then the one update that counts them, then the batch is
 * closed. Interrupted anywhere and done again, it counts once, also where the second try came to other outcomes than the first. `erased`:
 * rows that are not among them any more.
 */
export async function settleBatch(context: RunContext, batch: Batch, settled: Settled, erased = 0): Promise<void> {
  const { work } = context;
  const { store } = work;
  const now = work.now();
  // An earlier try counted it and died before it was closed; its followers are on their way.
  if (!(await store.slices.hasBatch(batch.slice, batch._id)))
    return store.batches.finish(batch._id, 'settled', settled.note, now);
  const owner = { account: batch.account, resource: batch.resource, run: batch.run };
  const outcome: BatchOutcome = { written: settled.written.length, rejected: {}, tally: {}, fields: {} };
  for (const { tally, fields } of settled.written) {
    for (const key of tally) addTo(outcome.tally, key);
    for (const key of fields) addTo(outcome.fields, key);
  }
  for (const { reason } of settled.rejected) addTo(outcome.rejected, reason);
  if (erased > 0) outcome.skipped = { [ERASED]: erased };

  const links = settled.written.map(({ link }) => link);
  await store.links.put(owner, links, now);
  const kept = settled.written.flatMap(({ link, kept: data }) => (data ? [{ sourceId: link.sourceId, data }] : []));
  if (kept.length > 0) await store.archive.put(owner, kept, now);
  if (settled.rejected.length > 0) await store.rejections.put(owner, settled.rejected, now);
  if (await mayResolve(context, batch.resource)) {
    await store.rejections.resolve(
      batch.account,
      batch.resource,
      links.map(({ sourceId }) => sourceId),
    );
  }

  const followers = await prepareFollowers(work, batch, settled);
  const isOurs = await store.slices.settleBatch(batch.slice, batch._id, outcome, followers);
  await store.batches.finish(batch._id, 'settled', settled.note, now);
  if (!isOurs) {
    for (const follower of followers) await store.batches.finish(follower, 'void', 'its batch was settled by another', now);
    return;
  }
  for (const follower of followers) {
    await enqueue(deliveriesQueue(work, batch.resource), 'deliver-batch', {
      account: batch.account,
      run: batch.run,
      batch: follower,
      attempt: 0,
    });
  }
}

/** Of a batch whose rows are all gone. */
export const NOTHING: Settled = { written: [], rejected: [], again: [], note: null };

const resolvable = new Map<string, Promise<boolean>>();

/** Whether earlier runs left rejections that this one may resolve; asked once a run, since it would cost a write for every row. */
function mayResolve({ work, run }: RunContext, resource: string): Promise<boolean> {
  if (run.mode === 'replay') return Promise.resolve(true);
  const key = `${run._id}|${resource}`;
  const known = resolvable.get(key);
  if (known) return known;
  if (resolvable.size > 1_000) resolvable.clear();
  const asked = work.store.rejections.anyBefore(run.account, resource, run.createdAt);
  asked.catch(() => resolvable.delete(key)); // The caller sees the failure; the next batch asks again.
  resolvable.set(key, asked);
  return asked;
}

/** Under names that no other try gives: only those that are counted in the end are ever sent. */
async function prepareFollowers(work: Work, batch: Batch, { again }: Settled): Promise<string[]> {
  const owner = { account: batch.account, resource: batch.resource, run: batch.run, slice: batch.slice };
  const ids: string[] = [];
  for (const [i, { rows, group }] of again.entries()) {
    const id = `${batch._id}r${i}${randomBytes(3).toString('hex')}`;
    await work.store.batches.prepare({ ...owner, _id: id, group, rows }, work.now());
    ids.push(id);
  }
  return ids;
}
