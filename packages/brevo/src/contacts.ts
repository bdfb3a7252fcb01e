import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

export interface ContactMethods {
  contact(identifier: string | number, identifierType: IdentifierType): Promise<Contact | undefined>;
  /** Creates or updates by e-mail, ext_id or SMS. `id` comes back for a new contact only. */
  upsertContact(contact: ContactUpsert, options?: CallOptions): Promise<{ id?: number }>;
  /** Only what is given changes. */
  updateContact(identifier: string | number, identifierType: IdentifierType, changes: ContactChanges): Promise<void>;
  /** For good, with all its data. A contact that is not there counts as deleted. */
  deleteContact(identifier: string | number, identifierType: IdentifierType): Promise<void>;
  /** One page of all contacts, in order of creation. `count` is the number of all that match. */
  contactsPage(page: ContactsPageRequest): Promise<{ contacts: Contact[]; count: number }>;
}

/** Always sent: without it Brevo reads a numeric ext_id as its own id. */
export type IdentifierType = 'email_id' | 'phone_id' | 'contact_id' | 'ext_id' | 'whatsapp_id' | 'landline_number_id';

/** Names are uppercase and must exist; Brevo drops unknown or mistyped ones and reports success. */
export type ContactAttributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface ContactUpsert {
  readonly email?: string | undefined;
  readonly extId?: string | undefined;
  readonly attributes?: ContactAttributes | undefined;
  readonly emailBlacklisted?: boolean | undefined;
  readonly smsBlacklisted?: boolean | undefined;
  /** Added to the lists the contact is on. */
  readonly listIds?: readonly number[] | undefined;
}

/** A new address must come with the e-mail blocklist flag: Brevo clears the flag when the address changes. */
export type ContactChanges = Omit<ContactUpsert, 'email' | 'emailBlacklisted'> & {
  readonly unlinkListIds?: readonly number[] | undefined;
} & (
    | { readonly email?: undefined; readonly emailBlacklisted?: boolean | undefined }
    | { readonly email: string; readonly emailBlacklisted: boolean }
  );

export interface ContactsPageRequest extends CallOptions {
  /** 1 to 1000. */
  readonly limit: number;
  readonly offset: number;
  /** Inclusive. There is no order by modification: begin the next sweep at the start of this one. */
  readonly modifiedSince?: Date | undefined;
  readonly sort?: 'asc' | 'desc' | undefined;
}

export const contactBody = z.looseObject({
  id: z.number(),
  email: z.string().nullish(),
  emailBlacklisted: z.boolean(),
  smsBlacklisted: z.boolean(),
  createdAt: z.string().nullish(),
  modifiedAt: z.string().nullish(),
  listIds: z.array(z.number()).nullish(),
  /** With SMS and, where set, EXT_ID. */
  attributes: z.record(z.string(), z.unknown()),
});

/** A contact as Brevo reads it back. */
export type Contact = z.infer<typeof contactBody>;

const contactPath = '/contacts/{identifier}';

export function contactMethods(api: Api): ContactMethods {
  return {
    contact(identifier, identifierType) {
      return absentAsUndefined(
        api({ method: 'GET', path: contactPath, params: { identifier }, query: { identifierType }, answer: contactBody }),
      );
    },
    async upsertContact(contact, options) {
      const body = { ...bodyOf(contact), email: contact.email, updateEnabled: true };
      // 204 without a body: it was there already.
      const answer = z.looseObject({ id: z.number().optional() }).optional();
      const id = (await api({ method: 'POST', path: '/contacts', body, answer, ...options }))?.id;
      return id === undefined ? {} : { id };
    },
    async updateContact(identifier, identifierType, changes) {
      const attributes = changes.email === undefined ? changes.attributes : { ...changes.attributes, EMAIL: changes.email };
      const body = { ...bodyOf({ ...changes, attributes }), unlinkListIds: changes.unlinkListIds };
      await api({
        method: 'PUT',
        path: contactPath,
        params: { identifier },
        query: { identifierType },
        body,
        answer: z.unknown(),
      });
    },
    async deleteContact(identifier, identifierType) {
      const query = { identifierType };
      await absentAsUndefined(api({ method: 'DELETE', path: contactPath, params: { identifier }, query, answer: z.unknown() }));
    },
    contactsPage({ limit, offset, modifiedSince, sort, ...options }) {
      const query = { limit, offset, sort, modifiedSince: modifiedSince?.toISOString() };
      const answer = z.looseObject({ contacts: z.array(contactBody), count: z.number() });
      return api({ method: 'GET', path: '/contacts', query, answer, ...options });
    },
  };
}

function bodyOf({ extId, attributes, emailBlacklisted, smsBlacklisted, listIds }: ContactUpsert): Record<string, unknown> {
  return { ext_id: extId, attributes, emailBlacklisted, smsBlacklisted, listIds };
}
