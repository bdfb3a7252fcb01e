// The full metadata: the default one judges by length alone and takes `12-527` for a number of Germany.
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

/**
 * The number in E.164 (`+14155550132`), which Klaviyo requires and Brevo's SMS attribute takes. A number without its country code is read as
 * one of `region`; without a region it is refused, since guessing could hand one person's number to another.
 */
export function toPhone(input: unknown, region?: CountryCode): Outcome<string> {
  if (isEmpty(input)) return EMPTY;
  if (typeof input !== 'string' && typeof input !== 'number') return misfit('the phone number is not text');
  const text = String(input).trim();
  const number = parse(text, region) ?? (text.startsWith('00') ? parse(`+${text.slice(2)}`) : undefined);
  if (number) return value(number);
  return text.startsWith('+') || text.startsWith('00') || region
    ? misfit('the phone number is not valid in its country')
    : misfit('the phone number has no country code, and neither the settings nor the profile name a country');
}

function parse(text: string, region?: CountryCode): string | undefined {
  // extract: false, or the library would pick a number out of a sentence.
  const number = parsePhoneNumberFromString(text, region ? { defaultCountry: region, extract: false } : { extract: false });
  return number?.isValid() ? number.number : undefined;
}
