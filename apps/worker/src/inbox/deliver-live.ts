import { Bug, RecordRejected, RetryLater } from '@tajo/errors';
import { parseItem } from '@tajo/mapping';
import { addTo, type Batch, type NewRejection } from '@tajo/store';
import { ERASED, openErasedGuard } from '../erasing/guard.js';
import { joined } from '../joined.js';
import { targetOf } from '../targets/index.js';
import type { Outgoing, Settled } from '../targets/target.js';
import type { Live } from './live-context.js';

/** What records that come by webhook are refused under: no run counts them. */
export const BY_WEBHOOK = 'webhooks';

/**
 * Delivers single records on the way every record goes: mapped by their resource, admitted and delivered by its target, their links and
 * rejections written down. `outcome` counts each once, e.g. `profiles.written`. Harmless twice.
 */
export async function deliverLive(
  { context, resource }: Live,
  page: { readonly items: readonly unknown[]; readonly included: readonly unknown[] },
  delivery: string,
  outcome: Record<string, number>,
): Promise<void> {
  const { work, run } = context;
  const { store } = work;
  const target = targetOf(resource.write.via);
  const count = (word: string) => addTo(outcome, `${resource.name}.${word}`);
  const items = joined(page.items, page.included, null);
  const guard = await openErasedGuard(work, run.account);
  const erased = await guard.among(items);

  const rows: unknown[] = [];
  const refused: NewRejection[] = [];
  for (const [place, item] of items.entries()) {
    if (erased.has(place)) {
      count(ERASED);
      continue;
    }
    const sourceId = idOf(item);
    try {
      const mapped = resource.map(parseItem(resource, item), run.rules[resource.name]);
      if (mapped.kind === 'row') rows.push(mapped.row);
      else refused.push({ sourceId, outcome: 'skipped', reason: mapped.reason, message: `${mapped.reason}.`, stage: 'map' });
    } catch (error) {
      if (!(error instanceof RecordRejected)) throw error;
      refused.push({ sourceId, outcome: 'rejected', reason: error.code, message: error.message, stage: 'map' });
    }
  }

  const admission = await target.admit(context, resource.name, rows);
  refused.push(...(admission.refused ?? []));
  for (const _ of admission.unchanged) count('unchanged');
  if (!(await guard.holds()))
    throw new RetryLater('erased_meanwhile', 'Somebody was erased while this was read; it is read again without them.');
  const written: Settled['written'][number][] = [];
  for (const batch of batchesOf(admission.outgoing, { delivery, live: { context, resource } })) {
    const done = await target.deliver(context, batch.batch, batch.rows);
    if (done.kind === 'sent') throw new Bug('live_import', 'Single records were sent as an import.');
    written.push(...done.settled.written);
    refused.push(...done.settled.rejected);
  }

  const now = work.now();
  await store.links.put(
    { account: run.account, resource: resource.name, run: run._id },
    written.map(({ link }) => link),
    now,
  );
  for (const _ of written) count('written');
  for (const { outcome: how, reason } of refused) count(`${how}.${reason}`);
  // What a run skipped is skipped by the next one as well; only what somebody may mend is worth a line.
  const rejected = refused.filter((one) => one.outcome === 'rejected');
  await store.rejections.put({ account: run.account, resource: resource.name, run: BY_WEBHOOK }, rejected, now);
  await store.rejections.resolve(
    run.account,
    resource.name,
    written.map(({ link }) => link.sourceId),
  );
}

/** One for each group. Contacts go one by one: an import would have to be waited for. */
function* batchesOf(outgoing: readonly Outgoing[], { delivery, live }: { delivery: string; live: Live }) {
  const { run, stored, work } = live.context;
  const groups = new Map<string, { group: Record<string, unknown>; rows: unknown[] }>();
  for (const { group, row } of outgoing) {
    const own = live.resource.write.via === 'import' && group['by'] === 'import' ? { ...group, by: 'one-by-one' } : group;
    const key = JSON.stringify(own);
    const known = groups.get(key) ?? { group: own, rows: [] };
    groups.set(key, known);
    known.rows.push(row);
  }
  const now = work.now();
  for (const { group, rows } of groups.values()) {
    const batch: Batch = {
      _id: delivery,
      account: run.account,
      run: run._id,
      slice: delivery,
      resource: live.resource.name,
      group,
      rowCount: rows.length,
      state: 'prepared',
      attempt: 0,
      identity: stored.identity,
      processId: null,
      createdAt: now,
      touchedAt: now,
      note: null,
    };
    yield { batch, rows };
  }
}

function idOf(item: unknown): string {
  return typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string' ? item.id : '(no id)';
}
