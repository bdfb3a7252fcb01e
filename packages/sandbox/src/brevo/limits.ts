import type { RateWindow } from '../http/windows.js';
import type { BrevoTier } from '../options.js';

/** Endpoints share budgets by group; what no group names is in `other`. */
export const brevoGroups = ['contacts', 'events', 'orders', 'products', 'smtp', 'other'] as const;
export type BrevoGroup = (typeof brevoGroups)[number];

const SECOND = 1_000;
const HOUR = 3_600_000;

/** Requests a second and an hour (page api-limits; General is every plan, Advanced and Extended are bought). */
export const brevoLimits: Readonly<Record<BrevoTier, Readonly<Record<BrevoGroup, readonly RateWindow[]>>>> = {
  general: {
    contacts: windows(10, 36_000),
    events: windows(10, 36_000),
    orders: windows(5, 18_000),
    products: windows(2, 7_200),
    smtp: [{ limit: 300, windowMs: HOUR }],
    other: [{ limit: 100, windowMs: HOUR }],
  },
  advanced: {
    contacts: windows(20, 72_000),
    events: windows(20, 72_000),
    orders: windows(10, 36_000),
    products: windows(4, 14_400),
    smtp: [{ limit: 600, windowMs: HOUR }],
    other: [{ limit: 200, windowMs: HOUR }],
  },
  extended: {
    contacts: [{ limit: 60, windowMs: SECOND }],
    events: [{ limit: 60, windowMs: SECOND }],
    orders: [{ limit: 15, windowMs: SECOND }],
    products: [{ limit: 21_600, windowMs: HOUR }],
    smtp: [{ limit: 1_800, windowMs: HOUR }],
    other: [{ limit: 600, windowMs: HOUR }],
  },
};

function windows(perSecond: number, perHour: number): readonly RateWindow[] {
  return [
    { limit: perSecond, windowMs: SECOND },
    { limit: perHour, windowMs: HOUR },
  ];
}
