import type { CallOptions, KlaviyoClient } from '@tajo/klaviyo';
import { z } from 'zod';
import type { Context } from '../context.js';
import { Problem } from '../problem.js';

const metric = z.object({ id: z.string(), name: z.string(), integration: z.string().nullable() });
export type Metric = z.output<typeof metric>;

const item = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({
    name: z.string().nullish(),
    integration: z.looseObject({ name: z.string().nullish() }).nullish(),
  }),
});

/** A new metric appears with its first event. */
const KEPT_MS = 5 * 60_000;
/** At 200 a page; an account has some hundred metrics. */
const MOST_PAGES = 50;
const MOST_NAMED = 10;

/** The metric of this id or name. Throws a `Problem` where there is none, or several of the name: then only an id tells them apart. */
export async function findMetric(
  context: Context,
  search: { account: string; wanted: string; fresh: boolean; klaviyo: KlaviyoClient; options: CallOptions },
): Promise<Metric> {
  const { wanted } = search;
  const all = await metricsOf(context, search);
  const exact = all.find(({ id }) => id === wanted);
  if (exact) return exact;
  const named = all.filter(({ name }) => name === wanted);
  const alike = named.length > 0 ? named : all.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const [only, ...others] = alike;
  if (only && others.length === 0) return only;
  if (only) {
    const list = alike.map(({ id, name, integration }) => `${id} (${name}, ${integration ?? 'no integration'})`).join(', ');
    throw new Problem(422, 'metric_ambiguous', `Several metrics have this name: ${list}. Ask for one by its id.`, {
      extras: { field: 'metric', metrics: alike },
    });
  }
  const words = wanted.toLowerCase().split(/\s+/);
  const close = all.filter(({ name }) => words.some((word) => word.length > 2 && name.toLowerCase().includes(word)));
  const names = [...new Set((close.length > 0 ? close : all).map(({ name }) => name))].slice(0, MOST_NAMED);
  const known = names.length > 0 ? ` There are, among others: ${names.join(', ')}.` : ' The account has no metrics yet.';
  throw new Problem(404, 'metric_unknown', `Klaviyo has no metric of this name or id.${known}`, { extras: { field: 'metric' } });
}

async function metricsOf(
  { store, now }: Context,
  { account, fresh, klaviyo, options }: { account: string; fresh: boolean; klaviyo: KlaviyoClient; options: CallOptions },
): Promise<Metric[]> {
  const key = 'metrics';
  const known = fresh ? null : await store.queryResults.get(account, key, now());
  if (known) return z.array(metric).parse(known.data);
  const found: Metric[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await klaviyo.readPage({
      path: '/api/metrics',
      query: { 'fields[metric]': 'name,integration' },
      cursor,
      ...options,
    });
    for (const raw of page.items) {
      // One that cannot be read must not hide the others.
      const { data } = item.safeParse(raw);
      if (data?.attributes.name)
        found.push({ id: data.id, name: data.attributes.name, integration: data.attributes.integration?.name ?? null });
    }
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  const readAt = now();
  await store.queryResults.put(account, key, { data: found, readAt, expiresAt: new Date(readAt.getTime() + KEPT_MS) });
  return found;
}
