import type { OpenAccount } from '@tajo/accounts';
import type { Contact } from '@tajo/brevo';
import type { CallOptions } from '@tajo/http';
import type { FoundProfile } from '@tajo/klaviyo';
import type { Erasure, Person } from '@tajo/store';
import { z } from 'zod';

/** What the request named and what was found of the person, as it stands sealed in the erasure. */
export const sealedPerson = z.object({
  emails: z.array(z.string()),
  phones: z.array(z.string()),
  klaviyoIds: z.array(z.string()),
  brevoIds: z.array(z.number()),
});
export type SealedPerson = z.infer<typeof sealedPerson>;

type By = Erasure['by'];

/** Everything that both vendors know the person by. */
export async function identify(account: OpenAccount, by: By, named: SealedPerson, options: CallOptions): Promise<SealedPerson> {
  const profiles = await profilesNow(account, by, named, options);
  let person = withProfiles(named, profiles);
  const contacts = await contactsNow(account, by, person);
  person = withContacts(person, contacts);
  // Klaviyo has nobody of that name, and the contact says whom it came from.
  const [source] = person.klaviyoIds.length === 0 ? contacts.flatMap(({ attributes }) => textOf(attributes['EXT_ID'])) : [];
  if (source === undefined) return person;
  const profile = await account.klaviyo.profile(source, options);
  return withProfiles({ ...person, klaviyoIds: [source] }, profile ? [profile] : []);
}

/** Profiles that Klaviyo has of the person at this moment. */
export async function profilesNow(
  { klaviyo }: OpenAccount,
  by: By,
  person: SealedPerson,
  options: CallOptions,
): Promise<FoundProfile[]> {
  const found = new Map<string, FoundProfile>();
  for (const id of person.klaviyoIds) {
    const profile = await klaviyo.profile(id, options);
    if (profile) found.set(profile.id, profile);
  }
  for (const email of person.emails) for (const one of await klaviyo.profilesOf({ email }, options)) found.set(one.id, one);
  if (by === 'phone') {
    for (const phone of person.phones)
      for (const one of await klaviyo.profilesOf({ phone_number: `+${phone}` }, options)) found.set(one.id, one);
  }
  return [...found.values()];
}

/** Contacts that Brevo has of the person at this moment. */
export async function contactsNow({ brevo }: OpenAccount, by: By, person: SealedPerson): Promise<Contact[]> {
  const found = new Map<number, Contact>();
  const keep = (contact: Contact | undefined) => contact && found.set(contact.id, contact);
  for (const id of person.brevoIds) keep(await brevo.contact(id, 'contact_id'));
  for (const email of person.emails) keep(await brevo.contact(email, 'email_id'));
  for (const id of person.klaviyoIds) keep(await brevo.contact(id, 'ext_id'));
  for (const phone of person.phones) {
    const contact = await brevo.contact(phone, 'phone_id');
    if (contact && (by === 'phone' || isTheirs(contact, person))) keep(contact);
  }
  return [...found.values()];
}

/** A number may be shared by a family: a contact with an address or an id of its own is somebody else. */
function isTheirs({ email, attributes }: Contact, { emails, klaviyoIds }: SealedPerson): boolean {
  const [extId] = textOf(attributes['EXT_ID']);
  if (extId !== undefined && klaviyoIds.length > 0) return klaviyoIds.includes(extId);
  return !email || emails.includes(email.toLowerCase());
}

function withProfiles(person: SealedPerson, profiles: readonly FoundProfile[]): SealedPerson {
  return normal({
    ...person,
    klaviyoIds: [...person.klaviyoIds, ...profiles.map(({ id }) => id)],
    emails: [...person.emails, ...profiles.flatMap(({ attributes }) => textOf(attributes.email))],
    phones: [...person.phones, ...profiles.flatMap(({ attributes }) => textOf(attributes.phone_number))],
  });
}

function withContacts(person: SealedPerson, contacts: readonly Contact[]): SealedPerson {
  return normal({
    ...person,
    brevoIds: [...person.brevoIds, ...contacts.map(({ id }) => id)],
    emails: [...person.emails, ...contacts.flatMap(({ email }) => textOf(email))],
    phones: [...person.phones, ...contacts.flatMap(({ attributes }) => textOf(attributes['SMS']))],
  });
}

function normal({ emails, phones, klaviyoIds, brevoIds }: SealedPerson): SealedPerson & Person {
  return {
    emails: once(emails.map((email) => email.trim().toLowerCase())),
    phones: once(phones.map((phone) => phone.replaceAll(/\D/g, '')).filter((phone) => phone !== '')),
    klaviyoIds: once(klaviyoIds),
    brevoIds: once(brevoIds),
  };
}

function once<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}
