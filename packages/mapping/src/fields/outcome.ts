/** What became of one value on its way to Brevo. Reasons are read by marketers and never contain the value. */
export type Outcome<T> =
  | { readonly kind: 'value'; readonly value: T; readonly note?: string }
  /** Klaviyo has nothing there: nothing is written and nothing needs saying. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'misfit'; readonly reason: string };

export const EMPTY = { kind: 'empty' } as const;

export function value<T>(it: T, note?: string): Outcome<T> {
  return note === undefined ? { kind: 'value', value: it } : { kind: 'value', value: it, note };
}

export function misfit(reason: string): { readonly kind: 'misfit'; readonly reason: string } {
  return { kind: 'misfit', reason };
}

/** Null, missing, blank text, `[]` and `{}` all mean that Klaviyo has no value. */
export function isEmpty(it: unknown): boolean {
  if (it === null || it === undefined) return true;
  if (typeof it === 'string') return it.trim() === '';
  if (Array.isArray(it)) return it.length === 0;
  return typeof it === 'object' && Object.keys(it).length === 0;
}
