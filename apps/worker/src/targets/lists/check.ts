import { MOST_LISTS } from '@tajo/brevo';
import { BadInput } from '@tajo/errors';
import { resourceNamed } from '@tajo/mapping';
import type { RunContext } from '../target.js';
import { klaviyoLists } from './klaviyo-lists.js';

/** Before anything is written: will all the lists of this run fit? Lists and segments are counted together, by the first of them. */
export async function check(context: RunContext, resource: string): Promise<void> {
  const { run, account, work } = context;
  const listing = run.resources.filter((name) => resourceNamed(name).write.via === resourceNamed(resource).write.via);
  if (run.mode === 'replay' || resource !== listing[0]) return;

  const existing = new Set((await account.brevo.lists()).map(({ id }) => id));
  let wanted = 0;
  let missing = 0;
  for (const name of listing) {
    const ids = (await klaviyoLists(context, name)).map(({ sourceId }) => sourceId);
    const links = await work.store.links.find(run.account, name, ids);
    const isThere = (id: string) => existing.has(Number(links.get(id)?.targetId ?? -1));
    wanted += ids.length;
    missing += ids.filter((id) => !isThere(id)).length;
  }
  if (existing.size + missing <= MOST_LISTS) return;
  throw new BadInput(
    'brevo_lists_full',
    `Brevo allows ${MOST_LISTS} lists and has ${existing.size}; of ${wanted} Klaviyo ${listing.join(' and ')} ${missing} have no Brevo list yet, ` +
      `which makes ${existing.size + missing}. Delete lists in Brevo or Klaviyo, or switch off sync.segments or sync.lists.`,
    { field: 'connectors.klaviyo.sync.lists' },
  );
}
