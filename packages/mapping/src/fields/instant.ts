/** An instant written in full, as ISO 8601 in UTC; undefined for anything else. Klaviyo at times writes a space where the T belongs. */
export function toInstant(input: unknown): string | undefined {
  if (typeof input !== 'string' || !FULL.test(input)) return undefined;
  return fromMs(Date.parse(input.replace(' ', 'T')));
}

export function fromUnixSeconds(input: unknown): string | undefined {
  return typeof input === 'number' && Number.isInteger(input) && input > 0 ? fromMs(input * 1_000) : undefined;
}

const FULL = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
/** 9999-12-31: beyond it the year is written with a sign, which no vendor reads. */
const LATEST_MS = 253_402_300_799_000;

function fromMs(ms: number): string | undefined {
  return ms >= 0 && ms <= LATEST_MS ? new Date(ms).toISOString() : undefined;
}
