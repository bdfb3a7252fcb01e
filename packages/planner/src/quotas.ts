import type { PlannedLane, Quota } from './plan.js';

/** Nearer than this to a quota is worth saying. */
const NEAR = 0.9;

/** What an account may have of a thing at most. */
export function stockQuota(
  quota: string,
  { limit, existing, added }: { limit: number; existing: number; added: number },
): Quota[] {
  const needed = existing + added;
  const broken = added > 0 && needed > limit;
  if (!broken && (added === 0 || needed < limit * NEAR)) return [];
  const facts = `Brevo allows ${limit} ${quota}; it has ${existing}, and this run needs ${added} more`;
  const message = broken ? `${facts}: the run would fail. Delete some in Brevo, or sync less.` : `${facts}.`;
  return [{ quota, limit, needed, broken, message }];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Lanes of an hour or a day whose window one run does not fit into: nothing breaks, but it takes that long. */
export function paceQuota({ lane, requests, limit, windowMs, seconds }: PlannedLane): Quota[] {
  if (windowMs < HOUR_MS || requests <= limit) return [];
  const [vendor = '', , ...rest] = lane.split(':');
  const budget = rest.join(':');
  const named = vendor === 'brevo' && budget === 'other' ? 'everything that is not contacts or events' : budget;
  const window = windowMs === DAY_MS ? 'a day' : windowMs === HOUR_MS ? 'an hour' : `${windowMs / HOUR_MS} hours`;
  const message = `${requests} requests to ${vendor === 'brevo' ? 'Brevo' : 'Klaviyo'} for ${named}, of which ${limit} are allowed ${window}: ${hours(seconds)}.`;
  return [{ quota: `requests: ${lane}`, limit, needed: requests, broken: false, message }];
}

function hours(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds / 3_600));
  return whole === 1 ? 'about an hour' : `about ${whole} hours`;
}
