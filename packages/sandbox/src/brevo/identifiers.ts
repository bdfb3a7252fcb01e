/** What Brevo takes for an address: ASCII, a dot in the domain, no doubled dots; kept in lower case. `undefined` for anything else. */
export function asEmail(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 254) return undefined;
  const text = value.trim().toLowerCase();
  const shape =
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$/;
  return shape.test(text) ? text : undefined;
}

/** Digits with country code, from `91…`, `+91…` or `0091…` (POST /contacts); a national number with its leading 0 is none. */
export function asPhone(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  return /^(?:\+|00)?([1-9]\d{7,14})$/.exec(text.trim())?.[1];
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
