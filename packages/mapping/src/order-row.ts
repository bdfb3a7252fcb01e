import type { FieldNote } from './contact-row.js';

/** What an event says of an order. Several events may tell of one order; the latest of them says how it stands. */
export interface OrderRow {
  /** Klaviyo's event id. */
  readonly sourceId: string;
  /** The shop's id of the order. */
  readonly order: string;
  readonly status: OrderStatus;
  /** ISO 8601, UTC: when the order was placed, or changed. */
  readonly date: string;
  readonly amount: number;
  readonly lines: readonly OrderLine[];
  readonly coupons: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
  /** Klaviyo's profile id. */
  readonly profile: string;
  readonly email?: string;
  readonly phone?: string;
  /** What was left out, and why. Never contains a value. */
  readonly notes: readonly FieldNote[];
}

export type OrderStatus = 'completed' | 'fulfilled' | 'cancelled' | 'refunded';

export interface OrderLine {
  readonly productId: string;
  readonly price: number;
  readonly quantity: number;
  readonly variantId?: string;
}
