import { toBoolean } from './fields/boolean.js';
import { toNumber } from './fields/number.js';
import { EMPTY, isEmpty, misfit, type Outcome, value } from './fields/outcome.js';
import { cleanText, cutText, toText } from './fields/text.js';
import { toDay } from './fields/timestamp.js';

/** Attribute types as Brevo lists them (GET /contacts/attributes); an attribute of the category `category` has the type `category` here. */
export type BrevoType = 'text' | 'float' | 'date' | 'boolean' | 'category' | 'multiple-choice' | 'id' | 'user' | 'calculated';

export type AttributeValue = string | number | boolean | string[];

/**
 * The value in the type of its attribute. What does not fit is a misfit with its reason, since Brevo would drop it and still report
 * success (developers.brevo.com/reference/create-contact).
 */
export function convert(input: unknown, type: BrevoType): Outcome<AttributeValue> {
  switch (type) {
    case 'text':
      return toText(input);
    case 'float':
      return toNumber(input);
    case 'date':
      return toDay(input);
    case 'boolean':
      return toBoolean(input);
    case 'category':
      return Array.isArray(input) || (typeof input === 'object' && input !== null)
        ? misfit('the attribute takes one option, the value is a list or an object')
        : toText(input);
    case 'multiple-choice':
      return toOptions(input);
    default:
      return misfit('Brevo fills attributes of this type itself');
  }
}

/** Brevo's own bound for an option (developers.brevo.com/reference/create-attribute). */
const MAX_OPTION_LENGTH = 200;

function toOptions(input: unknown): Outcome<string[]> {
  if (isEmpty(input)) return EMPTY;
  const entries: unknown[] = Array.isArray(input) ? input : [input];
  const options = new Set<string>();
  let isCut = false;
  for (const entry of entries) {
    if (typeof entry === 'object' && entry !== null)
      return misfit('the attribute takes a list of options, the value holds objects');
    if (isEmpty(entry)) continue;
    const clean = cleanText(String(entry));
    const option = cutText(clean, MAX_OPTION_LENGTH);
    isCut ||= option !== clean;
    if (option !== '') options.add(option);
  }
  if (options.size === 0) return EMPTY;
  return value([...options], isCut ? `an option is longer than ${MAX_OPTION_LENGTH} characters and was cut` : undefined);
}
