import { BadInput } from '@tajo/errors';
import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api, ApiOptions } from './api.js';
import { budgeted } from './budget.js';

export interface OrderMethods {
  /**
   * POST /orders/status/batch, 1 to 1,000 orders and about 5 MB, always as history, so that no automation starts. Written later, and no
   * endpoint tells how it went; by id, so that a repeat converges.
   */
  sendOrders(orders: readonly BrevoOrder[], options?: CallOptions): Promise<void>;
  /** GET /orders, 1 to 100 a page. `count` is the number of all that match. */
  orders(page: OrdersPageRequest): Promise<{ orders: FoundOrder[]; count: number }>;
}

export interface BrevoOrder {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Free text; Brevo itself knows `completed` and `refunded` among others. */
  readonly status: string;
  readonly amount: number;
  readonly products: readonly BrevoOrderLine[];
  readonly identifiers: { readonly email_id?: string; readonly ext_id?: string; readonly phone_id?: string };
  readonly coupons?: readonly string[] | undefined;
  readonly metaInfo?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export interface BrevoOrderLine {
  readonly productId: string;
  readonly price: number;
  /** Whole; what is not whole goes into `quantityFloat`. */
  readonly quantity?: number | undefined;
  readonly quantityFloat?: number | undefined;
  readonly variantId?: string | undefined;
}

export interface OrdersPageRequest extends CallOptions {
  readonly limit: number;
  readonly offset: number;
  readonly modifiedSince?: Date | undefined;
}

const found = z.looseObject({ id: z.string(), status: z.string().nullish(), amount: z.number().nullish() });
export type FoundOrder = z.infer<typeof found>;

/** developers.brevo.com/docs/import-your-orders. */
export const MOST_ORDERS_AT_ONCE = 1_000;
export const MOST_ORDERS_BYTES = 5_000_000;

export function orderMethods(api: Api, options: ApiOptions): OrderMethods {
  return {
    async sendOrders(orders, callOptions) {
      if (orders.length < 1 || orders.length > MOST_ORDERS_AT_ONCE) {
        const message = `Brevo takes 1 to ${MOST_ORDERS_AT_ONCE} orders at once, not ${orders.length}; send them in parts.`;
        throw new BadInput('brevo_orders_at_once', message, { field: 'orders' });
      }
      const path = '/orders/status/batch';
      const { lanes, countedIn } = budgeted(options, { listed: '/orders/status', path, method: 'POST', budget: 'other' });
      // The id of the batch (`batchId`, in the SDK `batch_id`) leads nowhere: there is no endpoint to ask.
      const body = { orders, historical: true };
      await api({ method: 'POST', path, body, answer: z.unknown(), lanes, countedIn, ...callOptions });
    },

    async orders({ limit, offset, modifiedSince, ...callOptions }) {
      const query = { limit, offset, modifiedSince: modifiedSince?.toISOString() };
      const answer = z.looseObject({ orders: z.array(found).nullish(), count: z.number().nullish() });
      const page = await api({ method: 'GET', path: '/orders', query, answer, ...callOptions });
      const orders = page.orders ?? [];
      return { orders, count: page.count ?? orders.length };
    },
  };
}
