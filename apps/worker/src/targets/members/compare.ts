import type { Comparison } from '@tajo/store';
import { keptLists } from '../lists/kept-lists.js';
import type { RunContext } from '../target.js';
import { listsOf } from './admit.js';
import { tallyOf } from './batch-rows.js';
import { leftIn } from './leavers.js';

/**
 * List by list: how many members Brevo should have by this run, and how many it has. More than that are contacts whom somebody put there
 * in Brevo, which is no difference of ours.
 */
export async function compare(context: RunContext, resource: string): Promise<Comparison> {
  const { account, work, run } = context;
  const tally = (await work.store.slices.totals(run._id))[resource]?.counts.tally ?? {};
  const inBrevo = new Map((await account.brevo.lists()).map((list) => [list.id, list]));
  const comparison: Comparison = { klaviyo: {}, brevo: {}, differences: [] };
  let left = 0;
  for await (const { sourceId, listId, kept } of keptLists(context, listsOf(resource))) {
    left += leftIn(kept, run._id);
    const list = inBrevo.get(listId ?? -1);
    if (!list) continue;
    const klaviyo = tally[tallyOf(sourceId)] ?? 0;
    // The number in the list of lists may lag behind; where it does not fit, the list itself is asked.
    let brevo = list.uniqueSubscribers ?? 0;
    if (brevo !== klaviyo) brevo = (await account.brevo.listContactsPage(list.id, { limit: 1, offset: 0 }))?.count ?? 0;
    comparison.klaviyo[list.name] = klaviyo;
    comparison.brevo[list.name] = brevo;
    if (brevo < klaviyo) comparison.differences.push({ key: list.name, klaviyo, brevo, explanation: missing(klaviyo - brevo) });
  }
  // Whoever left Klaviyo's list was taken off Brevo's: the same number on both sides, or the run would not have come this far.
  if (left > 0) comparison.klaviyo[LEFT] = comparison.brevo[LEFT] = left;
  return comparison;
}

const LEFT = 'left since the last run';

function missing(count: number): string {
  return `${count} missing in Brevo: taken off the list there, or their contacts deleted; a run with --force puts them back`;
}
