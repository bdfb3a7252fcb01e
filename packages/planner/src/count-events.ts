import type { EventRules } from '@tajo/mapping';
import { eventName } from '@tajo/mapping';
import { z } from 'zod';
import { attributeOf, type Count } from './count.js';
import type { Look } from './look.js';

/** How events of a sample would fare. */
export interface EventFacts {
  /** Share of those that would be sent, 0 to 1; null without a sample. */
  readonly sent: number | null;
  /** Share of those of metrics without a mapping. */
  readonly unmapped: number;
  /** Share of those older than the live window. */
  readonly old: number;
}

const event = z.looseObject({
  relationships: z
    .looseObject({ metric: z.looseObject({ data: z.looseObject({ id: z.string() }).nullish() }).nullish() })
    .nullish(),
});
const metric = z.looseObject({ type: z.literal('metric'), id: z.string(), attributes: z.looseObject({ name: z.string() }) });

export function eventFacts({ sample, included }: Count, rules: EventRules): EventFacts {
  const names = namesOf(included);
  const totals = { all: 0, sent: 0, unmapped: 0, old: 0 };
  for (const { item, weight } of sample) {
    const id = event.safeParse(item).data?.relationships?.metric?.data?.id;
    const name = id === undefined ? undefined : names.get(id);
    if (id === undefined || name === undefined) continue;
    const isMapped = eventName({ id, name }, rules) !== undefined;
    const isOld = Date.parse(String(attributeOf(item, 'datetime'))) < Date.parse(rules.liveFrom);
    totals.all += weight;
    if (!isMapped) totals.unmapped += weight;
    if (isOld) totals.old += weight;
    if (isMapped && !(isOld && rules.history === 'skip')) totals.sent += weight;
  }
  const share = (part: number) => (totals.all === 0 ? 0 : part / totals.all);
  return { sent: totals.all === 0 ? null : share(totals.sent), unmapped: share(totals.unmapped), old: share(totals.old) };
}

function namesOf(records: readonly unknown[]): Map<string, string> {
  return new Map(
    records.flatMap((record) => {
      const found = metric.safeParse(record);
      return found.success ? [[found.data.id, found.data.attributes.name] as const] : [];
    }),
  );
}

/** Klaviyo answers for a year at most. */
const YEAR_MS = 365 * 86_400_000;

export interface EventCounts {
  /** Events of metrics that have a name in Brevo. */
  readonly mapped: number;
  /** All events, where that many requests were allowed. */
  readonly all: number | null;
}

/**
 * Counts events by metric and month instead of reading them. Null where that would cost more requests than looking may: a metric costs one
 * for each year since the first event.
 */
export async function countEvents(
  look: Look,
  rules: EventRules,
  { since, until }: { since: number; until: number },
): Promise<EventCounts | null> {
  const years = Math.max(1, Math.ceil((until - since) / YEAR_MS));
  const affordable = Math.floor(look.effort.aggregates / years);
  if (affordable === 0) return null;
  const { items, nextCursor } = await look.klaviyo.readPage({ path: '/api/metrics', query: {} });
  const metrics = [...namesOf(items)].map(([id, name]) => ({ id, name }));
  const mapped = metrics.filter((one) => eventName(one, rules) !== undefined);
  const others = metrics.filter((one) => !mapped.includes(one));
  if (nextCursor !== undefined || mapped.length > affordable) return null;
  const countOf = async (some: readonly { id: string }[]) => {
    const counts = await Promise.all(some.map(({ id }) => countMetric(look, id, { since, until, years })));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const sent = await countOf(mapped);
  return { mapped: sent, all: metrics.length <= affordable ? sent + (await countOf(others)) : null };
}

/** Events as counted by metric. Where only those of mapped metrics were, the sample tells how many of all they are. */
export function withEventCounts(count: Count, counts: EventCounts | null, { unmapped }: EventFacts, pageSize: number): Count {
  if (!counts || (counts.all === null && unmapped > MOSTLY)) return count;
  const records = counts.all ?? Math.round(counts.mapped / (1 - unmapped));
  return {
    ...count,
    records,
    counted: counts.all === null ? 'sampled' : 'exact',
    pages: Math.max(1, Math.ceil(records / pageSize)) + 1,
  };
}

/** A small share says too little of the whole. */
const MOSTLY = 0.95;

async function countMetric(
  { klaviyo }: Look,
  metricId: string,
  { since, until, years }: { since: number; until: number; years: number },
): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: years }, async (_, year) => {
      const from = since + year * YEAR_MS;
      const { rows } = await klaviyo.aggregateMetric({
        metricId,
        measurements: ['count'],
        interval: 'month',
        from: wallTime(from),
        to: wallTime(Math.min(until, from + YEAR_MS)),
      });
      return rows.flatMap(({ measurements }) => measurements['count'] ?? []).reduce((sum, count) => sum + count, 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** A time of UTC without its offset, to the second. */
function wallTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19);
}
