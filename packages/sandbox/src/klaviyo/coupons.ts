import { isoSecond } from './calendar.js';
import { idOf } from './campaigns.js';
import type { Collection } from './collections.js';
import type { ProfileStore } from './profile-store.js';
import type { SandboxRecord } from './record.js';

export interface CouponShelf {
  readonly coupons: readonly SandboxRecord[];
  readonly codes: readonly SandboxRecord[];
}

const statuses = ['UNASSIGNED', 'ASSIGNED_TO_PROFILE', 'USED', 'UNASSIGNED', 'PROCESSING', 'VERSION_NOT_ACTIVE', 'DELETING'];
const START = Date.parse('2024-06-01T00:00:00Z') / 1_000;

/** The codes are dealt out round robin, except that the second coupon has none. */
export function generateCoupons(counts: { coupons: number; codes: number }, store: ProfileStore): CouponShelf {
  const coupons = Array.from({ length: counts.coupons }, (_, at): SandboxRecord => {
    const externalId = at === 3 ? 'SUMMER SALE/50%' : `COUPON${at + 1}`;
    return {
      type: 'coupon',
      id: externalId,
      attributes: {
        external_id: externalId,
        description: at % 4 === 2 ? null : `${at + 5} % off`,
        monitor_configuration: { low_balance_threshold: 100 },
      },
      relationships: { 'coupon-codes': null },
    };
  });
  const owners = coupons.filter((_, at) => at !== 1 || coupons.length === 1);
  const codes = Array.from({ length: owners.length === 0 ? 0 : counts.codes }, (_, at) =>
    code(at, owners[at % owners.length]?.id ?? '', store),
  );
  return { coupons, codes };
}

function code(at: number, couponId: string, store: ProfileStore): SandboxRecord {
  const status = statuses[at % statuses.length] ?? 'UNASSIGNED';
  const given = (status === 'ASSIGNED_TO_PROFILE' || status === 'USED') && store.generatedCount > 0;
  return {
    type: 'coupon-code',
    id: `${couponId}-CODE${at}`,
    attributes: { unique_code: `CODE${at}`, expires_at: at % 31 === 0 ? null : isoSecond(START + at * 40_000), status },
    relationships: {
      coupon: { type: 'coupon', id: couponId },
      profile: given ? { type: 'profile', id: store.idAt(at % store.generatedCount) } : null,
    },
    linksOnly: ['profile'],
  };
}

const either = { operators: ['any', 'equals'], type: 'text' } as const;

export function couponCollections(shelf: () => CouponShelf): { coupons: Collection; codes: Collection } {
  return {
    coupons: {
      type: 'coupon',
      path: '/api/coupons',
      page: 100,
      records: () => shelf().coupons,
      fields: ['description', 'external_id', 'monitor_configuration'],
    },
    codes: {
      type: 'coupon-code',
      path: '/api/coupon-codes',
      page: 100,
      records: () => shelf().codes,
      fields: ['expires_at', 'status', 'unique_code'],
      filters: {
        expires_at: { operators: ['greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'], type: 'datetime' },
        status: { operators: ['equals'], type: 'text' },
        'coupon.id': either,
        'profile.id': either,
      },
      mustFilter: { fields: ['coupon.id', 'profile.id'], detail: 'A filter on coupon.id or profile.id is required.' },
      includes: { coupon: ({ relationships }) => shelf().coupons.filter(({ id }) => id === idOf(relationships?.['coupon'])) },
      valueAt: ({ relationships }, field) => {
        if (field === 'coupon.id') return idOf(relationships?.['coupon']);
        return field === 'profile.id' ? (idOf(relationships?.['profile']) ?? '') : undefined;
      },
    },
  };
}
