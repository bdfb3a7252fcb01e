import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

/** Code points kept of a text value. Brevo publishes no limit; longer text in a contact attribute is a document, not an attribute. */
export const MAX_TEXT_LENGTH = 1000;

/** Deeper values are data dumps. The bound also keeps a hostile record from exhausting the stack. */
const MAX_DEPTH = 20;

/** Text as Brevo can store it. Arrays and objects become JSON, since Brevo has no such types. */
export function toText(input: unknown): Outcome<string> {
  if (isEmpty(input)) return EMPTY;
  if (depthOf(input, MAX_DEPTH) > MAX_DEPTH) return misfit('the value is nested too deeply');
  const clean = cleanText(typeof input === 'string' ? input : stableJson(input));
  if (clean === '') return EMPTY;
  const cut = cutText(clean, MAX_TEXT_LENGTH);
  return cut === clean ? value(clean) : value(cut, `the text is longer than ${MAX_TEXT_LENGTH} characters and was cut`);
}

/** Without control characters (line breaks and tabs stay) and without halves of characters, which are no Unicode text. */
export function cleanText(text: string): string {
  return text
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .trim();
}

/** The first `max` code points; never half of a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  let count = 0;
  for (const character of text) {
    if (count === max) break;
    end += character.length;
    count += 1;
  }
  return text.slice(0, end);
}

/** JSON with sorted keys: the same value must give the same text, or unchanged contacts would look changed. `input` comes from JSON and is not deep. */
export function stableJson(input: unknown): string {
  return JSON.stringify(sorted(input));
}

function sorted(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(sorted);
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(
    Object.entries(input)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function depthOf(input: unknown, budget: number): number {
  if (typeof input !== 'object' || input === null) return 0;
  if (budget <= 0) return 1;
  let deepest = 0;
  for (const inner of Object.values(input)) deepest = Math.max(deepest, depthOf(inner, budget - 1));
  return deepest + 1;
}
