import type { AttributeValue } from './attribute-value.js';

/** Identifiers that only one contact may have, as Brevo names them in conflicts. */
export const identifierNames = ['email', 'ext_id', 'SMS', 'WHATSAPP', 'LANDLINE_NUMBER'] as const;
export type IdentifierName = (typeof identifierNames)[number];
export type Identifiers = { [Name in IdentifierName]?: string };

export interface Contact {
  readonly id: number;
  identifiers: Identifiers;
  emailBlacklisted: boolean;
  smsBlacklisted: boolean;
  readonly createdAt: number;
  modifiedAt: number;
  readonly listIds: Set<number>;
  attributes: Map<string, AttributeValue>;
  /** Bookkeeping for tests: how often it was written, and whether it could ever be mailed, if only for a moment. */
  writes: number;
  everMailable: { email: boolean; sms: boolean };
}

export class ContactStore {
  readonly #contacts = new Map<number, Contact>();
  readonly #holders = new Map<string, Contact>();
  #lastId = 0;
  /** Oldest first; rebuilt after a removal, as ids only ever grow. */
  #ordered: Contact[] = [];

  get size(): number {
    return this.#contacts.size;
  }

  byId(id: number): Contact | undefined {
    return this.#contacts.get(id);
  }

  holder(name: IdentifierName, value: string | undefined): Contact | undefined {
    return value === undefined ? undefined : this.#holders.get(keyOf(name, value));
  }

  /** Oldest first. */
  all(): readonly Contact[] {
    return this.#ordered;
  }

  create(blocked: { email: boolean; sms: boolean }): Contact {
    this.#lastId += 1;
    const now = Date.now();
    const contact: Contact = {
      id: this.#lastId,
      identifiers: {},
      emailBlacklisted: blocked.email,
      smsBlacklisted: blocked.sms,
      createdAt: now,
      modifiedAt: now,
      listIds: new Set(),
      attributes: new Map(),
      writes: 0,
      everMailable: { email: false, sms: false },
    };
    this.#contacts.set(contact.id, contact);
    this.#ordered.push(contact);
    return contact;
  }

  /** Identifiers of these that another contact holds. */
  taken(identifiers: Identifiers, by?: Contact): IdentifierName[] {
    return identifierNames.filter((name) => {
      const holder = this.holder(name, identifiers[name]);
      return holder !== undefined && holder !== by;
    });
  }

  /** Gives a contact identifiers that nobody else holds. */
  identify(contact: Contact, identifiers: Identifiers): void {
    for (const name of identifierNames) {
      const value = identifiers[name];
      if (value === undefined) continue;
      const before = contact.identifiers[name];
      if (before !== undefined) this.#holders.delete(keyOf(name, before));
      this.#holders.set(keyOf(name, value), contact);
      contact.identifiers = { ...contact.identifiers, [name]: value };
    }
  }

  /** Closes every write: the books of what happened to the contact. */
  written(contact: Contact): void {
    contact.writes += 1;
    contact.modifiedAt = Date.now();
    contact.everMailable.email ||= isMailable(contact);
    contact.everMailable.sms ||= contact.identifiers.SMS !== undefined && !contact.smsBlacklisted;
  }

  remove(contact: Contact): void {
    this.#contacts.delete(contact.id);
    this.#ordered = this.#ordered.filter((other) => other !== contact);
    for (const name of identifierNames) {
      const value = contact.identifiers[name];
      if (value !== undefined) this.#holders.delete(keyOf(name, value));
    }
  }
}

export function isMailable(contact: Contact): boolean {
  return contact.identifiers.email !== undefined && !contact.emailBlacklisted;
}

/** A contact as GET /contacts writes it. */
export function contactView(contact: Contact) {
  const { email, ext_id: extId, ...rest } = contact.identifiers;
  return {
    id: contact.id,
    ...(email === undefined ? {} : { email }),
    emailBlacklisted: contact.emailBlacklisted,
    smsBlacklisted: contact.smsBlacklisted,
    whatsappBlacklisted: false,
    createdAt: new Date(contact.createdAt).toISOString(),
    modifiedAt: new Date(contact.modifiedAt).toISOString(),
    listIds: [...contact.listIds],
    attributes: { ...Object.fromEntries(contact.attributes), ...rest, ...(extId === undefined ? {} : { EXT_ID: extId }) },
  };
}

/** Addresses are one whatever their case. */
function keyOf(name: IdentifierName, value: string): string {
  return `${name}:${name === 'email' ? value.toLowerCase() : value}`;
}
