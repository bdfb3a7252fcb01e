import { type Channel, storedValue } from './attribute-value.js';
import type { Attributes } from './attributes.js';
import type { Contact, Identifiers } from './contact-store.js';
import { asPhone, asText } from './identifiers.js';

/** Kept as identifiers, not as attributes. */
const phoneColumns = ['SMS', 'WHATSAPP', 'LANDLINE_NUMBER'] as const;
const identifierColumns: readonly string[] = [...phoneColumns, 'EMAIL', 'EXT_ID'];

export function isEmptyCell(value: unknown): boolean {
  return value === '' || value === null;
}

/** Phones and EXT_ID given among the attributes; `badPhones` are those that cannot be one. */
export function identifiersIn(attributes: Readonly<Record<string, unknown>>): { found: Identifiers; badPhones: string[] } {
  const found: Identifiers = {};
  const badPhones: string[] = [];
  for (const column of phoneColumns) {
    const value = attributes[column];
    if (value === undefined || isEmptyCell(value)) continue;
    const phone = asPhone(value);
    if (phone === undefined) badPhones.push(column);
    else found[column] = phone;
  }
  const extId = asText(attributes['EXT_ID']);
  return { found: extId === undefined ? found : { ...found, ext_id: extId }, badPhones };
}

export interface WriteRules {
  readonly channel: Channel;
  /** What an empty cell does to a stored value. */
  readonly emptyErases: boolean;
  readonly booleans: 'dropped' | 'written';
}

/** Unknown names and values of the wrong type vanish without a word: Brevo reports success (brevo reference, traps 1 and 2). */
export function writeAttributes(
  contact: Contact,
  given: Readonly<Record<string, unknown>>,
  known: Attributes,
  rules: WriteRules,
): void {
  for (const [name, value] of Object.entries(given)) {
    const attribute = known.find(name);
    if (!attribute || identifierColumns.includes(name)) continue;
    if (isEmptyCell(value)) {
      if (rules.emptyErases) contact.attributes.delete(name);
      continue;
    }
    if (attribute.type === 'boolean' && rules.booleans === 'dropped') continue;
    const stored = storedValue(attribute, value, rules.channel);
    if (stored !== undefined) contact.attributes.set(name, stored);
  }
}
