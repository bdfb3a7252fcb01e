import type { Contact, ContactStore } from './contact-store.js';
import { asEmail, asPhone, asText } from './identifiers.js';

/** In the order in which they decide when an event gives several (SDK 6.0.3 says so of `contact_id`; the rest follows contacts). */
export const identifierTypes = ['contact_id', 'email_id', 'ext_id', 'phone_id', 'whatsapp_id', 'landline_number_id'] as const;
export type IdentifierType = (typeof identifierTypes)[number];

export function contactNamedBy(store: ContactStore, type: IdentifierType, text: string): Contact | undefined {
  return finders[type](store, text);
}

const finders: Readonly<Record<IdentifierType, (store: ContactStore, text: string) => Contact | undefined>> = {
  contact_id: (store, text) => (/^\d{1,9}$/.test(text) ? store.byId(Number(text)) : undefined),
  email_id: (store, text) => store.holder('email', text),
  ext_id: (store, text) => store.holder('ext_id', text),
  phone_id: (store, text) => store.holder('SMS', asPhone(text)),
  whatsapp_id: (store, text) => store.holder('WHATSAPP', asPhone(text)),
  landline_number_id: (store, text) => store.holder('LANDLINE_NUMBER', asPhone(text)),
};

export type NamedIdentifiers = readonly (readonly [IdentifierType, string])[];

/** The identifiers of an event or an order, in deciding order; a text says what is wrong with one. */
export function identifiersOf(given: Readonly<Record<string, unknown>>): NamedIdentifiers | string {
  const found: [IdentifierType, string][] = [];
  for (const type of identifierTypes) {
    const value = given[type];
    if (value === undefined || value === null) continue;
    const text = identifierText(type, value);
    if (text === undefined) return `identifiers.${type} is not valid`;
    found.push([type, text]);
  }
  return found;
}

function identifierText(type: IdentifierType, value: unknown): string | undefined {
  if (type === 'contact_id') return typeof value === 'number' && Number.isInteger(value) && value > 0 ? String(value) : undefined;
  if (type === 'email_id') return asEmail(value);
  if (type === 'ext_id') return asText(value);
  return typeof value === 'string' ? asPhone(value) : undefined;
}
