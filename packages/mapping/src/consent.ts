import type { ContactRow } from './contact-row.js';
import { STAND_IN_DOMAIN } from './fields/email.js';
import { toDay } from './fields/timestamp.js';

export type ConsentState = 'subscribed' | 'unsubscribed' | 'never_subscribed' | 'unknown';

/** Klaviyo's five reasons for a global suppression, and `UNKNOWN` for any it adds later. */
export const SUPPRESSION_REASONS = [
  'HARD_BOUNCE',
  'INVALID_EMAIL',
  'SPAM_COMPLAINT',
  'UNSUBSCRIBE',
  'USER_SUPPRESSED',
  'UNKNOWN',
] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

export interface ChannelConsent {
  readonly state: ConsentState;
  /** SUBSCRIBED *and* can receive *and* not suppressed. */
  readonly mayReceive: boolean;
  /** `YYYY-MM-DD` of `consent_timestamp`. */
  readonly since?: string;
}

export interface Consent {
  readonly email: ChannelConsent;
  readonly sms: ChannelConsent;
  /** Global e-mail suppressions, each reason once, in the order of `SUPPRESSION_REASONS`. */
  readonly suppressions: readonly SuppressionReason[];
  /** On how many single lists the profile is suppressed. Such a suppression does not block the channel. */
  readonly listSuppressions: number;
}

/**
 * Reads `subscriptions` of a profile. Never throws and fails closed: whatever is missing, unknown or misshapen blocks the channel. It is not parsed by
 * a schema, because a profile whose consent cannot be read must still reach Brevo, blocked.
 *
 * `can_receive_email_marketing: true` alone means "not globally suppressed"; profiles that never subscribed usually have it
 * (developers.klaviyo.com/en/reference/get_profiles).
 */
export function readConsent(subscriptions: unknown): Consent {
  const email = objectAt(objectAt(subscriptions, 'email'), 'marketing');
  const sms = objectAt(objectAt(subscriptions, 'sms'), 'marketing');
  const suppressions = suppressionReasons(email['suppression']);
  return {
    email: readChannel(email, email['can_receive_email_marketing'] === true && suppressions.length === 0),
    // Klaviyo's e-mail suppressions hold for e-mail only. SMS has none today; one that appears later shall count at once.
    sms: readChannel(sms, sms['can_receive_sms_marketing'] === true && suppressionReasons(sms['suppression']).length === 0),
    suppressions,
    listSuppressions: Array.isArray(email['list_suppressions']) ? email['list_suppressions'].length : 0,
  };
}

/**
 * When the person last opted out of e-mail at Klaviyo, or was suppressed there, in epoch milliseconds: -Infinity for never, Infinity where it cannot be
 * told, so that nothing counts as later.
 */
export function lastEmailOptOut(subscriptions: unknown): number {
  const email = objectAt(objectAt(subscriptions, 'email'), 'marketing');
  const given: unknown = email['suppression'] ?? [];
  const times: unknown[] = (Array.isArray(given) ? given : [given]).map((entry) => objectOf(entry)['timestamp']);
  if (stateOf(email['consent']) === 'unsubscribed') times.push(email['last_updated'] ?? email['consent_timestamp']);
  const read = times.map((time) => (typeof time === 'string' ? Date.parse(time) : Number.NaN));
  return Math.max(-Infinity, ...read.map((time) => (Number.isNaN(time) ? Infinity : time)));
}

/** The attributes that carry Klaviyo's consent facts: Brevo itself knows blocked or not, but no state, reason or date. */
export const CONSENT_ATTRIBUTES = {
  KLAVIYO_EMAIL_CONSENT: 'text',
  KLAVIYO_SMS_CONSENT: 'text',
  KLAVIYO_SUPPRESSED: 'text',
  KLAVIYO_CONSENT_AT: 'date',
} as const;

/** Stands for "no suppression". An empty value would leave a lifted suppression in place: imports skip empty cells. */
const NOT_SUPPRESSED = 'NONE';

/** `KLAVIYO_CONSENT_AT` is the day of the e-mail consent, else of the SMS consent. */
export function consentAttributes({ email, sms, suppressions }: Consent): Record<string, string> {
  const since = email.since ?? sms.since;
  return {
    KLAVIYO_EMAIL_CONSENT: email.state,
    KLAVIYO_SMS_CONSENT: sms.state,
    KLAVIYO_SUPPRESSED: suppressions.join(',') || NOT_SUPPRESSED,
    ...(since !== undefined && { KLAVIYO_CONSENT_AT: since }),
  };
}

/**
 * How often each fact of consent occurs: `email.<state>`, `sms.<state>`, `suppressed.<reason>`, `mailable.email`, `mailable.sms`, `no_email`,
 * `no_phone`. The same keys on both sides, so that the sums can be laid beside each other.
 */
export type ConsentTally = Record<string, number>;

