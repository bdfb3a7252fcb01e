const maxLength = 500;

/** A vendor's words without what they may quote back at us: e-mail addresses, phone numbers and keys. At most 500 characters. */
export function redact(text: string): string {
  // Cut first to bound the work, with room so that no address is cut in two where it would no longer be recognised.
  const redacted = text
    .slice(0, 4 * maxLength)
    .replaceAll(/\b(?:pk_|xkeysib-)[\w-]+/g, '<key>')
    .replaceAll(/[^\s"'<>(),;:]+(?:@|%40)[^\s"'<>(),;:]+/gi, '<e-mail>')
    .replaceAll(/\+?\d(?:[\s().-]{0,2}\d){6,}/g, (digits) => (isDate(digits) ? digits : '<number>'));
  return redacted.length > maxLength ? `${redacted.slice(0, maxLength)}…` : redacted;
}

function isDate(digits: string): boolean {
  return /^(?:19|20)\d\d-[01]\d-[0-3]\d$/.test(digits);
}
