import { RequestRefused } from '@tajo/errors';
import { any } from '@tajo/klaviyo';
import { sourceIdOf } from '@tajo/mapping';
import type { Link } from '@tajo/store';
import type { RunContext } from '../target.js';

/** Ids asked for in one request: catalog ids are long, and so would the address be. */
const PAGE = 50;

export interface Gone {
  readonly id: string;
  readonly name: string;
  readonly isDeleted: true;
}

/**
 * Flags as deleted in Brevo what an earlier run wrote and this one did not see. Klaviyo is asked again for each of them first: a record
 * that could not be read this time is not gone. Repeatable: what is flagged has no link any more.
 */
export async function flagGone(
  context: RunContext,
  resource: string,
  { path, flag }: { path: string; flag: (gone: readonly Gone[]) => Promise<unknown> },
): Promise<void> {
  const { work, run } = context;
  const { links } = work.store;
  const owner = { account: run.account, run: run._id, resource };
  for (let after: string | undefined; ; ) {
    const unseen = await links.unseen(owner, '', { ...(after === undefined ? {} : { after }), limit: PAGE });
    if (unseen.length === 0) return;
    after = unseen.at(-1)?.sourceId;
    const still = await stillThere(context, path, unseen);
    const left = unseen.filter(({ sourceId }) => !still.has(sourceId));
    if (left.length > 0 && (await flagged(context, resource, left, flag))) {
      await links.remove(
        run.account,
        resource,
        left.map(({ sourceId }) => sourceId),
      );
    }
    if (unseen.length < PAGE) return;
  }
}

async function flagged(
  context: RunContext,
  resource: string,
  left: readonly Link[],
  flag: (gone: readonly Gone[]) => Promise<unknown>,
): Promise<boolean> {
  const { work, run } = context;
  const kept = await work.store.archive.find(
    run.account,
    resource,
    left.map(({ sourceId }) => sourceId),
  );
  const gone = left.flatMap(({ sourceId, targetId }): Gone[] => {
    const name = kept.get(sourceId)?.data['name'];
    return typeof targetId === 'string'
      ? [{ id: targetId, name: typeof name === 'string' ? name : targetId, isDeleted: true }]
      : [];
  });
  try {
    if (gone.length > 0) await flag(gone);
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    // What is gone in Klaviyo is no record of this run: it must not fail for it. The next one tries again.
    work.logger.warn({ account: run.account, run: run._id, resource, status: error.status }, 'Brevo would not flag what is gone');
    return false;
  }
  return true;
}

async function stillThere({ account }: RunContext, path: string, links: readonly Link[]): Promise<Set<string>> {
  const filter = any(
    'ids',
    links.map(({ sourceId }) => sourceId),
  );
  const found = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await account.klaviyo.readPage({ path, query: { filter }, cursor, maxWaitMs: 60_000 });
    for (const item of page.items) found.add(sourceIdOf(item) ?? '');
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}
