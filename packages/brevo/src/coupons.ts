import { BadInput } from '@tajo/errors';
import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

/** Coupon collections and their codes. All of it shares the 100 requests an hour of "all other endpoints". */
export interface CouponMethods {
  /** Every collection, 100 a request. */
  couponCollections(options?: CallOptions): Promise<CouponCollection[]>;
  couponCollection(id: string, options?: CallOptions): Promise<CouponCollection | undefined>;
  /** Names are not unique: a repeat makes a second collection, so an error may have the code `brevo_outcome_unknown`. */
  createCouponCollection(collection: NewCouponCollection, options?: CallOptions): Promise<{ id: string }>;
  /** The name cannot be changed. */
  updateCouponCollection(id: string, change: CouponCollectionChange, options?: CallOptions): Promise<void>;
  /**
   * POST /coupons, 1 to 10,000 different codes: accepted at once, there a little later. Whether codes sent twice count twice is not
   * documented and no call lists or removes one, so an error may have the code `brevo_outcome_unknown`: compare `totalCoupons` then.
   */
  addCoupons(collectionId: string, codes: readonly string[], options?: CallOptions): Promise<void>;
}

export interface CouponCollectionChange {
  /** Goes out when no code is left. */
  readonly defaultCoupon?: string | undefined;
  /** RFC 3339; null removes it. Of the whole collection: single codes have none. */
  readonly expirationDate?: string | null | undefined;
  /** Brevo writes to the account's owner when as few codes are left. */
  readonly remainingCouponsAlert?: number | null | undefined;
  readonly remainingDaysAlert?: number | null | undefined;
}

export interface NewCouponCollection extends CouponCollectionChange {
  readonly name: string;
  readonly defaultCoupon: string;
}

const collectionBody = z.looseObject({
  id: z.string(),
  name: z.string(),
  defaultCoupon: z.string().nullish(),
  expirationDate: z.string().nullish(),
  totalCoupons: z.number().nullish(),
  remainingCoupons: z.number().nullish(),
});
export type CouponCollection = z.infer<typeof collectionBody>;

/** Of one call (developers.brevo.com/reference/createcoupons). */
export const MOST_COUPONS_AT_ONCE = 10_000;

const pageSize = 100;
/** A server that never runs out of pages must not keep us for ever. */
const mostCollections = 100_000;

export function couponMethods(api: Api): CouponMethods {
  const path = '/couponCollections';
  return {
    async couponCollections(options) {
      const answer = z.looseObject({ collections: z.array(collectionBody).nullish() });
      const all: CouponCollection[] = [];
      while (all.length < mostCollections) {
        // Oldest first: what is made meanwhile comes at the end and moves nobody to a page that was read.
        const query = { limit: pageSize, offset: all.length, sort: 'asc', sortBy: 'createdAt' };
        const { collections } = await api({ method: 'GET', path, query, answer, ...options });
        all.push(...(collections ?? []));
        if ((collections ?? []).length < pageSize) break;
      }
      return all;
    },

    couponCollection: (id, options) =>
      absentAsUndefined(api({ method: 'GET', path: `${path}/{id}`, params: { id }, answer: oneOf(collectionBody), ...options })),

    createCouponCollection: (body, options) =>
      api({ method: 'POST', path, body, repeatable: false, answer: z.looseObject({ id: z.string() }), ...options }),

    async updateCouponCollection(id, body, options) {
      await api({ method: 'PATCH', path: `${path}/{id}`, params: { id }, body, answer: z.unknown(), ...options });
    },

    async addCoupons(collectionId, codes, options) {
      if (codes.length < 1 || codes.length > MOST_COUPONS_AT_ONCE || new Set(codes).size < codes.length) {
        const message = `Brevo takes 1 to ${MOST_COUPONS_AT_ONCE} different codes at once, not ${codes.length}; send them in parts.`;
        throw new BadInput('brevo_coupons_at_once', message, { field: 'coupons' });
      }
      const body = { collectionId, coupons: codes };
      await api({ method: 'POST', path: '/coupons', body, repeatable: false, answer: z.unknown(), ...options });
    },
  };
}

/** The reference's example of one collection is a list with one. */
function oneOf<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z.union([schema, z.tuple([schema]).transform(([only]) => only)]);
}
