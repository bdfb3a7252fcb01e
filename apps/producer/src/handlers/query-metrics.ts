import { hashOf } from '@tajo/mapping';
import type { Context } from '../context.js';
import { findMetric } from '../metrics-query/find-metric.js';
import { freshForMs, rangeOf } from '../metrics-query/range.js';
import type { Answer } from '../route.js';
import { MetricNumbers, type QueryMetrics } from '../schemas.js';

/** Somebody waits for the answer. */
const MAX_LANE_WAIT_MS = 10_000;

const kept = MetricNumbers.omit({ account: true, cachedAt: true });

export async function queryMetrics(context: Context, { body }: { body: QueryMetrics }): Promise<Answer> {
  const { accounts, store, ending, now } = context;
  const { account, fresh, metric: wanted, ...query } = body;
  const range = rangeOf(query);
  const { klaviyo } = await accounts.open(account);
  const options = { signal: ending, priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS } as const;
  const metric = await findMetric(context, { account, wanted, fresh, klaviyo, options });

  const normalised = {
    ...query,
    ...range.local,
    metricId: metric.id,
    // Answers have them by name, so their order is nothing that tells queries apart.
    measurements: [...new Set(query.measurements)].sort(),
  };
  const key = hashOf(normalised);
  const known = fresh ? null : await store.queryResults.get(account, key, now());
  if (known) return answered(account, kept.parse(known.data), known.readAt);

  const { metricId, measurements, interval, from, to, timezone, by } = normalised;
  const { dates, rows } = await klaviyo.aggregateMetric({ metricId, measurements, interval, from, to, timezone, by }, options);
  const data = kept.parse({ metric, measurements, interval, from, to, timezone, by, dates, rows });
  const readAt = now();
  await store.queryResults.put(account, key, {
    data,
    readAt,
    expiresAt: new Date(readAt.getTime() + freshForMs(range.end, readAt)),
  });
  return answered(account, data, null);
}

function answered(account: string, data: Omit<MetricNumbers, 'account' | 'cachedAt'>, cachedAt: Date | null): Answer {
  return { status: 200, body: { account, ...data, cachedAt } };
}
