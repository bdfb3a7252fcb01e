import { RecordRejected } from '@tajo/errors';
import { parseItem, resourceNamed } from '@tajo/mapping';
import type { Batch } from '@tajo/store';
import { openErasedGuard } from '../../erasing/guard.js';
import type { RunContext } from '../target.js';
import { admit } from './admit.js';
import { deliver } from './deliver.js';

/** Writes one profile as Klaviyo has it now, by itself: what its contact was changed for cannot wait for the next run. Harmless twice. */
export async function writeAgain(context: RunContext, resource: string, sourceId: string): Promise<void> {
  const { work, run, account, stored } = context;
  const { store } = work;
  const profile = await account.klaviyo.profile(sourceId, { maxWaitMs: 60_000 });
  if (!profile || (await (await openErasedGuard(work, run.account)).among([profile])).size > 0) return;
  const row = rowOf(resource, profile, run.rules[resource]);
  if (row === undefined) return;
  await store.links.forgetWritten(run.account, resource, sourceId);
  // Not by the run's sweep: contacts have changed since.
  const rules = { ...run.rules, [resource]: { ...Object(run.rules[resource]), counterparts: 'lookup' } };
  const now = { ...context, run: { ...run, rules } };
  const { outgoing } = await admit(now, resource, [row]);
  for (const one of outgoing) {
    const id = `${run._id}_${sourceId}`;
    const batch: Batch = {
      _id: id,
      account: run.account,
      run: run._id,
      slice: id,
      resource,
      group: { ...one.group, by: one.group['by'] === 'import' ? 'one-by-one' : one.group['by'] },
      rowCount: 1,
      state: 'prepared',
      attempt: 0,
      identity: stored.identity,
      processId: null,
      createdAt: work.now(),
      touchedAt: work.now(),
      note: null,
    };
    const delivery = await deliver(now, batch, [one.row]);
    if (delivery.kind !== 'settled') continue;
    const { written, rejected } = delivery.settled;
    const owner = { account: run.account, resource, run: run._id };
    await store.links.put(
      owner,
      written.map(({ link }) => link),
      work.now(),
    );
    await store.rejections.put(owner, rejected, work.now());
    if (written.length > 0) await store.rejections.resolve(run.account, resource, [sourceId]);
  }
}

/** Undefined for one that cannot be in Brevo; the run that reads it says why. */
function rowOf(resource: string, profile: unknown, rules: unknown): unknown {
  try {
    const declared = resourceNamed(resource);
    const mapped = declared.map(parseItem(declared, profile), rules);
    return mapped.kind === 'row' ? mapped.row : undefined;
  } catch (error) {
    if (!(error instanceof RecordRejected)) throw error;
    return undefined;
  }
}
