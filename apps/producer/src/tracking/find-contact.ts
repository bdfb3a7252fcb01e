import type { BrevoClient } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import type { CallOptions, KlaviyoClient, Profile } from '@tajo/klaviyo';
import { toEmail, toPhone } from '@tajo/mapping';

/** Whom an event is about, as the caller names them: one at least. */
export interface NamedProfile {
  readonly id?: string | undefined;
  readonly email?: string | undefined;
  readonly phone_number?: string | undefined;
  readonly external_id?: string | undefined;
}

/**
 * Brevo's id of the contact, `undefined` where there is none. Contacts carry Klaviyo's profile id, so what the caller gave is tried first
 * and then what Klaviyo knows of the profile; without its private key (`klaviyo` absent) only the former.
 */
export async function findContact(
  named: NamedProfile,
  { brevo, klaviyo, options }: { brevo: BrevoClient; klaviyo: KlaviyoClient | undefined; options: CallOptions },
): Promise<number | undefined> {
  const given = await contactOf(brevo, named);
  if (given !== undefined || !klaviyo) return given;
  if (named.id === undefined && named.external_id === undefined) return undefined;
  const profile = await profileOf(klaviyo, named, options);
  if (!profile) return undefined;
  const { email, phone_number } = profile.attributes;
  return contactOf(brevo, {
    ...(named.id === undefined && { id: profile.id }),
    ...(email && email !== named.email && { email }),
    ...(phone_number && phone_number !== named.phone_number && { phone_number }),
  });
}

async function contactOf(brevo: BrevoClient, { id, email, phone_number }: NamedProfile): Promise<number | undefined> {
  const address = toEmail(email);
  const phone = toPhone(phone_number);
  const contact =
    (id === undefined ? undefined : await found(brevo.contact(id, 'ext_id'))) ??
    (address.kind === 'value' ? await found(brevo.contact(address.value, 'email_id')) : undefined) ??
    (phone.kind === 'value' ? await found(brevo.contact(phone.value, 'phone_id')) : undefined);
  return contact?.id;
}

/** An identifier that Brevo does not even take for one is nobody's. */
async function found<T>(answer: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 400) return undefined;
    throw error;
  }
}

async function profileOf(
  klaviyo: KlaviyoClient,
  { id, external_id }: NamedProfile,
  options: CallOptions,
): Promise<Pick<Profile, 'id' | 'attributes'> | undefined> {
  if (id !== undefined) return klaviyo.profile(id, options);
  if (external_id === undefined) return undefined;
  return klaviyo.profileBy({ external_id }, options);
}
