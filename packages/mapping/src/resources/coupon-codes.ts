import { RecordRejected } from '@tajo/errors';
import { z } from 'zod';
import type { CouponCodeRow, CouponCodeRules, Withheld } from '../coupon-row.js';
import { jsonApi } from '../json-api.js';
import { relatedId } from '../kept.js';
import { defineResource, type Mapped, row } from '../resource.js';

export const couponCodes = defineResource({
  name: 'coupon-codes',
  title: 'Coupon codes',
  record: 'coupon code',
  sync: 'coupons',
  after: ['coupons'],
  read: {
    // The endpoint answers nothing without a coupon or a profile to filter by (…/reference/get_coupon_codes).
    path: '/api/coupon-codes',
    scopes: ['coupon-codes:read'],
    forEach: { resource: 'coupons', filterBy: 'coupon.id' },
    byIds: { path: '/api/coupon-codes/{id}', max: 1 },
  },
  item: jsonApi('coupon-code', {
    unique_code: z.string().nullish(),
    expires_at: z.string().nullish(),
    status: z.string().nullish(),
  }).extend({ parent: z.string().min(1).max(255).optional() }),
  map: (item, rules: CouponCodeRules) => mapCode(item, rules),
  write: {
    via: 'coupon-codes',
    groupBy: ({ coupon, withheld }) => (withheld === null ? `collection ${coupon}` : 'kept'),
    settles: 'now',
    becomes:
      'codes of the coupon’s collection, where nobody has them yet and they have not expired; all are kept with usage and expiry',
    batch: 'POST /coupons, all codes of one coupon together, up to 10,000',
    repeat: 'written down before the call; where no answer came, the collection’s total tells before anything is sent again',
  },
  keeps: true,
  notCarried: [
    'codes that somebody has, that were used, that have expired or that Klaviyo is still making or deleting: kept, but Brevo would give them out again',
    'when a code expires: Brevo has one date for a whole collection and none for a code; it is kept, and a date for the collection can be set in Brevo',
    'a code that is used or deleted in Klaviyo after it was carried stays in Brevo: codes cannot be removed by API',
  ],
});

interface CodeItem {
  readonly id: string;
  readonly parent?: string | undefined;
  readonly attributes: {
    readonly unique_code?: string | null | undefined;
    readonly expires_at?: string | null | undefined;
    readonly status?: string | null | undefined;
  };
  readonly [key: string]: unknown;
}

/** No shop prints codes that long. */
const MAX_CODE = 255;

function mapCode(item: CodeItem, { now }: CouponCodeRules): Mapped<CouponCodeRow> {
  const { unique_code: code, expires_at, status } = item.attributes;
  if (!code || code.trim() !== code || code.length > MAX_CODE || !/^\P{C}+$/u.test(code)) {
    throw new RecordRejected(
      'coupon_code_unusable',
      'The coupon code is empty, too long or holds characters that nobody can type in a shop. Replace it in Klaviyo, then replay it.',
    );
  }
  const coupon = item.parent ?? relatedId(item['relationships'], 'coupon') ?? couponIn(item.id, code);
  if (coupon === undefined) {
    throw new RecordRejected(
      'coupon_unknown',
      'Klaviyo does not say which coupon this code belongs to. Look at the coupon in Klaviyo, then replay the code.',
    );
  }
  const profile = relatedId(item['relationships'], 'profile');
  return row({
    sourceId: item.id,
    kept: { code, coupon, status: status ?? null, expires_at: expires_at ?? null, ...(profile === null ? {} : { profile }) },
    code,
    coupon,
    withheld: withheldFor(status, expires_at, now),
  });
}

/** "The id of a coupon code is a combination of its unique code and the id of the coupon" (…/reference/get_coupon_code). */
function couponIn(id: string, code: string): string | undefined {
  const end = `-${code}`;
  return id.endsWith(end) && id.length > end.length ? id.slice(0, -end.length) : undefined;
}

function withheldFor(status: string | null | undefined, expiresAt: string | null | undefined, now: string): Withheld | null {
  if (status === 'ASSIGNED_TO_PROFILE') return 'assigned';
  if (status === 'USED') return 'used';
  if (status !== 'UNASSIGNED') return 'not_ready';
  if (!expiresAt) return null;
  const time = Date.parse(expiresAt);
  if (Number.isNaN(time)) return 'unclear';
  return time <= Date.parse(now) ? 'expired' : null;
}