/** One contact as we meant it. */
export function consentTally({ consent, email, phone, emailBlocked, smsBlocked }: ContactRow): ConsentTally {
  return tally({ ...consent, hasEmail: email !== undefined, hasPhone: phone !== undefined, emailBlocked, smsBlocked });
}

/** The parts of a Brevo contact that consent is counted from (GET /contacts). */
export interface BrevoContact {
  readonly email?: string | null | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly emailBlacklisted: boolean;
  readonly smsBlacklisted: boolean;
}

/** One contact as Brevo has it. Attributes that did not take count as `email.not_recorded`, which no Klaviyo profile has. */
export function consentTallyFromBrevo({ email, attributes, emailBlacklisted, smsBlacklisted }: BrevoContact): ConsentTally {
  const words = textOf(attributes['KLAVIYO_SUPPRESSED']).split(',');
  return tally({
    email: textOf(attributes['KLAVIYO_EMAIL_CONSENT']).toLowerCase() || 'not_recorded',
    sms: textOf(attributes['KLAVIYO_SMS_CONSENT']).toLowerCase() || 'not_recorded',
    suppressions: words.map((word) => word.trim()).filter((word) => word !== '' && word !== NOT_SUPPRESSED),
    hasEmail: Boolean(email) && !email?.toLowerCase().endsWith(`@${STAND_IN_DOMAIN}`),
    hasPhone: textOf(attributes['SMS']) !== '',
    emailBlocked: emailBlacklisted,
    smsBlocked: smsBlacklisted,
  });
}

/** Adds `part` to `total` in place. */
export function addTally(total: ConsentTally, part: ConsentTally): void {
  for (const [key, count] of Object.entries(part)) total[key] = (total[key] ?? 0) + count;
}

interface Facts {
  readonly email: string;
  readonly sms: string;
  readonly suppressions: readonly string[];
  readonly hasEmail: boolean;
  readonly hasPhone: boolean;
  readonly emailBlocked: boolean;
  readonly smsBlocked: boolean;
}

function tally(facts: Facts): ConsentTally {
  const counts: ConsentTally = { [`email.${facts.email}`]: 1, [`sms.${facts.sms}`]: 1 };
  for (const reason of facts.suppressions) counts[`suppressed.${reason}`] = 1;
  if (!facts.hasEmail) counts['no_email'] = 1;
  else if (!facts.emailBlocked) counts['mailable.email'] = 1;
  if (!facts.hasPhone) counts['no_phone'] = 1;
  else if (!facts.smsBlocked) counts['mailable.sms'] = 1;
  return counts;
}

function readChannel(channel: Readonly<Record<string, unknown>>, canReceive: boolean): ChannelConsent {
  const state = stateOf(channel['consent']);
  const since = toDay(channel['consent_timestamp']);
  return {
    state,
    mayReceive: state === 'subscribed' && canReceive,
    ...(since.kind === 'value' && { since: since.value }),
  };
}

const OTHER_STATES: Readonly<Record<string, ConsentState>> = {
  UNSUBSCRIBED: 'unsubscribed',
  NEVER_SUBSCRIBED: 'never_subscribed',
};

function stateOf(consent: unknown): ConsentState {
  // Opting in takes the exact word; a word that only resembles it is unknown, and so blocked.
  if (consent === 'SUBSCRIBED') return 'subscribed';
  // Klaviyo's pages also print "NEVER SUBSCRIBED".
  const word = typeof consent === 'string' ? consent.trim().toUpperCase().replace(/\s+/g, '_') : '';
  return (Object.hasOwn(OTHER_STATES, word) ? OTHER_STATES[word] : undefined) ?? 'unknown';
}

/** Only nothing and an empty list mean "not suppressed"; any other shape is a suppression we cannot read. */
function suppressionReasons(suppression: unknown): SuppressionReason[] {
  if (suppression === null || suppression === undefined) return [];
  const entries: unknown[] = Array.isArray(suppression) ? suppression : [suppression];
  const words = new Set(entries.map((entry) => textOf(objectOf(entry)['reason']).trim().toUpperCase()));
  const known = SUPPRESSION_REASONS.filter((reason) => words.delete(reason));
  return words.size > 0 && !known.includes('UNKNOWN') ? [...known, 'UNKNOWN'] : known;
}

function objectAt(parent: unknown, key: string): Readonly<Record<string, unknown>> {
  const from = objectOf(parent);
  return Object.hasOwn(from, key) ? objectOf(from[key]) : {};
}

function objectOf(it: unknown): Readonly<Record<string, unknown>> {
  // Any object may be read by name; what is found is `unknown` again.
  return typeof it === 'object' && it !== null && !Array.isArray(it) ? (it as Record<string, unknown>) : {};
}

function textOf(it: unknown): string {
  if (typeof it === 'string') return it;
  return typeof it === 'number' ? String(it) : '';
}
