import type { Identifiers } from '@tajo/accounts';
import { ID_ATTRIBUTE } from '@tajo/mapping';

/** Who a record is about: itself where it is a profile or a contact of Brevo's, whom it names as its profile, and what came along of them. */
export function personIn(item: unknown): Identifiers {
  if (isContact(item)) return ofContact(item);
  const profiles = [item, at(at(item, 'included'), 'profile'), at(at(at(item, 'relationships'), 'profile'), 'data')].filter(
    (record) => at(record, 'type') === 'profile',
  );
  const attributes = profiles.map((profile) => at(profile, 'attributes'));
  return {
    klaviyoIds: texts(profiles.map((profile) => at(profile, 'id'))),
    emails: texts(attributes.map((own) => at(own, 'email'))),
    phones: texts(attributes.map((own) => at(own, 'phone_number'))),
  };
}

/** Klaviyo's records bear a type, Brevo's a number. */
function isContact(item: unknown): boolean {
  return typeof at(item, 'id') === 'number' && at(item, 'type') === undefined;
}

function ofContact(contact: unknown): Identifiers {
  const attributes = at(contact, 'attributes');
  return {
    klaviyoIds: texts([at(attributes, 'EXT_ID'), at(attributes, ID_ATTRIBUTE)]),
    emails: texts([at(contact, 'email')]),
    phones: texts([at(attributes, 'SMS')]),
  };
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/**
 * Whether anything in a row names the person, whatever target the row is for: an address anywhere in a text, an id as a whole or behind the
 * list it is a member of, a number by its digits.
 */
export function namesPerson({ emails, phones, klaviyoIds }: Identifiers): (row: unknown) => boolean {
  const addresses = emails.map((email) => email.toLowerCase());
  const numbers = new Set(phones.map((phone) => phone.replaceAll(/\D/g, '')));
  const names = (text: string): boolean => {
    const lower = text.toLowerCase();
    if (addresses.some((email) => lower.includes(email))) return true;
    if (klaviyoIds.some((id) => text === id || text.endsWith(`|${id}`))) return true;
    return /^\+?\d[\d ().-]{5,24}$/.test(text) && numbers.has(text.replaceAll(/\D/g, ''));
  };
  return function inside(value: unknown): boolean {
    if (typeof value === 'string') return names(value);
    if (Array.isArray(value)) return value.some(inside);
    return typeof value === 'object' && value !== null && Object.values(value).some(inside);
  };
}
