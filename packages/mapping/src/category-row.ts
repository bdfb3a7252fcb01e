import type { FieldNote } from './contact-row.js';
import type { NotedKeptRow } from './kept.js';

/** A catalog category as Brevo shall have it. */
export interface CategoryRow extends NotedKeptRow {
  /** By the shop's own id. */
  readonly category: { readonly id: string; readonly name: string };
  readonly notes: readonly FieldNote[];
}
