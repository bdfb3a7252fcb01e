import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

/** Browsers and mail programs go no further. */
const MAX_LENGTH = 2_000;

/** An http(s) address, percent-encoded as a request would carry it. `//cdn.example.com/a.png`, as shops write it, is https. */
export function toWebAddress(input: unknown): Outcome<string> {
  if (isEmpty(input)) return EMPTY;
  if (typeof input !== 'string') return misfit(NO_ADDRESS);
  const text = input.trim();
  const full = text.startsWith('//') ? `https:${text}` : text;
  if (!/^https?:\/\/[^/]/i.test(full) || !URL.canParse(full)) return misfit(NO_ADDRESS);
  const { href } = new URL(full);
  return href.length > MAX_LENGTH ? misfit(`the address is longer than ${MAX_LENGTH} characters`) : value(href);
}

const NO_ADDRESS = 'the value is not a web address';
