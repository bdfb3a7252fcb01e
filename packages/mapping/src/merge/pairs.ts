import { PHONE_ATTRIBUTES, RESERVED } from '../plan-attributes.js';
import type { MergeOwner, MergeRules } from './types.js';

/** One attribute of Brevo and the name of it in Klaviyo. */
export interface Pair {
  readonly attribute: string;
  readonly name: string;
  readonly owner: MergeOwner;
  /** Whether a value may be written there. */
  readonly toKlaviyo: boolean;
  readonly toBrevo: boolean;
}

/** Klaviyo fills these itself. */
const READ_ONLY: ReadonlySet<string> = new Set([
  'id',
  'created',
  'updated',
  'last_event_date',
  'joined_group_at',
  'subscriptions',
]);

/** Every attribute that is compared, EMAIL and SMS first. */
export function pairsOf(rules: MergeRules): Pair[] {
  const there = thereOf(rules);
  const back = backOf(rules, there);
  return [...new Set([...there.keys(), ...back.keys()])].map((attribute) => {
    const name = back.get(attribute) ?? there.get(attribute) ?? '';
    const toKlaviyo = back.has(attribute) && isWritable(name);
    // A name that comes back elsewhere than it came from must not be compared with what it came from.
    const toBrevo = there.get(attribute) === name && rules.direction === 'both';
    return { attribute, name, owner: ownerOf(rules, name, toKlaviyo), toKlaviyo, toBrevo };
  });
}

/** Whose value stands, by the name on the left of the mapping. */
export function ownerOf({ owner }: Pick<MergeRules, 'owner'>, name: string, isCarriedBack = true): MergeOwner {
  if (!isCarriedBack) return 'klaviyo';
  return (Object.hasOwn(owner.byName, name) ? owner.byName[name] : undefined) ?? owner.default;
}

function thereOf({ profile }: MergeRules): Map<string, string> {
  const { mapping, unmappedProperties, propertyNames = {} } = profile;
  const found = new Map<string, string>();
  const add = (name: string, attribute: string) => {
    if (!found.has(attribute) && !RESERVED.has(attribute)) found.set(attribute, name);
  };
  const mapped = Object.entries(mapping).map(([name, attribute]): [string, string] => [name, attribute.toUpperCase()]);
  // As on the way there: without a mapping the address and the number are Klaviyo's own, unless the number goes elsewhere.
  add(mapped.find(([, attribute]) => attribute === 'EMAIL')?.[0] ?? 'email', 'EMAIL');
  const phone = mapped.find(([, attribute]) => attribute === 'SMS')?.[0];
  if (phone !== undefined || !Object.hasOwn(mapping, 'phone_number')) add(phone ?? 'phone_number', 'SMS');
  for (const [name, attribute] of mapped) add(name, attribute);
  if (unmappedProperties === 'create')
    for (const [name, attribute] of Object.entries(propertyNames)) if (!Object.hasOwn(mapping, name)) add(name, attribute);
  return found;
}

function backOf({ reverseMapping }: MergeRules, there: ReadonlyMap<string, string>): Map<string, string> {
  if (reverseMapping) {
    const named = Object.entries(reverseMapping)
      .map(([attribute, name]): [string, string] => [attribute.toUpperCase(), name])
      .filter(([attribute]) => !RESERVED.has(attribute));
    return new Map([...[...there].filter(([attribute]) => attribute === 'EMAIL' || attribute === 'SMS'), ...named]);
  }
  const names = new Map<string, number>();
  for (const name of there.values()) names.set(name, (names.get(name) ?? 0) + 1);
  return new Map([...there].filter(([, name]) => names.get(name) === 1));
}

function isWritable(name: string): boolean {
  return !READ_ONLY.has(name) && !name.startsWith('predictive_analytics') && !name.startsWith('subscriptions.');
}

export function isPhone(attribute: string): boolean {
  return attribute === 'SMS' || PHONE_ATTRIBUTES.has(attribute);
}
