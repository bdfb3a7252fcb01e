import { CONSENT_ATTRIBUTES } from './consent.js';
import { attributeNames } from './fields/attribute-name.js';
import { inferType, type InferredType } from './fields/infer-type.js';
import { ID_ATTRIBUTE } from './import-row.js';
import type { ProfileItem } from './profile-item.js';
import { findValue, type ProfileRules } from './rules.js';

/** Attributes Brevo has of itself; they identify the contact and are written apart from the mapping. */
export const IDENTIFIERS = ['EMAIL', 'SMS', 'EXT_ID'] as const;
/** Identifiers too, but ordinary targets of a mapping; Brevo has them of itself and expects phone numbers. */
export const PHONE_ATTRIBUTES: ReadonlySet<string> = new Set(['WHATSAPP', 'LANDLINE_NUMBER']);
/** Names no mapping may fill. */
export const RESERVED: ReadonlySet<string> = new Set([...Object.keys(CONSENT_ATTRIBUTES), ID_ATTRIBUTE, 'EXT_ID']);

/** A sample can mislead about fields whose meaning is known. */
const KNOWN_TYPES: Readonly<Record<string, InferredType>> = {
  lifetime_value: 'float',
  total_orders: 'float',
  last_order_date: 'date',
  preferred_channel: 'text',
  created: 'date',
  updated: 'date',
  last_event_date: 'date',
  latitude: 'float',
  longitude: 'float',
  'location.latitude': 'float',
  'location.longitude': 'float',
  email: 'text',
  phone_number: 'text',
  external_id: 'text',
  first_name: 'text',
  last_name: 'text',
  organization: 'text',
  title: 'text',
  locale: 'text',
  image: 'text',
  address1: 'text',
  address2: 'text',
  city: 'text',
  region: 'text',
  country: 'text',
  zip: 'text',
  timezone: 'text',
  ip: 'text',
};

/**
 * The attributes Brevo must have before rows are written, with the type to create each with: mapped fields, unmapped properties by their
 * `propertyNames`, consent and, where it is an attribute, the Klaviyo id. An attribute that Brevo has already keeps its type there.
 */
export function inferTypes(sample: readonly ProfileItem[], rules: ProfileRules): Record<string, InferredType> {
  const types: Record<string, InferredType> = {};
  for (const [property, attribute] of Object.entries(rules.propertyNames ?? {})) {
    if (rules.unmappedProperties === 'create')
      types[attribute] = inferType(propertyValues(sample, property), rules.booleanAttributes);
  }
  const mapped = Object.entries(rules.mapping).map(([name, attribute]): [string, string] => [name, attribute.toUpperCase()]);
  // Backwards, so that of two fields with one target the first decides, as it does when a profile is mapped.
  for (const [name, attribute] of mapped.toReversed()) {
    if (attribute === 'EMAIL' || attribute === 'SMS' || RESERVED.has(attribute) || PHONE_ATTRIBUTES.has(attribute)) continue;
    types[attribute] =
      knownType(name) ??
      inferType(
        sample.map((item) => findValue(item, name)?.value),
        rules.booleanAttributes,
      );
  }
  return { ...types, ...CONSENT_ATTRIBUTES, ...(rules.identity === 'attribute' && { [ID_ATTRIBUTE]: 'text' as const }) };
}

/**
 * Brevo names for the custom properties that the mapping does not name; empty unless `unmapped_properties: create`. Hand the result of the
 * last plan in as `rules.propertyNames`: names once given stay, whatever the sample holds.
 */
export function nameProperties(sample: readonly ProfileItem[], rules: ProfileRules): Record<string, string> {
  if (rules.unmappedProperties === 'ignore') return {};
  const properties = new Set<string>();
  for (const item of sample) {
    for (const property of Object.keys(item.attributes.properties ?? {})) {
      if (!Object.hasOwn(rules.mapping, property)) properties.add(property);
    }
  }
  const taken = [
    ...Object.values(rules.mapping).map((name) => name.toUpperCase()),
    ...IDENTIFIERS,
    ...PHONE_ATTRIBUTES,
    ...RESERVED,
  ];
  return attributeNames(properties, { taken, known: rules.propertyNames ?? {} });
}

function knownType(name: string): InferredType | undefined {
  return Object.hasOwn(KNOWN_TYPES, name) ? KNOWN_TYPES[name] : undefined;
}

function propertyValues(sample: readonly ProfileItem[], property: string): unknown[] {
  return sample.map(({ attributes: { properties } }) =>
    properties && Object.hasOwn(properties, property) ? properties[property] : undefined,
  );
}
