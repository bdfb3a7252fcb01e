import { mergeConsent, type MergedConsent } from './merge-consent.js';
import { type MergedValues, mergeValues } from './merge-values.js';
import type { MergeDecision, MergeInput, ToBrevo, ToKlaviyo } from './types.js';

/**
 * What each side must be told so that both agree, from both as they are now and from what they last agreed on. Pure. Values follow their
 * owner; consent is as the more restrictive side has it. Carried out, a second look decides nothing.
 */
export function mergePair(input: MergeInput): MergeDecision {
  if (!input.profile && input.link?.profileId !== undefined) return gone(input);
  const values = mergeValues(input);
  const consent = mergeConsent(input);
  const toKlaviyo = forKlaviyo(input, values, consent);
  const toBrevo = forBrevo(input, values, consent);
  return {
    toKlaviyo,
    toBrevo,
    base: {
      attributes: values.agreed,
      emailBlocked: input.contact.emailBlocked || consent.block.email,
      smsBlocked: input.contact.smsBlocked || consent.block.sms,
      ownConsent: consent.ownConsent,
      at: input.now.toISOString(),
      pending: consent.pending,
    },
    tally: [...values.tally, ...tallyOf(toKlaviyo, toBrevo)],
    fields: values.fields,
  };
}

/** It was deleted or merged in Klaviyo. What follows from that is for a run that confirms it, not for a change of the contact. */
function gone({ contact, base, now }: MergeInput): MergeDecision {
  return {
    toKlaviyo: null,
    toBrevo: null,
    base: base ?? {
      attributes: {},
      emailBlocked: contact.emailBlocked,
      smsBlocked: contact.smsBlocked,
      ownConsent: { email: false, sms: false },
      at: now.toISOString(),
      pending: null,
    },
    tally: ['profile.gone'],
    fields: [],
  };
}

function forKlaviyo({ profile }: MergeInput, { klaviyo }: MergedValues, consent: MergedConsent): ToKlaviyo | null {
  const { unsubscribe, suppress, subscribe } = consent;
  const hasConsent = unsubscribe.length > 0 || suppress || subscribe !== null;
  if (profile && klaviyo.isEmpty && !hasConsent) return null;
  return { create: !profile, attributes: klaviyo.attributes, unset: klaviyo.unset, unsubscribe, suppress, subscribe };
}

function forBrevo({ contact }: MergeInput, { brevo, email }: MergedValues, { block }: MergedConsent): ToBrevo | null {
  if (Object.keys(brevo).length === 0 && email === undefined && !block.email && !block.sms) return null;
  return {
    attributes: brevo,
    ...(email !== undefined && { email, emailBlocked: contact.emailBlocked || block.email }),
    ...(email === undefined && block.email && { emailBlocked: true }),
    ...(block.sms && { smsBlocked: true as const }),
    blocks: block,
  };
}

function tallyOf(toKlaviyo: ToKlaviyo | null, toBrevo: ToBrevo | null): string[] {
  const counts: readonly (readonly [string, boolean])[] = [
    ['profile.created', toKlaviyo?.create === true],
    ['consent.unsubscribed_email', toKlaviyo?.unsubscribe.includes('email') === true],
    ['consent.unsubscribed_sms', toKlaviyo?.unsubscribe.includes('sms') === true],
    ['consent.suppressed', toKlaviyo?.suppress === true],
    ['consent.subscribed', (toKlaviyo?.subscribe ?? null) !== null],
    ['consent.blocked_email', toBrevo?.blocks.email === true],
    ['consent.blocked_sms', toBrevo?.blocks.sms === true],
  ];
  return counts.flatMap(([name, holds]) => (holds ? [name] : []));
}
