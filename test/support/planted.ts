/** Values that exist nowhere else, so that finding one proves where it came from. */
export type Planted = Readonly<Record<string, string>>;

/**
 * The names of the planted values that a text holds, in whatever form: an address percent-encoded, a number with spaces. Give what
 * only the value has: of an e-mail address the part before the @, of a number its digits, of a key what follows its kind.
 */
export function plantedIn(text: string, planted: Planted): string[] {
  const plain = text.toLowerCase();
  // Also what was encoded as bytes, e.g. credentials of HTTP Basic.
  const decoded = (text.match(/[A-Za-z0-9+/_-]{16,}={0,2}/g) ?? []).map((part) => Buffer.from(part, 'base64').toString('latin1'));
  const digits = text.replaceAll(/(?<=\d)[ ().-]{1,2}(?=\d)/g, '');
  const bytes = decoded.join('\n').toLowerCase();
  return Object.keys(planted).filter((name) => {
    const value = (planted[name] ?? '').toLowerCase();
    return plain.includes(value) || bytes.includes(value) || digits.includes(value);
  });
}
