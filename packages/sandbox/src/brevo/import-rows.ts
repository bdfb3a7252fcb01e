import Papa from 'papaparse';
import { isObject, type JsonObject } from '../http/exchange.js';
import { type BrevoAccount, contactFor } from './contacts.js';
import { asEmail } from './identifiers.js';
import { identifiersIn, isEmptyCell, type WriteRules, writeAttributes } from './write-attributes.js';

/** One row of an import: every column, the address among them. */
export type ImportRow = JsonObject;

/** The reports Brevo names in `info.import` of a process. */
export const reportNames = [
  'invalid_emails',
  'duplicate_contact_id',
  'duplicate_ext_id',
  'duplicate_email_id',
  'duplicate_phone_id',
  'duplicate_whatsapp_id',
  'duplicate_landline_number_id',
] as const;
export type ReportName = (typeof reportNames)[number];

/** What holds for every row of an import. */
export interface ImportTerms {
  readonly channel: 'json-import' | 'csv-import';
  readonly listIds: readonly number[];
  readonly updateExisting: boolean;
  readonly emptyErases: boolean;
  readonly emailBlacklist: boolean;
  readonly smsBlacklist: boolean;
  readonly extIdColumn: 'accepted' | 'ignored';
  readonly unblocks: boolean;
  readonly booleans: 'dropped' | 'written';
}

export function rowsOfJson(jsonBody: readonly unknown[]): ImportRow[] {
  return jsonBody.filter(isObject).map(({ email, attributes }) => {
    const columns = isObject(attributes) ? attributes : {};
    // Whatever else stands beside email and attributes is not part of the format and is lost.
    return email === undefined ? columns : { EMAIL: email, ...columns };
  });
}

/** `;`-separated, the header names the attributes. */
export function rowsOfCsv(fileBody: string): ImportRow[] {
  return Papa.parse<Record<string, string>>(fileBody, { header: true, delimiter: ';', skipEmptyLines: true }).data;
}

/** Applies one row. The answer is the report that lists the row, if it was refused; a refused row changes nothing. */
export function applyRow(
  account: BrevoAccount,
  row: ImportRow,
  terms: ImportTerms,
  seenEmails: Set<string>,
): ReportName | undefined {
  const { store, attributes } = account;
  const { found, email, refused } = identify(row, terms, seenEmails);
  if (refused) return refused;
  const identifiers = email === undefined ? found : { ...found, email };
  // A row with nothing to find a contact by is passed over without a word, as Brevo has no report for it.
  if (Object.keys(identifiers).length === 0) return undefined;
  const known = email === undefined ? contactFor(store, identifiers) : store.holder('email', email);
  const [clash] = store.taken(identifiers, known);
  if (clash) return reportOf[clash];

  const contact = known ?? store.create({ email: terms.emailBlacklist, sms: terms.smsBlacklist });
  for (const id of terms.listIds) contact.listIds.add(id);
  if (!known || terms.updateExisting) {
    store.identify(contact, identifiers);
    const rules: WriteRules = { channel: terms.channel, emptyErases: terms.emptyErases, booleans: terms.booleans };
    writeAttributes(contact, row, attributes, rules);
    contact.emailBlacklisted = blocked(contact.emailBlacklisted, terms.emailBlacklist, terms);
    contact.smsBlacklisted = blocked(contact.smsBlacklisted, terms.smsBlacklist, terms);
  }
  store.written(contact);
  return undefined;
}

const reportOf = {
  email: 'duplicate_email_id',
  ext_id: 'duplicate_ext_id',
  SMS: 'duplicate_phone_id',
  WHATSAPP: 'duplicate_whatsapp_id',
  LANDLINE_NUMBER: 'duplicate_landline_number_id',
} as const;

function identify(row: ImportRow, terms: ImportTerms, seenEmails: Set<string>) {
  const columns = terms.extIdColumn === 'ignored' ? { ...row, EXT_ID: undefined } : row;
  // A number that cannot be one is dropped like any mistyped value.
  const { found } = identifiersIn(columns);
  const given = row['EMAIL'];
  if (given === undefined || isEmptyCell(given)) return { found, email: undefined, refused: undefined };
  const email = asEmail(given);
  if (email === undefined) return { found, email, refused: 'invalid_emails' as const };
  const refused = seenEmails.has(email.toLowerCase()) ? ('duplicate_email_id' as const) : undefined;
  seenEmails.add(email.toLowerCase());
  return { found, email, refused };
}

/** A block is set by an import and, unless the sandbox is told otherwise, never lifted by one. */
function blocked(before: boolean, asked: boolean, { unblocks }: ImportTerms): boolean {
  return unblocks ? asked : before || asked;
}
