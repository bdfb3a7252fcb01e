import { isEmpty } from './outcome.js';
import { toNumber } from './number.js';
import { isIsoDate } from './timestamp.js';

/** The types of attributes this project creates. */
export type InferredType = 'text' | 'float' | 'date' | 'boolean';

/**
 * The narrowest type that every value fits, text where in doubt: Brevo cannot change a type later, and text loses nothing.
 * Text that holds digits counts as a number only beside real numbers: `"01234"` alone is a postcode, not 1234.
 */
export function inferType(values: readonly unknown[], booleanAttributes: 'text' | 'boolean'): InferredType {
  const present = values.filter((it) => !isEmpty(it));
  if (present.length === 0) return 'text';
  if (present.every((it) => typeof it === 'boolean')) return booleanAttributes;
  const numbers = present.some((it) => typeof it === 'number');
  if (numbers && present.every((it) => typeof it !== 'boolean' && toNumber(it).kind === 'value')) return 'float';
  if (present.every((it) => typeof it === 'string' && isIsoDate(it))) return 'date';
  return 'text';
}
