import { jobIdOf } from '@tajo/contracts';
import type { Erasure } from '@tajo/store';
import { deliveriesQueue, type Work } from '../work.js';
import { namesPerson } from './person-in.js';
import type { SealedPerson } from './identify.js';

/**
 * Takes the person out of every batch that is on its way. Answers the batches that held them and may still write them: an import that Brevo
 * works on, a delivery that read its rows before. Empty when nothing is on its way any more.
 */
export async function drain(work: Work, erasure: Erasure, person: SealedPerson): Promise<string[]> {
  const { store } = work;
  const isTheirs = namesPerson(person);
  const touched = new Set(erasure.batches);
  let found = 0;
  for (const { _id } of await store.batches.ofAccount(erasure.account, ['prepared', 'sent'])) {
    if ((await store.batches.erase(_id, isTheirs)) === 0) continue;
    touched.add(_id);
    found += 1;
  }
  const busy: string[] = [];
  for (const id of touched) if (await isBusy(work, id)) busy.push(id);
  // A delivery that ended meanwhile may have left rows to deliver in another way: one more pass finds them.
  return found > 0 ? [...touched] : busy;
}

async function isBusy(work: Work, id: string): Promise<boolean> {
  const batch = await work.store.batches.get(id);
  if (batch?.state === 'sent') return true;
  if (batch?.state !== 'prepared') return false;
  const { account, run, attempt } = batch;
  const job = await deliveriesQueue(work, batch.resource).getJob(jobIdOf('deliver-batch', { account, run, batch: id, attempt }));
  return (await job?.getState()) === 'active';
}
