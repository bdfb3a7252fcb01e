import { pick, turns } from '../random.js';
import { isoSecond } from './calendar.js';

export const suppressionReasons = ['HARD_BOUNCE', 'INVALID_EMAIL', 'SPAM_COMPLAINT', 'UNSUBSCRIBE', 'USER_SUPPRESSED'] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

export interface Suppression {
  readonly reason: string;
  readonly timestamp: string;
}

export interface EmailMarketing {
  readonly can_receive_email_marketing: boolean;
  readonly consent: string;
  readonly consent_timestamp: string | null;
  readonly last_updated: string | null;
  readonly method: string | null;
  readonly method_detail: string | null;
  readonly custom_method_detail: string | null;
  readonly double_optin: boolean | null;
  readonly suppression: readonly Suppression[];
  readonly list_suppressions: readonly (Suppression & { readonly list_id: string })[];
}

export interface SmsMarketing {
  readonly can_receive_sms_marketing: boolean;
  readonly consent: string;
  readonly consent_timestamp: string | null;
  readonly method: string | null;
  readonly method_detail: string | null;
  readonly last_updated: string | null;
}

/** `additional-fields[profile]=subscriptions`. Channels may be missing: readers must survive that. */
export interface Subscriptions {
  readonly email?: { readonly marketing?: EmailMarketing };
  readonly sms?: { readonly marketing?: SmsMarketing };
}

interface EmailCase {
  readonly consent: string;
  readonly canReceive: boolean;
  readonly suppressed?: readonly SuppressionReason[];
  readonly listSuppressed?: SuppressionReason;
}

const subscribed: EmailCase = { consent: 'SUBSCRIBED', canReceive: true };
const never: EmailCase = { consent: 'NEVER_SUBSCRIBED', canReceive: true };

// 97 places, a prime: consent never falls into step with the identity table.
const emailCases = turns<EmailCase | 'no-subscriptions' | 'no-email-channel'>(
  [47, subscribed],
  [9, { consent: 'UNSUBSCRIBED', canReceive: false, suppressed: ['UNSUBSCRIBE'] }],
  [2, { consent: 'UNSUBSCRIBED', canReceive: true }],
  [14, never],
  // The documentation prints it with a space as well (collect_email_and_sms_consent_via_api).
  [3, { consent: 'NEVER SUBSCRIBED', canReceive: true }],
  [2, { consent: 'SUBSCRIBED', canReceive: false, suppressed: ['HARD_BOUNCE'] }],
  [1, { consent: 'SUBSCRIBED', canReceive: false, suppressed: ['INVALID_EMAIL'] }],
  [2, { consent: 'SUBSCRIBED', canReceive: false, suppressed: ['SPAM_COMPLAINT'] }],
  [1, { consent: 'SUBSCRIBED', canReceive: false, suppressed: ['UNSUBSCRIBE'] }],
  [2, { consent: 'SUBSCRIBED', canReceive: false, suppressed: ['USER_SUPPRESSED'] }],
  [1, { consent: 'NEVER_SUBSCRIBED', canReceive: false, suppressed: ['USER_SUPPRESSED', 'HARD_BOUNCE'] }],
  // The flag and the list disagree: either one must be enough to stay silent.
  [1, { consent: 'SUBSCRIBED', canReceive: true, suppressed: ['SPAM_COMPLAINT'] }],
  [1, { consent: 'SUBSCRIBED', canReceive: false }],
  [2, { consent: 'SUBSCRIBED', canReceive: true, listSuppressed: 'UNSUBSCRIBE' }],
  [2, { consent: 'PENDING_CONFIRMATION', canReceive: true }],
  [1, { consent: 'subscribed', canReceive: true }],
  [1, { consent: '', canReceive: true }],
  [3, 'no-subscriptions'],
  [2, 'no-email-channel'],
);

// 89 places, for the same reason.
const smsCases = turns<{ consent: string; canReceive: boolean } | 'no-sms-channel'>(
  [30, { consent: 'SUBSCRIBED', canReceive: true }],
  [12, { consent: 'UNSUBSCRIBED', canReceive: false }],
  [30, { consent: 'NEVER_SUBSCRIBED', canReceive: false }],
  [3, { consent: 'NEVER SUBSCRIBED', canReceive: false }],
  [2, { consent: 'SUBSCRIBED', canReceive: false }],
  [1, { consent: 'AGE_GATED', canReceive: true }],
  [11, 'no-sms-channel'],
);

export function consentOf(
  index: number,
  facts: { seed: number; createdSecond: number; hasEmail: boolean; hasPhone: boolean },
): Subscriptions | null {
  const email = emailCases(index + facts.seed);
  if (email === 'no-subscriptions') return null;
  const at = isoSecond(facts.createdSecond);
  const marketing = facts.hasEmail ? email : never;
  const sms = smsCases(index * 5 + facts.seed);
  return {
    ...(marketing === 'no-email-channel' ? {} : { email: { marketing: emailMarketing(marketing, at, facts.seed, index) } }),
    ...(sms === 'no-sms-channel' ? {} : { sms: { marketing: smsMarketing(facts.hasPhone ? sms : never, at) } }),
  };
}

function emailMarketing(
  { consent, canReceive, suppressed = [], listSuppressed }: EmailCase,
  at: string,
  seed: number,
  index: number,
): EmailMarketing {
  const decided = consent === 'SUBSCRIBED' || consent === 'UNSUBSCRIBED';
  return {
    can_receive_email_marketing: canReceive,
    consent,
    consent_timestamp: decided ? at : null,
    last_updated: decided ? at : null,
    method: decided ? pick(['FORM', 'API', 'SHOPIFY', 'PREFERENCE_PAGE'], seed, index, 40) : null,
    method_detail: null,
    custom_method_detail: null,
    double_optin: decided ? pick([true, false], seed, index, 41) : null,
    suppression: suppressed.map((reason) => ({ reason, timestamp: at })),
    list_suppressions: listSuppressed ? [{ list_id: 'LIST01', reason: listSuppressed, timestamp: at }] : [],
  };
}

function smsMarketing({ consent, canReceive }: { consent: string; canReceive: boolean }, at: string): SmsMarketing {
  const decided = consent === 'SUBSCRIBED' || consent === 'UNSUBSCRIBED';
  return {
    can_receive_sms_marketing: canReceive && consent !== 'NEVER_SUBSCRIBED',
    consent,
    consent_timestamp: decided ? at : null,
    method: decided ? 'FORM' : null,
    method_detail: null,
    last_updated: decided ? at : null,
  };
}
