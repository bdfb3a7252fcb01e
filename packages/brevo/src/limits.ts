import type { Lane } from '@tajo/limiter';

/**
 * The lane a request counts in. Brevo counts per account and group of endpoints, by the second and the hour, and the plan decides
 * how much (https://developers.brevo.com/docs/api-limits). Endpoints the page does not name, batch ones among them, fall under
 * "all other endpoints": `other`.
 */
export function lanesFor({ account, method, path, tier, overrides = {} }: LaneRequest): Lane[] {
  const name = laneNameOf(method.toUpperCase(), path);
  const { perSecond, perHour } = { ...limits[name][tier], ...overrides[name] };
  const windows = [
    ...(perSecond === undefined ? [] : [{ limit: perSecond, windowMs: 1_000 }]),
    ...(perHour === undefined ? [] : [{ limit: perHour, windowMs: 3_600_000 }]),
  ];
  return [{ key: `brevo:${account}:${name}`, windows }];
}

/** Whether a limit in an answer's headers is one of this lane's, in whatever tier the account really is. */
export function laneOfLimit(lane: Lane, limit: number): boolean {
  const group = groups[lane.key.slice(lane.key.lastIndexOf(':') + 1)];
  const published = Object.values(group ?? {}).flatMap(({ perSecond, perHour }) => [perSecond, perHour]);
  return published.includes(limit) || lane.windows.some((window) => window.limit === limit);
}

export interface LaneRequest {
  readonly account: string;
  readonly method: string;
  /** As sent or as a template, with or without the leading `/v3`. */
  readonly path: string;
  readonly tier: BrevoTier;
  readonly overrides?: LaneOverrides;
}

/** `general` holds for every plan, `advanced` for Professional and Enterprise, `extended` for Enterprise where it was bought. */
export type BrevoTier = 'general' | 'advanced' | 'extended';

/** By lane name, see `limits`. */
export type LaneOverrides = Readonly<Record<string, BrevoLimit>>;

export interface BrevoLimit {
  readonly perSecond?: number;
  readonly perHour?: number;
}

/** Where the page gives both units both hold. */
const limits = {
  contacts: {
    general: { perSecond: 10, perHour: 36_000 },
    advanced: { perSecond: 20, perHour: 72_000 },
    extended: { perSecond: 60 },
  },
  events: {
    general: { perSecond: 10, perHour: 36_000 },
    advanced: { perSecond: 20, perHour: 72_000 },
    extended: { perSecond: 60 },
  },
  'orders-status': {
    general: { perSecond: 5, perHour: 18_000 },
    advanced: { perSecond: 10, perHour: 36_000 },
    extended: { perSecond: 15 },
  },
  products: {
    general: { perSecond: 2, perHour: 7_200 },
    advanced: { perSecond: 4, perHour: 14_400 },
    extended: { perHour: 21_600 },
  },
  'smtp-email': { general: { perSecond: 1_000 }, advanced: { perSecond: 2_000 }, extended: { perSecond: 6_000 } },
  'smtp-emails': {
    general: { perSecond: 2, perHour: 7_200 },
    advanced: { perSecond: 3, perHour: 10_800 },
    extended: { perHour: 18_000 },
  },
  'smtp-other': { general: { perHour: 300 }, advanced: { perHour: 600 }, extended: { perHour: 1_800 } },
  'sms-send': { general: { perSecond: 150 }, advanced: { perSecond: 200 }, extended: { perSecond: 250 } },
  loyalty: { general: { perHour: 600 }, advanced: { perHour: 1_200 }, extended: { perHour: 100_000 } },
  other: { general: { perHour: 100 }, advanced: { perHour: 200 }, extended: { perHour: 600 } },
} as const satisfies Record<string, Record<BrevoTier, BrevoLimit>>;

const groups: Readonly<Record<string, Readonly<Record<BrevoTier, BrevoLimit>>>> = limits;

const exact: Readonly<Record<string, keyof typeof limits>> = {
  'POST /events': 'events',
  'POST /orders/status': 'orders-status',
  'POST /products': 'products',
  'POST /smtp/email': 'smtp-email',
  'GET /smtp/blockedContacts': 'smtp-email',
  'GET /smtp/emails': 'smtp-emails',
  'POST /transactionalSMS/send': 'sms-send',
  'POST /transactionalSMS/sms': 'sms-send',
};

/** Groups that the page writes with a wildcard. */
const families: Readonly<Record<string, keyof typeof limits>> = { contacts: 'contacts', smtp: 'smtp-other', loyalty: 'loyalty' };

function laneNameOf(method: string, path: string): keyof typeof limits {
  const [bare = ''] = path.split('?', 1);
  const parts = bare.split('/').filter((part, at) => part !== '' && !(at <= 1 && part === 'v3'));
  return exact[`${method} /${parts.join('/')}`] ?? families[parts[0] ?? ''] ?? 'other';
}
