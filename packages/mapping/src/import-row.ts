import type { ContactRow } from './contact-row.js';
import type { AttributeValue } from './convert.js';
import type { Identity } from './rules.js';

/** An element of `jsonBody` of POST /contacts/import (developers.brevo.com/reference/import-contacts). */
export interface ImportRow {
  readonly email?: string;
  /** Phone and external id have no place beside `email`: an import takes them as the attributes SMS and EXT_ID. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** The text attribute that holds the Klaviyo id where EXT_ID does not take. */
export const ID_ATTRIBUTE = 'KLAVIYO_ID';

export function toImportRow({ sourceId, email, phone, attributes }: ContactRow, identity: Identity): ImportRow {
  return {
    ...(email !== undefined && { email }),
    attributes: {
      ...attributes,
      ...(phone !== undefined && { SMS: phone }),
      [identity === 'ext_id' ? 'EXT_ID' : ID_ATTRIBUTE]: sourceId,
    },
  };
}

/** Blocklist flags and lists hold for a whole import, so only rows that agree in them may share one. E.g. `email:open sms:blocked lists:all_contacts,subscribers`. */
export function consentGroup({ emailBlocked, smsBlocked, lists }: ContactRow): string {
  return `email:${stateOf(emailBlocked)} sms:${stateOf(smsBlocked)} lists:${[...lists].sort().join(',')}`;
}

/** Bytes this row adds to an import's body. Exact for JSON as `JSON.stringify` writes it, the comma included. */
export function approxBytes(row: ContactRow, identity: Identity): number {
  return Buffer.byteLength(JSON.stringify(toImportRow(row, identity))) + 1;
}

function stateOf(isBlocked: boolean): string {
  return isBlocked ? 'blocked' : 'open';
}
