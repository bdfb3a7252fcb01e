import { BadInput } from '@tajo/errors';
import { metrics, type ReportRules, resourceNamed, textIn } from '@tajo/mapping';
import type { RunContext } from '../target.js';

/** Metrics of the store looked at in one go; an account has some hundreds at most. */
const PAGE = 500;

/** What a report is asked for. Other resources that are kept need nothing. */
export async function planReport(context: RunContext, resource: string): Promise<ReportRules | Record<string, never>> {
  if (!resourceNamed(resource).read.report) return {};
  const { conversionMetric, timeframe } = context.work.config.account.reports;
  const kept = await keptMetrics(context);
  const all = kept.length > 0 ? kept : await metricsOf(context);
  const named = all.filter(({ name }) => name === conversionMetric);
  // Names repeat across integrations: of those that share it the shop's own, else the first by id.
  const conversion = named.find(({ isShop }) => isShop) ?? named[0];
  const conversionMetricId = (conversion ?? all[0])?.id;
  if (conversionMetricId === undefined) {
    throw new BadInput(
      'report_metric_unknown',
      'Klaviyo asks for a conversion metric with every report, and the account has no metric at all yet. Leave reports out until it has one.',
      { field: 'reports.conversion_metric' },
    );
  }
  return { timeframe, conversionMetric, conversionMetricId, conversions: conversion !== undefined };
}

interface Metric {
  readonly id: string;
  readonly name: string;
  readonly isShop: boolean;
}

async function keptMetrics({ work, run }: RunContext): Promise<Metric[]> {
  const found: Metric[] = [];
  for (let after: string | undefined; ; ) {
    const filter = { account: run.account, resource: 'metrics' };
    const page = await work.store.archive.page(filter, { ...(after === undefined ? {} : { after }), limit: PAGE });
    found.push(...page.map(({ sourceId, data }) => metricOf(sourceId, data)));
    after = page.at(-1)?.sourceId;
    if (page.length < PAGE) return found;
  }
}

/** Where metrics were never synced: 200 come with a request. */
async function metricsOf({ account }: RunContext): Promise<Metric[]> {
  const { read, item } = metrics;
  const found: Metric[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await account.klaviyo.readPage({ path: read.path, query: {}, cursor, maxWaitMs: 60_000 });
    for (const raw of page.items) {
      const { success, data } = item.safeParse(raw);
      if (success) found.push(metricOf(data.id, data.attributes));
    }
    cursor = page.nextCursor;
    if (cursor === undefined) return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function metricOf(id: string, metric: Readonly<Record<string, unknown>>): Metric {
  const category = textIn(metric['integration'], 'category') ?? '';
  return { id, name: textIn(metric, 'name') ?? '', isShop: category.toLowerCase().replace(/[^a-z]/g, '') === 'ecommerce' };
}
