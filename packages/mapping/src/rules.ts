import type { CountryCode } from 'libphonenumber-js';
import type { BrevoType } from './convert.js';
import { toNumber } from './fields/number.js';
import { isEmpty } from './fields/outcome.js';
import type { ProfileItem } from './profile-item.js';

/** What mapping a profile depends on beside the profile. Plain data, so that it can be kept with the run. */
export interface ProfileRules {
  /** Klaviyo attribute, location field or custom property (dotted paths reach into properties) -> Brevo attribute. */
  readonly mapping: Readonly<Record<string, string>>;
  /** The list roles in use. `all_contacts` and `subscribers` are built in, any other needs an entry in `listRules`. */
  readonly listRoles: readonly string[];
  readonly listRules: Readonly<Record<string, ListRule>>;
  /** The attributes that exist in Brevo by the time rows are written, upper-case. Values for others are left out with a note. */
  readonly attributeTypes: Readonly<Record<string, BrevoType>>;
  readonly unmappedProperties: 'ignore' | 'create';
  /** Custom property -> Brevo attribute, for unmapped properties, from `nameProperties`. */
  readonly propertyNames?: Readonly<Record<string, string>>;
  /** The type booleans are created as. Brevo's imports are reported to lose booleans (sendinblue/APIv3-python-library#95), hence `text` by default. */
  readonly booleanAttributes: 'text' | 'boolean';
  /** The country of phone numbers without a country code. Else the profile's own country decides. */
  readonly phoneRegion?: CountryCode;
  /** Where the Klaviyo id goes: Brevo's EXT_ID, or the text attribute KLAVIYO_ID. */
  readonly identity: Identity;
}

export type Identity = 'ext_id' | 'attribute';

/** Every condition given must hold. A profile without the property is not on the list. */
export interface ListRule {
  /** By its left name, like the names of the mapping. */
  readonly property: string;
  readonly gte?: number;
  readonly gt?: number;
  readonly lte?: number;
  readonly lt?: number;
  readonly equals?: string | number | boolean;
}

export interface Found {
  readonly value: unknown;
  readonly from: 'attribute' | 'location' | 'property';
}

/**
 * A profile's value by its left name: attributes first, then the location, then custom properties. Where an earlier place is empty a later one may answer, since
 * accounts often keep `title` or `phone_number` as a custom property beside Klaviyo's own empty field. In properties the exact name goes before the path.
 */
export function findValue({ attributes }: ProfileItem, name: string): Found | undefined {
  const { location, properties } = attributes;
  if (!CONTAINERS.has(name)) {
    const own = ownValue(attributes, name);
    if (!isEmpty(own)) return { value: own, from: 'attribute' };
  }
  const place = ownValue(location, name.startsWith('location.') ? name.slice('location.'.length) : name);
  if (!isEmpty(place)) return { value: place, from: 'location' };
  const path = name.startsWith('properties.') ? name.slice('properties.'.length) : name;
  const property = ownValue(properties, name) ?? ownValue(properties, path) ?? valueAtPath(properties, path);
  return isEmpty(property) ? undefined : { value: property, from: 'property' };
}

/** Whether a profile meets a list rule. Numbers are compared as numbers, also when Klaviyo has them as text. */
export function meetsRule(item: ProfileItem, rule: ListRule): boolean {
  const found = findValue(item, rule.property);
  if (!found) return false;
  if (rule.equals !== undefined && !isEqual(found.value, rule.equals)) return false;
  const { gte, gt, lte, lt } = rule;
  if (gte === undefined && gt === undefined && lte === undefined && lt === undefined) return rule.equals !== undefined;
  const number = toNumber(found.value);
  if (number.kind !== 'value') return false;
  const it = number.value;
  return !(
    (gte !== undefined && it < gte) ||
    (gt !== undefined && it <= gt) ||
    (lte !== undefined && it > lte) ||
    (lt !== undefined && it >= lt)
  );
}

/** Parts of the profile that hold other fields; none of them is a value. */
const CONTAINERS: ReadonlySet<string> = new Set(['location', 'properties', 'subscriptions', 'predictive_analytics']);

function isEqual(actual: unknown, wanted: string | number | boolean): boolean {
  if (typeof wanted === 'number') {
    const number = toNumber(actual);
    return number.kind === 'value' && number.value === wanted;
  }
  if (typeof actual !== 'string' && typeof actual !== 'number' && typeof actual !== 'boolean') return false;
  return String(actual).trim().toLowerCase() === String(wanted).trim().toLowerCase();
}

function valueAtPath(start: unknown, path: string): unknown {
  if (!path.includes('.')) return undefined;
  let at = start;
  for (const key of path.split('.')) at = ownValue(at, key);
  return at;
}

/** Own keys of plain objects only: `constructor` is no custom property, and the `length` of a list is no value of it. */
function ownValue(it: unknown, key: string): unknown {
  if (typeof it !== 'object' || it === null || Array.isArray(it) || !Object.hasOwn(it, key)) return undefined;
  // Any object may be read by name; what is found is `unknown` again.
  return (it as Record<string, unknown>)[key];
}
