import type { RateWindow } from '../http/windows.js';

/**
 * The rate classes of Klaviyo's endpoints (`x-klaviyo-ratelimit` in the OpenAPI of 2026-01-15, and rate_limits_and_error_handling).
 * L is 750 a minute in the OpenAPI and 700 on the page: the sandbox holds callers to the stricter.
 */
export const rateClasses = {
  XS: windows(1, 15),
  S: windows(3, 60),
  M: windows(10, 150),
  L: windows(75, 700),
  XL: windows(350, 3_500),
  // Each report endpoint by itself (reporting_api_overview).
  report: [...windows(1, 2), { limit: 225, windowMs: 86_400_000 }],
} as const;

export type RateClass = keyof typeof rateClasses;

/** `additional-fields[profile]=predictive_analytics` has a budget of its own, shared by every endpoint that takes it. */
export const PREDICTIVE_ANALYTICS = 'additional-fields[profile]=predictive_analytics';

/** `profile_count` of one list or segment likewise; no other endpoint takes it. */
export const LIST_COUNT = 'additional-fields[list]=profile_count';
export const SEGMENT_COUNT = 'additional-fields[segment]=profile_count';

export function budgetsOf(
  endpoints: readonly { budget: string; class: RateClass }[],
  overrides: Readonly<Record<string, readonly RateWindow[]>>,
): Record<string, readonly RateWindow[]> {
  const own = endpoints.map((endpoint) => [endpoint.budget, rateClasses[endpoint.class]] as const);
  return {
    ...Object.fromEntries(own),
    [PREDICTIVE_ANALYTICS]: rateClasses.M,
    [LIST_COUNT]: rateClasses.XS,
    [SEGMENT_COUNT]: rateClasses.XS,
    ...overrides,
  };
}

function windows(burst: number, steady: number): readonly RateWindow[] {
  return [
    { limit: burst, windowMs: 1_000 },
    { limit: steady, windowMs: 60_000 },
  ];
}
