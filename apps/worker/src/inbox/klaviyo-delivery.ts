import { CONSENT_TOPICS, personMarksOf } from '@tajo/accounts';
import { RequestRefused } from '@tajo/errors';
import { addTo, type Delivery } from '@tajo/store';
import { z } from 'zod';
import { sliceQuery } from '../slice-query.js';
import { GaveBack } from '../settle.js';
import type { Work } from '../work.js';
import { carryConsent } from './contacts.js';
import { deliverLive } from './deliver-live.js';
import { type Live, MAX_LANE_WAIT_MS, openLive } from './live-context.js';

const related = z.looseObject({ data: z.looseObject({ id: z.string().min(1).max(255) }).nullish() }).nullish();
const event = z.looseObject({
  type: z.literal('event'),
  id: z.string().min(1).max(255),
  relationships: z.looseObject({ profile: related, metric: related }).nullish(),
});
/** A delivery's body; `payload` is what GET /api/events/{id} answers (developers.klaviyo.com/en/docs/working_with_system_webhooks). */
const body = z.looseObject({
  data: z.array(
    z.looseObject({
      topic: z.string(),
      payload: z.looseObject({ data: event, included: z.array(z.unknown()).nullish() }),
    }),
  ),
});

/** Profiles read, looked up and written between two notes of how far it came. */
const AT_ONCE = 25;

/**
 * What Klaviyo says has happened. Nothing of it is believed: whoever's consent may have changed is read again, and what stands there is
 * written. Events pass the ledger, so one that was sent before is not sent again.
 */
export async function workOffKlaviyo(work: Work, delivery: Delivery, text: string): Promise<void> {
  const { store, config } = work;
  const { account, _id } = delivery;
  const { data } = body.parse(JSON.parse(text));
  const named = data.flatMap(({ payload }) => payload.data.relationships?.profile?.data?.id ?? []);
  const profiles = [...new Set(named)].sort();
  const people = personMarksOf(config).of(account, { emails: [], phones: [], klaviyoIds: profiles });
  const outcome = { ...delivery.outcome };

  const changed = new Set(
    data.flatMap(({ topic, payload }) =>
      CONSENT_TOPICS.includes(topic) ? (payload.data.relationships?.profile?.data?.id ?? []) : [],
    ),
  );
  if (config.account.direction === 'brevo-to-klaviyo') {
    if (config.account.sync.profiles) await carryConsent(work, account, { profiles: [...changed].sort(), outcome });
    await store.inbox.progress(_id, { profilesDone: profiles.length, outcome, people }, work.now());
    return store.inbox.finish(_id, 'done', { outcome }, work.now());
  }

  const live = await openLive(work, account);
  if (!live) {
    const note = 'No run of profiles has been planned yet: the first one reads all of this.';
    return store.inbox.finish(_id, 'done', { outcome: { ...outcome, 'left to the first run': data.length }, note }, work.now());
  }

  if (config.account.sync.profiles) {
    for (let at = delivery.profilesDone; at < profiles.length; at += AT_ONCE) {
      if (work.stopping.aborted) throw new GaveBack();
      const part = profiles.slice(at, at + AT_ONCE);
      const links = await store.links.find(account, 'profiles', part);
      // Opening an e-mail changes nobody's consent; but its event needs a contact to belong to.
      const wanted = part.filter((id) => changed.has(id) || !links.has(id) || live.profiles.context.stored.identity !== 'ext_id');
      if (wanted.length > 0) await readAgain(live.profiles, wanted, _id, outcome);
      await store.inbox.progress(_id, { profilesDone: at + part.length, outcome, people }, work.now());
    }
  }
  if (config.account.sync.events) {
    const events = await withMetrics(
      live.events,
      data.map(({ payload }) => payload),
      outcome,
    );
    await deliverLive(live.events, events, _id, outcome);
  }
  await store.inbox.finish(_id, 'done', { outcome }, work.now());
}

/** Profiles as they stand at Klaviyo now, with their consent. */
async function readAgain(live: Live, ids: readonly string[], delivery: string, outcome: Record<string, number>): Promise<void> {
  const { resource, context } = live;
  const asked = { from: null, to: null, queryTo: null, cursor: null, ids: [...ids], parent: null, pass: null };
  const page = await context.account.klaviyo.readPage({
    path: resource.read.path,
    query: sliceQuery(resource, asked).params,
    maxWaitMs: MAX_LANE_WAIT_MS,
    signal: context.work.stopping,
  });
  // Merged into another or deleted: what becomes of their contacts is for a run to find out, not for a hint.
  for (let missing = ids.length - page.items.length; missing > 0; missing -= 1) addTo(outcome, 'profiles.gone from Klaviyo');
  await deliverLive(live, page, delivery, outcome);
}

type Payload = z.infer<typeof body>['data'][number]['payload'];

/** Names of metrics by account and id; they hardly ever change, and a run takes the one of the day. */
const metricNames = new Map<string, { name: string; until: number }>();
const NAME_HOLDS_MS = 3_600_000;

/** Each event once, with the name of its metric, by which it is mapped: a delivery carries only its id. */
async function withMetrics(
  live: Live,
  payloads: readonly Payload[],
  outcome: Record<string, number>,
): Promise<{ items: unknown[]; included: unknown[] }> {
  const items = [...new Map(payloads.map(({ data }) => [data.id, data])).values()];
  const included = payloads.flatMap((payload) => payload.included ?? []);
  const known = new Map<string, string>();
  for (const metric of included.map((record) => metricRecord.safeParse(record))) {
    if (metric.success) known.set(metric.data.id, metric.data.attributes.name);
  }
  for (const item of items) {
    const id = item.relationships?.metric?.data?.id;
    if (id === undefined || known.has(id)) continue;
    const name = await nameOfMetric(live, id, item.id);
    if (name !== undefined) known.set(id, name);
  }
  const isNamed = (item: (typeof items)[number]) => known.has(item.relationships?.metric?.data?.id ?? '');
  for (const _ of items.filter((item) => !isNamed(item))) addTo(outcome, 'events.left to the next run');
  const metrics = [...known].map(([id, name]) => ({ type: 'metric', id, attributes: { name } }));
  return { items: items.filter(isNamed), included: [...included, ...metrics] };
}

const metricRecord = z.looseObject({
  type: z.literal('metric'),
  id: z.string(),
  attributes: z.looseObject({ name: z.string() }),
});

/** By reading one of its events, which takes no scope but the one that events are read with. */
async function nameOfMetric({ context, resource }: Live, id: string, eventId: string): Promise<string | undefined> {
  const key = `${context.run.account}|${id}`;
  const now = context.work.now().getTime();
  const kept = metricNames.get(key);
  if (kept && kept.until > now) return kept.name;
  try {
    const page = await context.account.klaviyo.readPage({
      path: `/api/events/${encodeURIComponent(eventId)}`,
      query: { ...resource.read.extra },
      maxWaitMs: MAX_LANE_WAIT_MS,
      signal: context.work.stopping,
    });
    const metric = page.included.map((record) => metricRecord.safeParse(record)).find(({ success }) => success)?.data;
    if (!metric) return undefined;
    if (metricNames.size > 10_000) metricNames.clear();
    metricNames.set(key, { name: metric.attributes.name, until: now + NAME_HOLDS_MS });
    return metric.attributes.name;
  } catch (error) {
    // Klaviyo tells of an event before it can be read; the next run finds it.
    if (error instanceof RequestRefused) return undefined;
    throw error;
  }
}
