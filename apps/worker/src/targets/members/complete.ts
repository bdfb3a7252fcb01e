import { greaterOrEqual } from '@tajo/klaviyo';
import { RequestRefused } from '@tajo/errors';
import { resourceNamed } from '@tajo/mapping';
import type { Link } from '@tajo/store';
import { z } from 'zod';
import { GaveBack } from '../../settle.js';
import { type KeptList, keptLists } from '../lists/kept-lists.js';
import type { RunContext } from '../target.js';
import { listsOf } from './admit.js';
import { namedMembers } from './batch-rows.js';
import { AT_ONCE } from './cheapest-way.js';
import { countLeavers } from './leavers.js';

const MAX_LANE_WAIT_MS = 60_000;

/**
 * Leaving a list is invisible in Klaviyo: whoever is on it no more simply does not come any more. So members of earlier runs whom this
 * one did not meet are taken off the Brevo list. Not where the list was not read to its end, or may not have been whole.
 */
export async function complete(context: RunContext, resource: string): Promise<void> {
  const { work, run } = context;
  const owner = { account: run.account, resource, run: run._id };
  // At once for all lists: an account has hundreds of them, and in most nobody left, or few.
  const left = await work.store.links.unseenByGroup(owner, '|', AT_ONCE);
  if (left.size === 0) return;
  const { cutShort, read } = await listsOfSlices(context, resource);
  for await (const list of keptLists(context, listsOf(resource))) {
    if (list.listId === null || list.kept['is_processing'] === true || cutShort.has(list.sourceId)) continue;
    const found = left.get(list.sourceId);
    if (!found) continue;
    // A list without a slice seemed empty: whoever is on it now stays.
    const since = read.has(list.sourceId) ? run.createdAt : null;
    const stay = await membersSince(context, resource, { list, since });
    if (stay) await takeOff(context, resource, { list, listId: list.listId, stay, found });
  }
}

/** Lists of this run that were read, and those of them that could not be read to their end; the slice says why. */
async function listsOfSlices({ work, run }: RunContext, resource: string) {
  const states = ['waiting', 'queued', 'reading', 'settling', 'done', 'failed', 'cancelled'] as const;
  const slices = (await work.store.slices.outlineOfRun(run._id, states)).filter((slice) => slice.resource === resource);
  const short = slices.filter(({ state, note }) => state !== 'done' || note !== null);
  const parents = (some: typeof slices): ReadonlySet<string> => new Set(some.flatMap(({ parent }) => parent ?? []));
  return { read: parents(slices), cutShort: parents(short) };
}

const memberBody = z.looseObject({ id: z.string() });
const listBody = z.looseObject({ data: z.looseObject({ attributes: z.looseObject({ is_processing: z.boolean().nullish() }) }) });

/**
 * Who joined after the run began, and is the next run's to read: somebody who left and came back has not left. Null when the list is
 * gone, or Klaviyo has begun to compute it anew: then nobody is known to have left.
 */
async function membersSince(
  { account }: RunContext,
  resource: string,
  { list, since }: { list: KeptList; since: Date | null },
): Promise<ReadonlySet<string> | null> {
  const { read } = resourceNamed(resource);
  const lists = resourceNamed(listsOf(resource)).read;
  const id = encodeURIComponent(list.sourceId);
  try {
    const { body } = await account.klaviyo.request({ method: 'GET', path: `${lists.path}/${id}`, maxWaitMs: MAX_LANE_WAIT_MS });
    const now = listBody.safeParse(body);
    if (!now.success || now.data.data.attributes.is_processing) return null;
    const filter = since === null ? {} : { filter: greaterOrEqual(read.slice?.field ?? '', since) };
    const query = { ...read.extra, 'page[size]': read.pageSize, ...filter };
    const joined = new Set<string>();
    for (let cursor: string | undefined; ; ) {
      const page = await account.klaviyo.readPage({
        path: read.path.replace('{id}', id),
        query,
        maxWaitMs: MAX_LANE_WAIT_MS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const item of page.items) joined.add(memberBody.safeParse(item).data?.id ?? '');
      cursor = page.nextCursor;
      if (cursor === undefined) return joined;
    }
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404) return null;
    throw error;
  }
}

interface Leaving {
  readonly list: KeptList;
  readonly listId: number;
  readonly stay: ReadonlySet<string>;
  /** Who this run did not meet: all, or more than `AT_ONCE` of them. */
  readonly found: readonly Link[];
}

/** Off the Brevo list first, then out of our books: killed between the two, the next one takes off who is off already. */
async function takeOff(context: RunContext, resource: string, { list, listId, stay, found }: Leaving): Promise<void> {
  const { account, work, run } = context;
  const prefix = `${list.sourceId}|`;
  const brevo = account.brevo.withCallOptions({ maxWaitMs: MAX_LANE_WAIT_MS });
  for await (const unseen of partsOf(context, resource, prefix, found)) {
    if (work.stopping.aborted) throw new GaveBack();
    const leaving = unseen.filter(({ sourceId }) => !stay.has(sourceId.slice(prefix.length)));
    try {
      for (const members of namedMembers(leaving.map((link) => memberOf(link, prefix))))
        await brevo.removeFromList(listId, members);
    } catch (error) {
      // A Brevo list that is gone has nobody on it.
      if (!(error instanceof RequestRefused) || (await brevo.list(listId))) throw error;
    }
    await work.store.links.remove(
      run.account,
      resource,
      leaving.map(({ sourceId }) => sourceId),
    );
    await countLeavers(context, listsOf(resource), { sourceId: list.sourceId, left: leaving.length });
  }
}

/** Few are known from the one pass over all lists; only of many the list's own links are looked through. */
async function* partsOf(
  { work, run }: RunContext,
  resource: string,
  prefix: string,
  found: readonly Link[],
): AsyncGenerator<readonly Link[]> {
  if (found.length <= AT_ONCE) {
    yield found;
    return;
  }
  const owner = { account: run.account, resource, run: run._id };
  for (let after: string | undefined; ; ) {
    const unseen = await work.store.links.unseen(owner, prefix, { limit: AT_ONCE, ...(after === undefined ? {} : { after }) });
    yield unseen;
    after = unseen.at(-1)?.sourceId;
    if (unseen.length < AT_ONCE) return;
  }
}

function memberOf({ sourceId, targetId }: Link, prefix: string): { profile: string; contact: number | null } {
  return { profile: sourceId.slice(prefix.length), contact: typeof targetId === 'number' ? targetId : null };
}
