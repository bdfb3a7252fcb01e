import type { CouponCollection } from '@tajo/brevo';
import { RequestRefused, WaitUntil } from '@tajo/errors';
import type { CouponRow } from '@tajo/mapping';
import type { NewRejection } from '@tajo/store';
import { admitByHash, type HashedRow } from '../by-hash.js';
import type { Delivery, RunContext, Settled, Target } from '../target.js';
import { compareCollections } from './compare.js';
import { ownersOf, own } from './owners.js';

const WAIT = { maxWaitMs: 10_000 } as const;

type CouponBatchRow = HashedRow<CouponRow>;

/**
 * Coupons as Brevo's coupon collections. Brevo takes the same name twice and deletes nothing, so before the first is made the list of
 * all collections is read (a request for every hundred) and one that is there already is taken: it is what a killed worker or a lost
 * answer left behind.
 */
export const couponCollections: Target = {
  plan: async () => ({}),

  // Made by the `map` of a resource that names this target.
  admit: (context, resource, rows) => admitByHash(context, { resource, rows: rows as readonly CouponRow[] }),

  async deliver(context, batch, stored): Promise<Delivery> {
    // The shape `admitByHash` gave them.
    const rows = stored as readonly CouponBatchRow[];
    const { work, run, account } = context;
    const ids = rows.map(({ row }) => row.sourceId);
    const links = await work.store.links.find(run.account, batch.resource, ids);
    let listed: CouponCollection[] | undefined;
    const list = async () => (listed ??= await account.brevo.couponCollections(WAIT));

    const written: Settled['written'][number][] = [];
    const rejected: NewRejection[] = [];
    for (const [at, batchRow] of rows.entries()) {
      const { row, hash } = batchRow;
      try {
        const linked = links.get(row.sourceId)?.targetId;
        const isThere = typeof linked === 'string' && (await changed(context, linked, row));
        const collection = isThere ? linked : await found(context, row, list);
        written.push({
          link: { sourceId: row.sourceId, hash, targetId: collection },
          tally: [],
          fields: row.notes.map(({ field, reason }) => `${field}: ${reason}`),
          kept: { ...row.kept, collection },
        });
      } catch (error) {
        if (error instanceof WaitUntil && at > 0) {
          // What is done is settled; the rest waits for the lane on its own.
          const again = [{ rows: rows.slice(at), group: batch.group }];
          return { kind: 'settled', settled: { written, rejected, again, note: null } };
        }
        if (!(error instanceof RequestRefused) || ![400, 422].includes(error.status)) throw error;
        const { message } = error;
        rejected.push({ sourceId: row.sourceId, outcome: 'rejected', reason: 'brevo_coupon_refused', message, stage: 'import' });
      }
    }
    return { kind: 'settled', settled: { written, rejected, again: [], note: null } };
  },

  compare: compareCollections,
};

/** False when Brevo does not have the collection any more. */
async function changed({ account }: RunContext, id: string, { collection }: CouponRow): Promise<boolean> {
  const { defaultCoupon, remainingCouponsAlert = null } = collection;
  try {
    await account.brevo.updateCouponCollection(id, { defaultCoupon, remainingCouponsAlert }, WAIT);
    return true;
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404) return false;
    throw error;
  }
}

/** The coupon's collection: one that is there and nobody else's, else a new one. */
async function found(
  context: RunContext,
  { sourceId, collection }: CouponRow,
  list: () => Promise<CouponCollection[]>,
): Promise<string> {
  const { brevo } = context.account;
  const alike = (await list()).filter(
    ({ name, defaultCoupon }) => name === collection.name && (defaultCoupon ?? name) === collection.defaultCoupon,
  );
  const owners = await ownersOf(
    context,
    alike.map(({ id }) => id),
  );
  const mine = alike.find(({ id }) => (owners.get(id)?.coupon ?? sourceId) === sourceId);
  const id = mine?.id ?? (await brevo.createCouponCollection(collection, WAIT)).id;
  // What was in it before is not of this sync; a later comparison of totals has to know.
  if (!owners.has(id)) await own(context, { id, coupon: sourceId, codesBefore: mine?.totalCoupons ?? 0 });
  return id;
}
