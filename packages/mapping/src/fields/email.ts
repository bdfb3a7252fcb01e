import { domainToASCII } from 'node:url';
import { EMPTY, isEmpty, misfit, type Outcome, value } from './outcome.js';

/**
 * The address as Brevo compares it: trimmed, the whole of it lower-cased, an international domain in its ASCII form.
 * RFC 5321 would let `Ann@x.com` and `ann@x.com` be two mailboxes, but Brevo (like every large mail host) holds them for one
 * contact, so keeping the case would only hide a clash until Brevo reports it.
 *
 * Refused is what no receiving API takes: no dot-atom before the `@` (RFC 5322, quoted forms are not deliverable in practice), more
 * than 64 or 254 characters (RFC 5321 4.5.3.1), a domain that is not a host name with a letter top-level domain.
 */
export function toEmail(input: unknown): Outcome<string> {
  if (isEmpty(input)) return EMPTY;
  if (typeof input !== 'string') return misfit('the e-mail address is not text');
  const text = input.trim();
  // Before any pattern runs: no work on megabytes of pasted text.
  if (text.length > 254) return misfit('the e-mail address is longer than 254 characters');
  const at = text.lastIndexOf('@');
  if (at < 1 || at === text.length - 1) return misfit('the e-mail address has no name or no domain around the @');
  const local = text.slice(0, at).toLowerCase();
  if (local.length > 64 || !DOT_ATOM.test(local)) return misfit('the part of the e-mail address before the @ is not valid');
  const written = text.slice(at + 1);
  const domain = NON_ASCII.test(written) ? domainToASCII(written) : written.toLowerCase();
  if (!HOST_NAME.test(domain) || domain.length > 253) return misfit('the domain of the e-mail address is not valid');
  if (domain === STAND_IN_DOMAIN) return EMPTY;
  const address = `${local}@${domain}`;
  // The ASCII form of an international domain is longer than what was written.
  return address.length > 254 ? misfit('the e-mail address is longer than 254 characters') : value(address);
}

/** Brevo gives contacts that only have a phone an address `<digits>@mailin-sms.com`; nobody reads it. */
export const STAND_IN_DOMAIN = 'mailin-sms.com';

const DOT_ATOM = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const NON_ASCII = /\P{ASCII}/u;
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])$/;
