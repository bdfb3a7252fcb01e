import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

/**
 * A number, also out of text as people and exports write it: `1,234.50`, `1.234,50`, `1 234,50`, `12,5`, `$19.99`.
 * `1.234` is a decimal, as in JSON. `1,234` is a thousand: a comma before exactly three digits almost always groups, and reading it as a
 * decimal would make the best customers the worst. Whole numbers beyond 2^53 are refused, because a float would change their last digits.
 */
export function toNumber(input: unknown): Outcome<number> {
  if (isEmpty(input)) return EMPTY;
  if (typeof input === 'number') return exact(input);
  if (typeof input !== 'string' || input.length > 60) return misfit('the value is not a number');
  const text = input
    .trim()
    .replace(/^\p{Sc}\s*|\s*\p{Sc}$/gu, '')
    .replace(/^\u2212/, '-');
  const decimal = decimalOf(text);
  return decimal === undefined ? misfit('the value is not a number') : exact(Number(decimal));
}

const GROUPED: readonly { readonly shape: RegExp; readonly group: RegExp }[] = [
  { shape: /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/, group: /,/g },
  { shape: /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$/, group: /\./g },
  // Spaces (plain, no-break, thin, narrow) and apostrophes group in French, Swiss and Nordic notation.
  { shape: /^[+-]?[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f'\u2019]\d{3})+(?:[.,]\d+)?$/, group: /[ \u00a0\u2009\u202f'\u2019]/g },
];

function decimalOf(text: string): string | undefined {
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(text)) return text;
  const grouped = GROUPED.find(({ shape }) => shape.test(text));
  if (grouped) return text.replace(grouped.group, '').replace(',', '.');
  if (/^[+-]?\d+,\d+$/.test(text)) return text.replace(',', '.');
  return undefined;
}

function exact(number: number): Outcome<number> {
  if (!Number.isFinite(number)) return misfit('the value is not a number');
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) return misfit('the number has too many digits to be kept exactly');
  // Minus zero and zero are one value; JSON writes both as 0.
  return value(number === 0 ? 0 : number);
}
