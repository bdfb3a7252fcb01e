import { WaitUntil } from '@tajo/errors';
import type { RunContext } from '../target.js';
import { codesInBrevo } from './kept-codes.js';
import { ownersOf } from './owners.js';

/** POST /coupons answers before the codes are there; nothing says how long it takes. */
export const BREVO_COUNTS_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 10_000;
const WAIT = { maxWaitMs: 10_000 } as const;

export interface UnknownCall {
  readonly coupon: string;
  readonly collection: string;
  /** Klaviyo's ids of the codes that were sent without an answer. */
  readonly codes: ReadonlySet<string>;
  readonly sentAt: Date;
}

/**
 * Whether codes whose call was never answered are in Brevo. No endpoint lists codes, so the collection's total tells: it was so many
 * before, and these would make it more. As long as Brevo may still be counting, `WaitUntil`.
 */
export async function hasArrived(context: RunContext, { coupon, collection, codes, sentAt }: UnknownCall): Promise<boolean> {
  const there = (await context.account.brevo.couponCollection(collection, WAIT))?.totalCoupons ?? 0;
  let before = (await ownersOf(context, [collection])).get(collection)?.codesBefore ?? 0;
  for await (const known of codesInBrevo(context, coupon)) {
    if (known.collection === collection && !codes.has(known.sourceId)) before += 1;
  }
  if (there >= before + codes.size) return true;
  const nowMs = context.work.now().getTime();
  if (nowMs - sentAt.getTime() >= BREVO_COUNTS_WITHIN_MS) return false;
  const message = `Brevo may or may not have taken ${codes.size} codes of coupon ${coupon}; its count tells in a moment.`;
  throw new WaitUntil('brevo_coupons_pending', message, { at: new Date(nowMs + LOOK_EVERY_MS) });
}
