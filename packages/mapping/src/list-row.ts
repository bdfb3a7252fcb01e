import type { FieldNote } from './contact-row.js';
import { cleanText, cutText } from './fields/text.js';
import type { KeptRow } from './resource.js';

/** A Klaviyo list or segment as a Brevo list. */
export interface ListRow extends KeptRow {
  /** What it shall be called in Brevo if no other list there has the name: one line, at most `MAX_LIST_NAME` code points. */
  readonly name: string;
  readonly notes: readonly FieldNote[];
}

/** Brevo publishes no limit; other names there end at 255. */
export const MAX_LIST_NAME = 255;

/** A name of one line. Runs of spaces become one, as whoever shows the name makes of them anyway. */
export function listName(name: string | null | undefined, otherwise: string): string {
  const clean = cleanText(name ?? '').replaceAll(/\s+/g, ' ');
  return clean === '' ? otherwise : cutText(clean, MAX_LIST_NAME);
}
