import { type Consent, lastEmailOptOut, readConsent, type SuppressionReason } from '../consent.js';
import type { Base, ConsentRequest, MergeInput, Pending } from './types.js';

/** What becomes of consent, by itself. */
export interface MergedConsent {
  readonly unsubscribe: readonly ('email' | 'sms')[];
  readonly suppress: boolean;
  readonly subscribe: { readonly consentedAt: string } | null;
  readonly block: { readonly email: boolean; readonly sms: boolean };
  readonly ownConsent: Base['ownConsent'];
  readonly pending: Pending | null;
}

/** What Klaviyo was asked for shows within minutes as a rule; after this long it is asked again, or taken for refused. */
const PATIENCE_MS = 60 * 60_000;

/** The only form Klaviyo takes numbers in (developers.klaviyo.com/en/reference/profiles_api_overview). */
const E164 = /^\+[1-9]\d{6,14}$/;

/** Nobody subscribes over these: the address is dead, or its owner complained. */
const FINAL: ReadonlySet<SuppressionReason> = new Set(['HARD_BOUNCE', 'INVALID_EMAIL', 'SPAM_COMPLAINT', 'UNKNOWN']);

/** The most restrictive side wins. Nothing here ever unblocks a contact in Brevo. */
export function mergeConsent(input: MergeInput): MergedConsent {
  const consent = readConsent(input.profile?.attributes.subscriptions);
  const email = emailOf(input, consent);
  const sms = smsOf(input, consent);
  const wanted = [requestFor('email', email.ask), requestFor('sms', sms.ask)].filter((one) => one !== null);
  const fresh = wanted.filter((one) => !isWaitedFor(input, one));
  const isFresh = (channel: 'email' | 'sms', ask: Ask) => fresh.some((one) => one === requestFor(channel, ask));
  const { modifiedAt } = input.contact;
  return {
    unsubscribe: [
      ...(email.ask === 'unsubscribe' && isFresh('email', email.ask) ? (['email'] as const) : []),
      ...(sms.ask === 'unsubscribe' && isFresh('sms', sms.ask) ? (['sms'] as const) : []),
    ],
    suppress: email.ask === 'suppress' && isFresh('email', email.ask),
    subscribe:
      email.ask === 'subscribe' && isFresh('email', email.ask) && modifiedAt !== undefined ? { consentedAt: modifiedAt } : null,
    block: { email: email.block, sms: sms.block },
    ownConsent: { email: ownConsent(input, 'email') && !email.block, sms: ownConsent(input, 'sms') && !sms.block },
    pending: pendingAfter(input, wanted, fresh.length > 0),
  };
}

function pendingAfter({ base, now }: MergeInput, wanted: readonly ConsentRequest[], hasFresh: boolean): Pending | null {
  if (wanted.length === 0) return null;
  const since = (hasFresh ? undefined : base?.pending?.since) ?? now.toISOString();
  return { since, asked: wanted };
}

function requestFor(channel: 'email' | 'sms', ask: Ask): ConsentRequest | null {
  if (ask === null) return null;
  return ask === 'subscribe' ? 'email_subscribe' : `${channel}_opt_out`;
}

/**
 * Whether Klaviyo forbids the channel: it has an opt-out or a suppression, or no consent, unless the person told Brevo before Klaviyo knew of
 * them. Without a profile it forbids nothing.
 */
export function forbids(
  { email, sms, suppressions }: Consent,
  channel: 'email' | 'sms',
  ownConsentInBrevo: Readonly<Record<'email' | 'sms', boolean>> | undefined,
): boolean {
  const { state, mayReceive } = channel === 'email' ? email : sms;
  if (mayReceive) return false;
  const hasOptedOut = state === 'unsubscribed' || (channel === 'email' && suppressions.length > 0);
  return hasOptedOut || state === 'subscribed' || ownConsentInBrevo?.[channel] !== true;
}

type Ask = 'unsubscribe' | 'suppress' | 'subscribe' | null;

interface Channel {
  /** Of Klaviyo. */
  readonly ask: Ask;
  /** In Brevo. */
  readonly block: boolean;
}

