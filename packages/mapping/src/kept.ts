import type { FieldNote } from './contact-row.js';
import { cleanText, cutText } from './fields/text.js';
import type { KeptRow } from './resource.js';

/** A kept record with what was left out of it, and why. */
export interface NotedKeptRow extends KeptRow {
  readonly notes?: readonly FieldNote[];
}

/** Names are shown in lists and tables; Klaviyo leaves some of them empty. */
export function nameOr(name: string | null | undefined, otherwise: string): string {
  const clean = cutText(cleanText(name ?? ''), 255);
  return clean === '' ? otherwise : clean;
}

/** Id of the one record a relationship names; null where Klaviyo does not say. */
export function relatedId(relationships: unknown, name: string): string | null {
  return textIn(keyOf(keyOf(relationships, name), 'data'), 'id');
}

/** A text of an object that nobody has checked; null when it is not there. */
export function textIn(it: unknown, key: string): string | null {
  const found = keyOf(it, key);
  return typeof found === 'string' && found !== '' ? found : null;
}

/** What stands under a key of an object that nobody has checked. */
export function keyOf(it: unknown, key: string): unknown {
  // Any object may be asked for a key of its own; what is found is `unknown` again.
  return typeof it === 'object' && it !== null && Object.hasOwn(it, key) ? (it as Record<string, unknown>)[key] : undefined;
}
