import { headerOf, type HttpRequest, numberOf } from '@tajo/http';
import type { Lane } from '@tajo/limiter';
import type { ApiOptions } from './api.js';
import { lanesFor, laneOfLimit } from './limits.js';

/** `listed`: that of the endpoint Brevo's table names, e.g. POST /events. `other`: what all endpoints share that it does not name. */
export type Budget = 'listed' | 'other';

export interface BudgetedCall {
  readonly lanes: readonly Lane[];
  readonly countedIn: NonNullable<HttpRequest['countedIn']>;
  /** Which budget the answer said it was, once there is one; undefined when its headers fit neither. */
  readonly seen: () => Budget | undefined;
}

/**
 * A call of an endpoint that https://developers.brevo.com/docs/api-limits does not name, though it does one beside it (POST /events, but
 * not POST /events/batch): it counts in the budget given, and the limit in the answer's headers tells which it really was. Headers that fit
 * neither are not taken down, or 10 a second would be read as 10 an hour for everything.
 */
export function budgeted(
  { account, tier = 'general', laneOverrides }: ApiOptions,
  { listed, path, method, budget }: { listed: string; path: string; method: string; budget: Budget },
): BudgetedCall {
  const overrides = laneOverrides && { overrides: laneOverrides };
  const lanes = {
    listed: lanesFor({ account, method: 'POST', path: listed, tier, ...overrides }),
    other: lanesFor({ account, method, path, tier, ...overrides }),
  };
  let seen: Budget | undefined;
  return {
    lanes: lanes[budget],
    countedIn(headers) {
      const limit = numberOf(headerOf(headers, 'x-sib-ratelimit-limit'));
      const candidates = ['listed', 'other'] as const;
      seen = candidates.find((one) => limit !== undefined && lanes[one].some((lane) => laneOfLimit(lane, limit)));
      return seen && lanes[seen][0];
    },
    seen: () => seen,
  };
}