const NOTHING: Channel = { ask: null, block: false };

function emailOf(input: MergeInput, consent: Consent): Channel {
  const { profile, contact, rules, told } = input;
  if (contact.email === undefined) return NOTHING;
  if (isOptedOut(input, 'email'))
    return { ask: optOutInKlaviyo(input, consent), block: told !== undefined && !contact.emailBlocked };
  if (contact.emailBlocked) return NOTHING;
  if (!profile) return { ask: rules.reverseSubscribe && contact.modifiedAt !== undefined ? 'subscribe' : null, block: false };
  const own = { email: ownConsent(input, 'email'), sms: false };
  if (!forbids(consent, 'email', own)) return NOTHING;
  return mayResubscribe(input, consent) ? { ask: 'subscribe', block: false } : { ask: null, block: true };
}

function smsOf(input: MergeInput, consent: Consent): Channel {
  const { profile, contact, told } = input;
  if (contact.phone === undefined) return NOTHING;
  if (isOptedOut(input, 'sms')) {
    // A number that is none reaches nobody, and Klaviyo refuses every request that names it.
    const isAsked = consent.sms.state === 'subscribed' && E164.test(profile?.attributes.phone_number ?? contact.phone);
    return { ask: isAsked ? 'unsubscribe' : null, block: told !== undefined && !contact.smsBlocked };
  }
  if (contact.smsBlocked || !profile) return NOTHING;
  const block = forbids(consent, 'sms', { email: false, sms: ownConsent(input, 'sms') });
  return { ask: null, block };
}

/** Blocked in Brevo by somebody other than us, or just told to be. */
function isOptedOut({ contact, link, told }: MergeInput, channel: 'email' | 'sms'): boolean {
  if (told?.channel === channel) return true;
  const isBlocked = channel === 'email' ? contact.emailBlocked : contact.smsBlocked;
  return isBlocked && link?.blockedByUs[channel] !== true;
}

/** Klaviyo writes to those who never subscribed, too: they are suppressed, there is nothing to unsubscribe. */
function optOutInKlaviyo({ told }: MergeInput, { email, suppressions }: Consent): Ask {
  if (suppressions.length > 0) return null;
  if (told?.reason === 'hard_bounce' || told?.reason === 'spam') return 'suppress';
  if (email.state === 'unsubscribed') return null;
  return email.state === 'subscribed' ? 'unsubscribe' : 'suppress';
}

/** Blocked when last seen, open now, and nobody opted out in Klaviyo since: neither after the contact changed nor after both sides last agreed. */
function mayResubscribe(input: MergeInput, { suppressions }: Consent): boolean {
  const { profile, base, contact, rules } = input;
  if (!rules.reverseSubscribe || !base || suppressions.some((reason) => FINAL.has(reason))) return false;
  // Asked for already: as long as there is hope, it is not blocked instead.
  const isAsked = base.pending?.asked.includes('email_subscribe') === true;
  if (isAsked ? !isWaitedFor(input, 'email_subscribe') : !base.emailBlocked) return false;
  const agreedAt = Date.parse(base.at);
  const optedOutAt = lastEmailOptOut(profile?.attributes.subscriptions);
  return optedOutAt < Math.min(Date.parse(contact.modifiedAt ?? ''), isAsked ? Infinity : agreedAt);
}

function ownConsent({ profile, base, contact, rules }: MergeInput, channel: 'email' | 'sms'): boolean {
  if (channel === 'email' ? contact.emailBlocked : contact.smsBlocked) return false;
  if (base) return base.ownConsent[channel];
  // Where Klaviyo's values never travel, its not knowing of a consent says nothing; else only who was in Brevo alone has one of their own.
  return !profile || rules.direction === 'brevo-to-klaviyo';
}

function isWaitedFor({ base, now }: MergeInput, request: ConsentRequest): boolean {
  const pending = base?.pending;
  return pending?.asked.includes(request) === true && now.getTime() - Date.parse(pending.since) < PATIENCE_MS;
}
