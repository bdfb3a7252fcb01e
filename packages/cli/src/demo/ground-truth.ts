import type { BrevoControl, ContactRecord, KlaviyoControl, Profile } from '@tajo/sandbox';
import type { Run } from '@tajo/sdk';
import { count, sum } from '../format/values.js';

/** One thing compared with the sandbox's own books, past the product's view of itself. */
export interface Check {
  readonly holds: boolean;
  readonly text: string;
}

/** Whether what the run says of itself is what happened. Uses nothing of the product's mapping: a mistake there would hide itself. */
export async function checkGroundTruth(sandbox: { klaviyo: KlaviyoControl; brevo: BrevoControl }, run: Run): Promise<Check[]> {
  const profiles = new Map<string, Profile>();
  for await (const profile of sandbox.klaviyo.profiles()) profiles.set(profile.id, profile);
  const contacts: ContactRecord[] = [];
  for await (const contact of sandbox.brevo.contacts()) contacts.push(contact);
  const byEmail = new Map(
    [...profiles.values()].flatMap((profile) =>
      profile.attributes.email ? [[profile.attributes.email.toLowerCase(), profile]] : [],
    ),
  );
  const sourceOf = (contact: ContactRecord) =>
    profiles.get(klaviyoIdOf(contact) ?? '') ?? byEmail.get(contact.email?.toLowerCase() ?? '');

  const { profiles: counts = { read: 0, written: 0, unchanged: 0, skipped: {}, rejected: {} } } = run.totals;
  const { read } = counts;
  const delivered = counts.written + counts.unchanged;
  const notDelivered = sum(counts.skipped) + sum(counts.rejected);
  const sources = contacts.map((contact) => sourceOf(contact)?.id);
  const twice = sources.length - new Set(sources).size;
  const mailable = contacts.filter((contact) => contact.email !== undefined && !contact.emailBlacklisted);
  const textable = contacts.filter((contact) => contact.attributes['SMS'] !== undefined && !contact.smsBlacklisted);
  const wrongNow = [
    ...mailable.filter((contact) => !mayMail(sourceOf(contact))),
    ...textable.filter((contact) => !mayText(sourceOf(contact))),
  ];
  const wrongEver = contacts.filter(
    (contact) =>
      (contact.everMailable.email && !mayMail(sourceOf(contact))) || (contact.everMailable.sms && !mayText(sourceOf(contact))),
  );
  const deaf = contacts.filter((contact) => {
    const source = sourceOf(contact);
    const isExact = source?.subscriptions?.email?.marketing?.consent === 'SUBSCRIBED';
    return contact.email !== undefined && contact.emailBlacklisted && isExact && mayMail(source);
  });

  return [
    { holds: read === profiles.size, text: `read ${count(read)} of the ${count(profiles.size)} profiles that Klaviyo has` },
    {
      holds: delivered === contacts.length,
      text: `${count(contacts.length)} contacts in Brevo, ${count(delivered)} written or unchanged`,
    },
    {
      holds: profiles.size - contacts.length === notDelivered,
      text: `${count(profiles.size - contacts.length)} profiles not in Brevo, ${count(notDelivered)} with a reason`,
    },
    { holds: twice === 0, text: `${count(twice)} contacts doubled or of unknown origin` },
    {
      holds: wrongNow.length === 0,
      text: `${count(mailable.length)} mailable by e-mail and ${count(textable.length)} by SMS in Brevo, ${count(wrongNow.length)} of them against Klaviyo's consent`,
    },
    { holds: wrongEver.length === 0, text: `${count(wrongEver.length)} mailable against consent even for a moment on the way` },
    { holds: deaf.length === 0, text: `${count(deaf.length)} blocked in Brevo though Klaviyo may mail them` },
  ];
}

/** Requests that a vendor refused because they came too fast, and to which endpoints. */
export async function countThrottled(
  vendor: KlaviyoControl | BrevoControl,
): Promise<{ requests: number; throttled: number; endpoints: string[] }> {
  const stats = Object.entries(await vendor.stats());
  return {
    requests: stats.reduce((n, [, { requests }]) => n + requests, 0),
    throttled: stats.reduce((n, [, { throttled }]) => n + throttled, 0),
    endpoints: stats.filter(([, { throttled }]) => throttled > 0).map(([endpoint]) => endpoint),
  };
}

function klaviyoIdOf(contact: ContactRecord): string | undefined {
  const id: unknown = contact.attributes['EXT_ID'];
  return typeof id === 'string' ? id : undefined;
}

/** Klaviyo's own rule: subscribed, able to receive, and not suppressed. */
export function mayMail(profile: Profile | undefined): boolean {
  const marketing = profile?.subscriptions?.email?.marketing;
  return isSubscribed(marketing) && marketing.can_receive_email_marketing && marketing.suppression.length === 0;
}

export function mayText(profile: Profile | undefined): boolean {
  const marketing = profile?.subscriptions?.sms?.marketing;
  return isSubscribed(marketing) && marketing.can_receive_sms_marketing;
}

/** The sandbox also writes `subscribed`, which Klaviyo documents nowhere: it neither forbids nor has to count as consent. */
function isSubscribed<Marketing extends { consent: string }>(marketing: Marketing | undefined): marketing is Marketing {
  return marketing?.consent.toUpperCase() === 'SUBSCRIBED';
}
