import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fromUnixSeconds } from './fields/instant.js';
import { cleanText, cutText } from './fields/text.js';
import { type Mapped, row, skip } from './resource.js';

const words = z.union([z.string(), z.number()]).nullish();

/**
 * What Brevo tells of a message it sent, of campaigns (developers.brevo.com/docs/marketing-webhooks) and of single messages
 * (developers.brevo.com/docs/transactional-webhooks). Its `id` is the webhook's, so nothing here names the happening by itself.
 */
export const engagementItem = z.looseObject({
  event: z.string(),
  ts_event: z.number().nullish(),
  ts_epoch: z.number().nullish(),
  ts: z.number().nullish(),
  camp_id: words,
  'campaign name': words,
  campaign_name: words,
  'message-id': words,
  uuid: words,
  subject: words,
  tag: words,
  tags: z.array(z.unknown()).nullish(),
  URL: words,
  link: words,
  reason: words,
});
export type EngagementItem = z.infer<typeof engagementItem>;

export type EngagementKind = 'delivered' | 'opened' | 'clicked' | 'unsubscribed' | 'hard_bounce' | 'soft_bounce' | 'spam';

/** By what a delivery calls it: Brevo has changed some of the words, and both are still seen. The first opening is an opening. */
const KINDS: Readonly<Record<string, EngagementKind>> = {
  delivered: 'delivered',
  opened: 'opened',
  unique_opened: 'opened',
  click: 'clicked',
  clicked: 'clicked',
  unsubscribe: 'unsubscribed',
  unsubscribed: 'unsubscribed',
  hard_bounce: 'hard_bounce',
  hard_bounced: 'hard_bounce',
  soft_bounce: 'soft_bounce',
  soft_bounced: 'soft_bounce',
  spam: 'spam',
  complaint: 'spam',
};

/** Undefined for what is about a contact and not about a message, and for words that are not known. */
export function engagementKind(event: string): EngagementKind | undefined {
  const word = event.toLowerCase();
  return Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
}

export interface EngagementRules {
  /** Klaviyo metric name by kind. */
  readonly metrics: Readonly<Partial<Record<EngagementKind, string>>>;
  /** ISO 8601. */
  readonly now: string;
}

/** An event for Klaviyo. */
export interface EngagementRow {
  /** The same for the same happening, however often and in whatever order it is told. Nobody can be told by it. */
  readonly uniqueId: string;
  readonly metric: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Property of every Klaviyo event that is made of Brevo's: by it the way back is closed, whatever its metric is called by then. */
export const BREVO_MARK = 'tajo_brevo_event';
const MARK = /^brevo-[0-9a-f]{32}$/;

/** Whether a Klaviyo event came from Brevo. Anybody may write a property of this name; only what is made here counts. */
export function cameFromBrevo(properties: unknown): boolean {
  if (typeof properties !== 'object' || properties === null || !(BREVO_MARK in properties)) return false;
  const mark = properties[BREVO_MARK];
  return typeof mark === 'string' && MARK.test(mark);
}

/** Klaviyo takes times from then on (OpenAPI, EventCreateQueryV2). */
const EARLIEST = Date.parse('2000-01-01T00:00:00Z');
/** Clocks differ. */
const AHEAD_MS = 86_400_000;
const LONGEST = 1_000;
const MOST_TAGS = 20;

/** The event of a profile, by Klaviyo's id. */
export function mapEngagement(item: EngagementItem, profile: string, { metrics, now }: EngagementRules): Mapped<EngagementRow> {
  const kind = engagementKind(item.event);
  const metric = kind === undefined ? undefined : metrics[kind];
  if (kind === undefined || metric === undefined) return skip('not named in brevo_event_mapping');
  const date = timeOf(item);
  if (date === undefined || Date.parse(date) < EARLIEST || Date.parse(date) > Date.parse(now) + AHEAD_MS)
    return skip('without a usable time');
  const campaign = textOf(item.camp_id);
  const message = textOf(item['message-id']) ?? textOf(item.uuid);
  const url = textOf(item.URL) ?? textOf(item.link);
  const told = JSON.stringify([profile, kind, campaign ?? '', message ?? '', date, url ?? '']);
  const uniqueId = `brevo-${createHash('sha256').update(told).digest('hex').slice(0, 32)}`;
  const tags = tagsOf(item);
  const properties = {
    Channel: message === undefined ? 'marketing' : 'transactional',
    'Campaign ID': campaign,
    'Campaign Name': textOf(item['campaign name']) ?? textOf(item.campaign_name),
    Subject: textOf(item.subject),
    'Message ID': message,
    URL: url,
    Reason: textOf(item.reason),
    Tags: tags.length > 0 ? tags : undefined,
    [BREVO_MARK]: uniqueId,
  };
  const known = Object.entries(properties).filter(([, value]) => value !== undefined);
  return row({ uniqueId, metric, date, properties: Object.fromEntries(known) });
}

/** UTC; `date_…` is local time (developers.brevo.com/docs/marketing-webhooks). */
function timeOf({ ts_event, ts_epoch, ts }: EngagementItem): string | undefined {
  const epoch = typeof ts_epoch === 'number' ? Math.floor(ts_epoch / 1_000) : undefined;
  return fromUnixSeconds(ts_event) ?? fromUnixSeconds(epoch) ?? fromUnixSeconds(ts);
}

function tagsOf({ tags, tag }: EngagementItem): string[] {
  const all = [...(tags ?? []), tag].flatMap((one) => textOf(one) ?? []);
  return [...new Set(all)].slice(0, MOST_TAGS);
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return cutText(cleanText(String(value)), LONGEST) || undefined;
}
