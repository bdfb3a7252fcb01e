import type { WebhookType } from '@tajo/brevo';
import type { Config } from '@tajo/config';

/** Klaviyo's topics begin so (GET /api/webhook-topics). */
export const TOPIC_PREFIX = 'event:klaviyo.';

/** Topics after which the profile is read again, for they may change whether somebody may be mailed. */
export const CONSENT_TOPICS: readonly string[] = [
  'bounced_email',
  'dropped_email',
  'marked_email_as_spam',
  'subscribed_to_email_marketing',
  'unsubscribed_from_email_marketing',
  'manually_suppressed_from_email_marketing',
  'manually_unsuppressed_from_email_marketing',
  'updated_email_preferences',
  'subscribed_to_sms_marketing',
  'unsubscribed_from_sms_marketing',
].map((name) => TOPIC_PREFIX + name);

/** Topics that are events and nothing else, by the metric they are events of. */
const EVENT_TOPICS: Readonly<Record<string, string>> = {
  clicked_email: 'Clicked Email',
  opened_email: 'Opened Email',
  received_email: 'Received Email',
  sent_sms: 'Sent SMS',
  received_sms: 'Received SMS',
  clicked_sms: 'Clicked SMS',
  failed_to_deliver_sms: 'Failed to Deliver SMS',
  received_push: 'Received Push',
  bounced_push: 'Bounced Push',
  opened_push: 'Opened Push',
  ready_to_review: 'Ready to Review',
  submitted_rating: 'Submitted Rating',
  submitted_review: 'Submitted Review',
};

/** What is asked of Klaviyo: consent always, events where the configuration sends them on. Nobody pays for deliveries that are thrown away. */
export function wantedTopics({ account }: Config): string[] {
  const { sync, events, eventMapping, direction } = account;
  const isSent = (metric: string) =>
    sync.events && direction !== 'brevo-to-klaviyo' && (events.unmapped === 'forward' || Object.hasOwn(eventMapping, metric));
  const sent = Object.entries(EVENT_TOPICS).flatMap(([name, metric]) => (isSent(metric) ? [TOPIC_PREFIX + name] : []));
  return [...CONSENT_TOPICS, ...sent];
}

/** One of the webhooks that an account has at Brevo. */
export interface BrevoKind {
  readonly type: WebhookType;
  /** Collected for five minutes and delivered up to 500 at once (developers.brevo.com/docs/batch-webhooks). */
  readonly batched: boolean;
  readonly events: readonly string[];
}

/** Told at once: they decide whether somebody may be mailed, or who somebody is. */
const AT_ONCE: readonly BrevoKind[] = [
  {
    type: 'marketing',
    batched: false,
    events: ['spam', 'hardBounce', 'unsubscribed', 'listAddition', 'contactUpdated', 'contactDeleted'],
  },
  { type: 'transactional', batched: false, events: ['spam', 'hardBounce', 'unsubscribed'] },
];

/** Subscribed to where Klaviyo shall have an event of it. A campaign makes hundreds of thousands, which must not delay an opt-out. */
const ENGAGEMENT = { delivered: 'delivered', opened: 'opened', clicked: 'click', soft_bounce: 'softBounce' } as const;

/** What is asked of Brevo: the opt-outs always, engagement where it has a way into Klaviyo. */
export function brevoKinds({ account }: Config): BrevoKind[] {
  const { direction, sync, brevoEventMapping } = account;
  const carried = direction !== 'klaviyo-to-brevo' && sync.events;
  const events = (['delivered', 'opened', 'clicked', 'soft_bounce'] as const).flatMap((kind) =>
    carried && brevoEventMapping[kind] !== undefined ? [ENGAGEMENT[kind]] : [],
  );
  if (events.length === 0) return [...AT_ONCE];
  return [...AT_ONCE, ...(['marketing', 'transactional'] as const).map((type) => ({ type, batched: true, events }))];
}

export interface Polled {
  readonly what: string;
  readonly how: string;
}

/** What no vendor tells of, and how it is noticed. */
export function polled({ account }: Config): Polled[] {
  const toBrevo = 'contacts are read before each run writes';
  const toKlaviyo = 'runs read the contacts that changed since the last one';
  return [
    { what: 'Klaviyo: profile created or updated', how: 'Klaviyo has no such topic; runs read what changed since the last one.' },
    { what: 'Klaviyo: joined or left a list or segment', how: 'Klaviyo has no such topic; runs read the members.' },
    { what: 'Klaviyo: orders and events of custom metrics', how: 'Klaviyo has no such topic; runs read the events.' },
    {
      what: 'Brevo: contact created, or taken off a list',
      how: `Brevo has no such event; ${account.direction === 'klaviyo-to-brevo' ? toBrevo : toKlaviyo}.`,
    },
    { what: 'Brevo: campaign sent, and its results', how: 'Brevo has no such event; runs of campaigns read them.' },
  ];
}
