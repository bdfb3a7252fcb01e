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
  const { sync, events, eventMapping } = account;
  const isSent = (metric: string) => sync.events && (events.unmapped === 'forward' || Object.hasOwn(eventMapping, metric));
  const sent = Object.entries(EVENT_TOPICS).flatMap(([name, metric]) => (isSent(metric) ? [TOPIC_PREFIX + name] : []));
  return [...CONSENT_TOPICS, ...sent];
}

/** What is asked of Brevo. Engagement has no way into Klaviyo yet, so it is not. */
export const BREVO_EVENTS = {
  marketing: ['spam', 'hardBounce', 'unsubscribed', 'listAddition', 'contactUpdated', 'contactDeleted'],
  transactional: ['spam', 'hardBounce', 'unsubscribed'],
} as const;

/** What no vendor tells of, and how it is noticed. */
export const POLLED: readonly { readonly what: string; readonly how: string }[] = [
  { what: 'Klaviyo: profile created or updated', how: 'Klaviyo has no such topic; runs read what changed since the last one.' },
  { what: 'Klaviyo: joined or left a list or segment', how: 'Klaviyo has no such topic; runs read the members.' },
  { what: 'Klaviyo: orders and events of custom metrics', how: 'Klaviyo has no such topic; runs read the events.' },
  {
    what: 'Brevo: contact created, or taken off a list',
    how: 'Brevo has no such event; each run reads the contacts before it writes.',
  },
];
