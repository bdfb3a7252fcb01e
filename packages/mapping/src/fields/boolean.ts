import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

const WORDS: Readonly<Record<string, boolean>> = { true: true, yes: true, '1': true, false: false, no: false, '0': false };

/** Brevo takes JSON booleans only and ignores `"true"` or `"yes"`, reporting success (sendinblue/APIv3-java-library#30). */
export function toBoolean(input: unknown): Outcome<boolean> {
  if (typeof input === 'boolean') return value(input);
  if (isEmpty(input)) return EMPTY;
  const word = typeof input === 'string' || typeof input === 'number' ? String(input).trim().toLowerCase() : '';
  const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  return known === undefined ? misfit('the value is neither yes nor no') : value(known);
}
