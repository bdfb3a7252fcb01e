import { headerOf, numberOf, type RateHeaders } from '@tajo/http';

/**
 * `x-sib-ratelimit-*` come with every limited answer, 429 included; there is no `Retry-After`. Reset is the time that remains,
 * in seconds (https://developers.brevo.com/docs/limit-headers).
 */
export const rateHeaders: RateHeaders = {
  observe(headers, lane) {
    const limit = numberOf(headerOf(headers, 'x-sib-ratelimit-limit'));
    const remaining = numberOf(headerOf(headers, 'x-sib-ratelimit-remaining'));
    const resetMs = resetOf(headers);
    if (limit === undefined && remaining === undefined) return undefined;
    const windowMs = windowOf({ limit, resetMs }, lane.windows);
    if (windowMs === undefined) return undefined;
    return {
      windowMs,
      ...(limit !== undefined && { limit }),
      ...(remaining !== undefined && { remaining }),
      ...(resetMs !== undefined && { resetMs }),
    };
  },
  // A 429 that does not say how long: a minute neither wastes an hourly budget nor hammers it.
  retryAfterMs: (headers) => Math.max(1000, resetOf(headers) ?? 60_000),
};

function resetOf(headers: Parameters<RateHeaders['observe']>[0]): number | undefined {
  const seconds = numberOf(headerOf(headers, 'x-sib-ratelimit-reset'));
  return seconds === undefined ? undefined : seconds * 1000;
}

/** The headers do not name their window: it is the one with this limit, else the shortest the reset still fits into. */
function windowOf(
  { limit, resetMs = 0 }: { limit: number | undefined; resetMs: number | undefined },
  windows: readonly { limit: number; windowMs: number }[],
): number | undefined {
  const shortestFirst = [...windows].sort((a, b) => a.windowMs - b.windowMs);
  const fitting =
    shortestFirst.find((window) => window.limit === limit) ?? shortestFirst.find(({ windowMs }) => windowMs >= resetMs);
  return fitting?.windowMs;
}
