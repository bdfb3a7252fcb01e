import type { RunContext } from '../target.js';

/** Links of no resource: which coupon a collection is of, by the collection's id. */
const OWNERS = 'coupon-collections';

export interface Owner {
  /** Klaviyo's id. */
  readonly coupon: string;
  /** Codes that were in the collection when it was first taken. */
  readonly codesBefore: number;
}

export async function ownersOf({ work, run }: RunContext, collections: readonly string[]): Promise<Map<string, Owner>> {
  const links = await work.store.links.find(run.account, OWNERS, collections);
  return new Map(
    [...links].map(([id, { targetId, hash }]) => [id, { coupon: String(targetId), codesBefore: Number(hash) || 0 }]),
  );
}

export async function own({ work, run }: RunContext, { id, coupon, codesBefore }: Owner & { id: string }): Promise<void> {
  const owner = { account: run.account, run: run._id, resource: OWNERS };
  await work.store.links.put(owner, [{ sourceId: id, hash: String(codesBefore), targetId: coupon }], work.now());
}
