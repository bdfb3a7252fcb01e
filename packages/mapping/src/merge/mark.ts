import { createHmac } from 'node:crypto';
import type { AttributeValue } from '../convert.js';
import { stableJson } from '../fields/text.js';
import type { Agreed, Base, Mark } from './types.js';

/** Short, since there is one for every attribute of every contact: 72 bits, far beyond chance for two values of one attribute. */
const LENGTH = 12;

/** Marks by a key of the account. The key must not change, or every value looks changed once. */
export function createMark(key: string | Uint8Array): Mark {
  return (text) => createHmac('sha256', key).update(text).digest('base64url').slice(0, LENGTH);
}

/** The mark of a value in Brevo's form; '' for none. The attribute is part of it, so equal values of two attributes are not seen to be equal. */
export function markOf(mark: Mark, attribute: string, value: AttributeValue | undefined): string {
  if (value === undefined) return '';
  // Options have no order.
  return mark(`${attribute}=${stableJson(Array.isArray(value) ? value.toSorted() : value)}`);
}

/** What one side had when both last agreed; undefined when this was never compared. */
export function agreedOn(
  base: Pick<Base, 'attributes'> | undefined,
  attribute: string,
  side: 'klaviyo' | 'brevo',
): string | undefined {
  const agreed: Agreed | undefined = base && Object.hasOwn(base.attributes, attribute) ? base.attributes[attribute] : undefined;
  return typeof agreed === 'object' ? agreed[side] : agreed;
}

/**
 * For the way there: whether Klaviyo's value (in Brevo's form, undefined for none) differs from what was last agreed on. What was never compared
 * counts as changed.
 */
export function changedInKlaviyo(
  base: Pick<Base, 'attributes'> | undefined,
  attribute: string,
  value: AttributeValue | undefined,
  mark: Mark,
): boolean {
  return agreedOn(base, attribute, 'klaviyo') !== markOf(mark, attribute, value);
}
