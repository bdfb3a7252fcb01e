import { CONSENT_ATTRIBUTES } from './consent.js';
import type { ContactRow } from './contact-row.js';
import { type AttributeValue, convert } from './convert.js';
import { STAND_IN_DOMAIN } from './fields/email.js';
import { markOf } from './merge/mark.js';
import type { Mark } from './merge/types.js';
import { PHONE_ATTRIBUTES } from './plan-attributes.js';
import type { ProfileRules } from './rules.js';

/** A contact in the form in which both sides are compared: names, and marks (keyed hashes) in place of values. */
export interface ContactPrint {
  /** Marks; '' for none. */
  readonly email: string;
  readonly phone: string;
  /** By Brevo attribute; those without a value are not there. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What of a contact as Brevo reads it back is compared. */
export interface ReadContact {
  readonly email?: string | null | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The attributes that a sync fills: those of the mapping, those of unmapped properties, and the facts of consent. */
export function comparedAttributes({ mapping, unmappedProperties, propertyNames = {} }: ProfileRules): ReadonlySet<string> {
  const named = Object.values(mapping).map((attribute) => attribute.toUpperCase());
  const further = unmappedProperties === 'create' ? Object.values(propertyNames) : [];
  const all = new Set([...named, ...further, ...Object.keys(CONSENT_ATTRIBUTES)]);
  for (const identifier of ['EMAIL', 'SMS']) all.delete(identifier);
  return all;
}

/** As a profile shall be in Brevo. */
export function printOfRow({ email, phone, attributes }: ContactRow, rules: ProfileRules, mark: Mark): ContactPrint {
  return printOf({ email, phone, attributes }, rules, mark);
}

/** As Brevo has it. The address Brevo makes up for contacts without one counts as none. */
export function printOfContact({ email, attributes }: ReadContact, rules: ProfileRules, mark: Mark): ContactPrint {
  const isStandIn = email?.toLowerCase().endsWith(`@${STAND_IN_DOMAIN}`) ?? true;
  return printOf({ email: isStandIn ? undefined : email, phone: attributes['SMS'], attributes }, rules, mark);
}

/** The mark an address is found by, whichever side it is read from. */
export function markOfEmail(email: string, mark: Mark): string {
  return markOf(mark, 'EMAIL', email.trim().toLowerCase());
}

interface Sides {
  readonly email: string | null | undefined;
  readonly phone: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function printOf({ email, phone, attributes }: Sides, rules: ProfileRules, mark: Mark): ContactPrint {
  const fields: Record<string, string> = {};
  for (const attribute of comparedAttributes(rules)) {
    const value = Object.hasOwn(attributes, attribute) ? normalised(attribute, attributes[attribute], rules) : undefined;
    if (value !== undefined) fields[attribute] = markOf(mark, attribute, value);
  }
  return { email: email ? markOfEmail(email, mark) : '', phone: markOf(mark, 'SMS', digitsOf(phone)), fields };
}

/** In the type of the attribute, so that 1 and "1", and two ways of writing a day, are no difference. */
function normalised(attribute: string, input: unknown, rules: ProfileRules): AttributeValue | undefined {
  if (PHONE_ATTRIBUTES.has(attribute)) return digitsOf(input);
  const consent: Readonly<Record<string, 'text' | 'date'>> = CONSENT_ATTRIBUTES;
  const type = Object.hasOwn(rules.attributeTypes, attribute) ? rules.attributeTypes[attribute] : consent[attribute];
  const outcome = convert(input, type ?? 'text');
  return outcome.kind === 'value' ? outcome.value : undefined;
}

/** Brevo reads numbers back without the plus. */
function digitsOf(input: unknown): string | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  const digits = String(input).replaceAll(/\D/g, '').replace(/^00/, '');
  return digits === '' ? undefined : digits;
}
