import { WaitUntil } from '@tajo/errors';
import type { Comparison } from '@tajo/store';
import type { RunContext } from '../target.js';
import { codesInBrevo } from './kept-codes.js';
import { BREVO_COUNTS_WITHIN_MS } from './outcome.js';

const WAIT = { maxWaitMs: 60_000 } as const;

/** Does Brevo have a collection for every coupon that was carried? */
export async function compareCollections(context: RunContext, resource: string): Promise<Comparison> {
  const { work, run, account } = context;
  const there = new Set((await account.brevo.couponCollections(WAIT)).map(({ id }) => id));
  let klaviyo = 0;
  let brevo = 0;
  for (let after: string | undefined; ; ) {
    const page = await work.store.archive.page(
      { account: run.account, resource },
      { ...(after === undefined ? {} : { after }), limit: 500 },
    );
    for (const { data } of page) {
      if (typeof data['collection'] !== 'string') continue;
      klaviyo += 1;
      if (there.has(data['collection'])) brevo += 1;
    }
    after = page.at(-1)?.sourceId;
    if (page.length < 500) break;
  }
  const explanation = `${klaviyo - brevo} have no collection in Brevo any more. A run with force makes them again.`;
  return comparison('coupon collections', klaviyo, brevo, explanation);
}

/** Are there at least as many codes in the collections as were put there? More is no difference: others may add some too. */
export async function compareCodes(context: RunContext): Promise<Comparison> {
  const { work, run, account } = context;
  const ours = new Map<string, number>();
  let lastAt = 0;
  for await (const { collection, run: seenBy, at } of codesInBrevo(context)) {
    ours.set(collection, (ours.get(collection) ?? 0) + 1);
    if (seenBy === run._id) lastAt = Math.max(lastAt, at.getTime());
  }
  const totals = new Map((await account.brevo.couponCollections(WAIT)).map(({ id, totalCoupons }) => [id, totalCoupons ?? 0]));
  let klaviyo = 0;
  let brevo = 0;
  for (const [collection, count] of ours) {
    klaviyo += count;
    brevo += Math.min(count, totals.get(collection) ?? 0);
  }
  const settledBy = lastAt + BREVO_COUNTS_WITHIN_MS;
  if (brevo < klaviyo && work.now().getTime() < settledBy)
    throw new WaitUntil('brevo_coupons_pending', 'Brevo has not counted the last coupon codes yet.', { at: new Date(settledBy) });
  const explanation = `Brevo counts ${klaviyo - brevo} fewer codes in the collections than this sync put there. Look at the collections in Brevo.`;
  return comparison('coupon codes', klaviyo, brevo, explanation);
}

function comparison(key: string, klaviyo: number, brevo: number, explanation: string): Comparison {
  return {
    klaviyo: { [key]: klaviyo },
    brevo: { [key]: brevo },
    differences: klaviyo === brevo ? [] : [{ key, klaviyo, brevo, explanation }],
  };
}
