import type { FieldNote } from './contact-row.js';
import type { NotedKeptRow } from './kept.js';

/** A catalog item or variant as Brevo shall have it; categories and parent come from other records and are added by the target. */
export interface ProductRow extends NotedKeptRow {
  readonly product: {
    /** The shop's own id. A variant may share it with an item, see the target. */
    readonly id: string;
    readonly name: string;
    readonly description?: string;
    readonly url?: string;
    readonly imageUrl?: string;
    readonly sku?: string;
    readonly price?: number;
    readonly stock?: number;
    /** Texts and whole numbers: Brevo takes nothing else. */
    readonly metaInfo: Readonly<Record<string, string | number>>;
    /** Brevo offers a deleted product in no e-mail; written each time, so that publishing again lifts it. */
    readonly isDeleted: boolean;
  };
  /** Of an item: Klaviyo's ids of its variants. */
  readonly variants?: readonly string[];
  /** Of a variant: Klaviyo's id of its item, where the answer says it. */
  readonly item?: string;
  readonly notes: readonly FieldNote[];
}
