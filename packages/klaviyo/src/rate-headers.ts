import { headerOf, numberOf, type RateHeaders } from '@tajo/http';

const steadyWindowMs = 60_000;

/**
 * `RateLimit-*` come with every answer but a 429 and speak of the steady window; `Retry-After` comes with a 429 only, in seconds
 * (https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling).
 */
export const rateHeaders: RateHeaders = {
  observe(headers) {
    const limitHeader = headerOf(headers, 'ratelimit-limit');
    const limit = numberOf(limitHeader);
    const remaining = numberOf(headerOf(headers, 'ratelimit-remaining'));
    const resetSeconds = numberOf(headerOf(headers, 'ratelimit-reset'));
    if (limit === undefined && remaining === undefined) return undefined;
    return {
      windowMs: windowOf(limitHeader) ?? steadyWindowMs,
      ...(limit !== undefined && { limit }),
      ...(remaining !== undefined && { remaining }),
      ...(resetSeconds !== undefined && { resetMs: resetSeconds * 1000 }),
    };
  },
  retryAfterMs(headers) {
    const seconds = numberOf(headerOf(headers, 'retry-after'));
    // A missing header: the steady window is the longest that ends by itself.
    return seconds === undefined ? steadyWindowMs : Math.max(1, seconds) * 1000;
  },
};

/** `75, 75;w=1, 700;w=60` (the form of the RateLimit draft) leads with the window closest to empty, here 1 s; a bare number has none. */
function windowOf(limitHeader: string | undefined): number | undefined {
  const [lead, ...policies] = (limitHeader ?? '').split(',').map((part) => part.trim());
  const policy = policies.find((part) => part.startsWith(`${lead};`)) ?? lead;
  const seconds = numberOf(/;\s*w=(\d+)/.exec(policy ?? '')?.[1]);
  return seconds === undefined ? undefined : seconds * 1000;
}
