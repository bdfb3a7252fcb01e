import { any } from '@tajo/klaviyo';
import { resourceNamed } from '@tajo/mapping';
import { z } from 'zod';
import { GaveBack } from '../../settle.js';
import type { RunContext } from '../target.js';
import { settleDepartures } from './departures.js';

/** The most ids Klaviyo takes in one filter (developers.klaviyo.com/en/reference/get_profiles). */
export const IDS_A_REQUEST = 100;
const MAX_LANE_WAIT_MS = 60_000;

/**
 * A deleted profile is invisible in Klaviyo: it simply does not come any more, and so is one that was merged into another. So the links
 * of profiles that this run did not meet are asked for by their ids, and those that are truly gone are settled.
 */
export async function complete(context: RunContext, resource: string): Promise<void> {
  const { work, run } = context;
  if (!(await isReadWhole(context, resource))) return;
  const owner = { account: run.account, resource, run: run._id };
  for await (const part of work.store.links.unseenParts(owner, IDS_A_REQUEST)) {
    if (work.stopping.aborted) throw new GaveBack();
    const present = await presentAmong(context, part);
    await work.store.links.see(
      owner,
      part.filter((id) => present.has(id)),
    );
    await work.store.links.markGone(
      owner,
      part.filter((id) => !present.has(id)),
      { by: run._id, at: work.now() },
    );
  }
  await settleDepartures(context, resource);
}

/** Of a run that repairs what a verification found: settles those of its records that are gone from Klaviyo. */
export async function settleMissing(context: RunContext, resource: string): Promise<void> {
  const { work, run } = context;
  const ids = run.replay?.find((wanted) => wanted.resource === resource)?.ids ?? [];
  for (let start = 0; start < ids.length; start += IDS_A_REQUEST) {
    const part = ids.slice(start, start + IDS_A_REQUEST);
    const present = await presentAmong(context, part);
    const links = await work.store.links.find(run.account, resource, part);
    const gone = part.filter((id) => !present.has(id) && links.get(id)?.gone?.by !== run._id);
    await work.store.links.markGone({ account: run.account, resource }, gone, { by: run._id, at: work.now() });
  }
  await settleDepartures(context, resource);
}

/** Whoever has not seen all cannot tell who is gone. */
async function isReadWhole({ work, run }: RunContext, resource: string): Promise<boolean> {
  const states = Object.keys((await work.store.slices.totals(run._id))[resource]?.slices ?? {});
  return states.every((state) => state === 'done');
}

const withId = z.looseObject({ id: z.string() });

/** Those of the profiles that Klaviyo has, at most a hundred at once. */
export async function presentAmong({ account }: Pick<RunContext, 'account'>, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { items } = await account.klaviyo.readPage({
    path: resourceNamed('profiles').read.path,
    query: { filter: any('id', ids), 'fields[profile]': 'created', 'page[size]': IDS_A_REQUEST },
    maxWaitMs: MAX_LANE_WAIT_MS,
  });
  return new Set(items.flatMap((item) => withId.safeParse(item).data?.id ?? []));
}
