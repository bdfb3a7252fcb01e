import type { CountryCode } from 'libphonenumber-js';
import type { FieldNote } from './contact-row.js';
import { type AttributeValue, convert } from './convert.js';
import { isEmpty, misfit, type Outcome } from './fields/outcome.js';
import { toPhone } from './fields/phone.js';
import { PHONE_ATTRIBUTES, RESERVED } from './plan-attributes.js';
import type { ProfileItem } from './profile-item.js';
import { findValue, type ProfileRules } from './rules.js';

/** A profile's values by Brevo attribute, and a note for each value that did not make it. Without e-mail and SMS. */
export function readAttributes(item: ProfileItem, rules: ProfileRules, region: CountryCode | undefined) {
  const attributes: Record<string, AttributeValue> = {};
  const notes: FieldNote[] = [];
  for (const { field, attribute, input } of wantedValues(item, rules)) {
    const outcome =
      attribute !== undefined && Object.hasOwn(attributes, attribute)
        ? misfit(`another field already fills ${attribute}`)
        : toAttribute({ input, attribute, rules, region });
    if (outcome.kind === 'misfit') notes.push({ field, reason: `left out: ${outcome.reason}` });
    if (outcome.kind !== 'value' || attribute === undefined) continue;
    attributes[attribute] = outcome.value;
    if (outcome.note !== undefined) notes.push({ field, reason: outcome.note });
  }
  return { attributes, notes };
}

interface Wanted {
  readonly field: string;
  /** Undefined for a property that was not seen when the attributes were planned. */
  readonly attribute: string | undefined;
  readonly input: unknown;
}

/** What the mapping names, in its order, then the properties it does not name. */
function wantedValues(item: ProfileItem, { mapping, unmappedProperties, propertyNames = {} }: ProfileRules): Wanted[] {
  const mapped = Object.entries(mapping)
    .map(([field, attribute]) => ({ field, attribute: attribute.toUpperCase(), input: findValue(item, field)?.value }))
    .filter(({ attribute, input }) => attribute !== 'EMAIL' && attribute !== 'SMS' && !isEmpty(input));
  if (unmappedProperties === 'ignore') return mapped;
  const further = Object.entries(item.attributes.properties ?? {})
    .filter(([field, input]) => !Object.hasOwn(mapping, field) && !isEmpty(input))
    .map(([field, input]) => ({
      field,
      attribute: Object.hasOwn(propertyNames, field) ? propertyNames[field] : undefined,
      input,
    }));
  return [...mapped, ...further];
}

interface ToAttribute {
  readonly input: unknown;
  readonly attribute: string | undefined;
  readonly rules: ProfileRules;
  readonly region: CountryCode | undefined;
}

function toAttribute({ input, attribute, rules, region }: ToAttribute): Outcome<AttributeValue> {
  if (attribute === undefined)
    return misfit('the property was first seen after the attributes were created, the next run carries it');
  if (RESERVED.has(attribute)) return misfit(`${attribute} is reserved for what the sync itself writes`);
  if (PHONE_ATTRIBUTES.has(attribute)) return toPhone(input, region);
  const type = Object.hasOwn(rules.attributeTypes, attribute) ? rules.attributeTypes[attribute] : undefined;
  return type === undefined ? misfit(`Brevo has no attribute ${attribute}`) : convert(input, type);
}
