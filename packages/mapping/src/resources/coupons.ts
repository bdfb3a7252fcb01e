import { z } from 'zod';
import type { CouponRow } from '../coupon-row.js';
import { cleanText, cutText } from '../fields/text.js';
import { jsonApi } from '../json-api.js';
import { defineResource, row } from '../resource.js';

export const coupons = defineResource({
  name: 'coupons',
  title: 'Coupons',
  record: 'coupon',
  sync: 'coupons',
  read: {
    // Neither filter nor sort: always read whole, and what is unchanged is told by its hash (…/reference/get_coupons).
    path: '/api/coupons',
    scopes: ['coupons:read'],
    byIds: { path: '/api/coupons/{id}', max: 1 },
  },
  item: jsonApi('coupon', {
    external_id: z.string().min(1),
    description: z.string().nullish(),
    monitor_configuration: z.looseObject({ low_balance_threshold: z.number().nullish() }).nullish(),
  }),
  map: ({ id, attributes: { external_id, description, monitor_configuration } }, _rules: unknown) => {
    const threshold = monitor_configuration?.low_balance_threshold ?? null;
    const clean = cleanText(external_id);
    const name = cutText(clean === '' ? id : clean, MAX_NAME);
    return row<CouponRow>({
      sourceId: id,
      kept: { name: external_id, external_id, description: description ?? null, low_balance_threshold: threshold },
      collection: {
        name,
        defaultCoupon: name,
        ...(threshold !== null && Number.isInteger(threshold) && threshold > 0 ? { remainingCouponsAlert: threshold } : {}),
      },
      notes: clean.length > name.length ? [{ field: 'external_id', reason: 'longer than 255 characters and was cut' }] : [],
    });
  },
  write: {
    via: 'coupon-collections',
    groupBy: () => 'coupons',
    settles: 'now',
    becomes: 'coupon collections, the coupon’s id as their name and as the default that goes out when no code is left',
    batch: 'POST /couponCollections, one at a time',
    repeat:
      'known by the Brevo id in our link, else by its name in the list of collections, which is read before anything is made',
  },
  keeps: true,
  notCarried: [
    'the description: kept, but a Brevo collection has none',
    'what the coupon is worth: the shop knows it, neither Klaviyo nor Brevo does',
    'a coupon that is deleted in Klaviyo stays in Brevo: collections cannot be deleted by API',
  ],
});

const MAX_NAME = 255;
