import type { FieldNote } from './contact-row.js';
import type { NotedKeptRow } from './kept.js';

/** A coupon as a Brevo collection. */
export interface CouponRow extends NotedKeptRow {
  readonly collection: { readonly name: string; readonly defaultCoupon: string; readonly remainingCouponsAlert?: number };
  readonly notes: readonly FieldNote[];
}

/** One code of a coupon. */
export interface CouponCodeRow extends NotedKeptRow {
  readonly code: string;
  /** Klaviyo's id of the coupon. */
  readonly coupon: string;
  /** Why Brevo must not have it: it would give out again what somebody has, or what no shop takes. Null when it may go out. */
  readonly withheld: Withheld | null;
}

export type Withheld = 'assigned' | 'used' | 'expired' | 'not_ready' | 'unclear';

/** What planning fixed for a run of codes. */
export interface CouponCodeRules {
  /** ISO 8601: a code that has expired by then is not carried. */
  readonly now: string;
}
