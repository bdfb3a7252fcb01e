import { AccountStopped, BadInput, RequestRefused } from '@tajo/errors';
import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api, ApiOptions } from './api.js';
import { type Budget, budgeted } from './budget.js';
import { featureInactiveCode } from './from-response.js';

/** Products and categories, by the shop's own ids. Writes update what is there, so every one of them may be done twice. */
export interface EcommerceMethods {
  /**
   * Whether the e-commerce app is on. It is off in a new account, and then everything here but `activateEcommerce` throws: as a rule
   * `AccountStopped` with the code `brevo_feature_inactive` (403).
   */
  isEcommerceActive(options?: CallOptions): Promise<boolean>;
  /** Asks for it; Brevo takes about five minutes (developers.brevo.com/reference/activate-the-ecommerce-app). */
  activateEcommerce(options?: CallOptions): Promise<void>;
  /** POST /products/batch: 1 to 100 with different ids, all of them or, when one is refused, none. */
  upsertProducts(products: readonly BrevoProduct[], options?: CallOptions): Promise<BatchCounts>;
  /** POST /products: its own budget, 7,200 an hour on every plan, where the batch may share the 100 an hour of everything else. */
  upsertProduct(product: BrevoProduct, options?: CallOptions): Promise<void>;
  /** POST /categories/batch: as `upsertProducts`. */
  upsertCategories(categories: readonly BrevoCategory[], options?: CallOptions): Promise<BatchCounts>;
  /** Variants and deleted ones included; `limit` at most 1,000. */
  productsPage(page: CatalogPage, options?: CallOptions): Promise<{ products: StoredRecord[]; count: number }>;
  /** `limit` at most 100. */
  categoriesPage(page: CatalogPage, options?: CallOptions): Promise<{ categories: StoredRecord[]; count: number }>;
}

export interface BrevoProduct {
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly url?: string | undefined;
  /** Brevo fetches it, up to 5 MB. */
  readonly imageUrl?: string | undefined;
  readonly sku?: string | undefined;
  readonly price?: number | undefined;
  readonly stock?: number | undefined;
  /** Ids of categories. */
  readonly categories?: readonly string[] | undefined;
  /** Of a variant: the product it is one of. */
  readonly parentId?: string | undefined;
  /** At most 20 values of text or whole numbers and 20,000 characters of JSON. */
  readonly metaInfo?: Readonly<Record<string, string | number>> | undefined;
  /** Brevo deletes no product, it flags it: a deleted one is offered in no e-mail. */
  readonly isDeleted?: boolean | undefined;
}

export interface BrevoCategory {
  readonly id: string;
  readonly name: string;
  readonly isDeleted?: boolean | undefined;
}

export interface BatchCounts {
  readonly createdCount: number;
  readonly updatedCount: number;
}

export interface CatalogPage {
  readonly limit: number;
  readonly offset: number;
}

const storedRecord = z.looseObject({
  // Numbers in the reference's examples.
  id: z.union([z.string(), z.number()]).transform(String),
  name: z.string().nullish(),
  isDeleted: z.boolean().nullish(),
});
export type StoredRecord = z.infer<typeof storedRecord>;

/** Of one batch (developers.brevo.com/reference/create-products-in-batch). */
export const MOST_IN_A_CATALOG_BATCH = 100;

const counts = z
  .looseObject({ createdCount: z.number().nullish(), updatedCount: z.number().nullish() })
  .transform(({ createdCount, updatedCount }) => ({ createdCount: createdCount ?? 0, updatedCount: updatedCount ?? 0 }));

export function ecommerceMethods(api: Api, options: ApiOptions): EcommerceMethods {
  /** What the page of limits leaves open; the first answer tells. */
  let productsBudget: Budget = 'other';

  return {
    async isEcommerceActive(callOptions) {
      try {
        await api({ method: 'GET', path: '/categories', query: { limit: 1, offset: 0 }, answer: z.unknown(), ...callOptions });
        return true;
      } catch (error) {
        if (error instanceof AccountStopped && error.code === featureInactiveCode) return false;
        // Nothing is wrong with asking for one category: this is how else Brevo says that the app is off.
        if (error instanceof RequestRefused && (error.status === 400 || error.status === 404)) return false;
        throw error;
      }
    },

    async activateEcommerce(callOptions) {
      await api({ method: 'POST', path: '/ecommerce/activate', answer: z.unknown(), ...callOptions });
    },

    async upsertProducts(products, callOptions) {
      checkBatch(products, 'products');
      const path = '/products/batch';
      const call = budgeted(options, { listed: '/products', path, method: 'POST', budget: productsBudget });
      const { lanes, countedIn } = call;
      const body = { products, updateEnabled: true };
      const answer = await api({ method: 'POST', path, body, answer: counts, lanes, countedIn, ...callOptions });
      productsBudget = call.seen() ?? productsBudget;
      return answer;
    },

    async upsertProduct(product, callOptions) {
      const body = { ...product, updateEnabled: true };
      await api({ method: 'POST', path: '/products', body, answer: z.unknown(), ...callOptions });
    },

    upsertCategories(categories, callOptions) {
      checkBatch(categories, 'categories');
      const body = { categories, updateEnabled: true };
      return api({ method: 'POST', path: '/categories/batch', body, answer: counts, ...callOptions });
    },

    async productsPage({ limit, offset }, callOptions) {
      const path = '/products';
      const { lanes, countedIn } = budgeted(options, { listed: path, path, method: 'GET', budget: 'other' });
      const answer = z.looseObject({ products: z.array(storedRecord).nullish(), count: z.number().nullish() });
      const query = { limit, offset, sort: 'asc' };
      const page = await api({ method: 'GET', path, query, answer, lanes, countedIn, ...callOptions });
      const products = page.products ?? [];
      return { products, count: page.count ?? offset + products.length };
    },

    async categoriesPage({ limit, offset }, callOptions) {
      const answer = z.looseObject({ categories: z.array(storedRecord).nullish(), count: z.number().nullish() });
      const query = { limit, offset, sort: 'asc' };
      const page = await api({ method: 'GET', path: '/categories', query, answer, ...callOptions });
      const categories = page.categories ?? [];
      return { categories, count: page.count ?? offset + categories.length };
    },
  };
}

function checkBatch(records: readonly { readonly id: string }[], field: string): void {
  const different = new Set(records.map(({ id }) => id)).size;
  if (records.length >= 1 && records.length <= MOST_IN_A_CATALOG_BATCH && different === records.length) return;
  const message = `Brevo takes 1 to ${MOST_IN_A_CATALOG_BATCH} ${field} with different ids at once, not ${records.length} with ${different}; send them in parts.`;
  throw new BadInput('brevo_catalog_batch', message, { field });
}
