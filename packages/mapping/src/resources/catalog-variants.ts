import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { relatedId } from '../kept.js';
import { productAttributes, productOf } from '../product.js';
import type { ProductRow } from '../product-row.js';
import { defineResource, row } from '../resource.js';

export const catalogVariants = defineResource({
  name: 'catalog-variants',
  title: 'Catalog variants',
  record: 'catalog variant',
  sync: 'catalogs',
  after: ['catalog-items'],
  read: {
    // Not …/catalog-items/{id}/variants: a request for every item, where this one gives a hundred variants a page.
    path: '/api/catalog-variants',
    scopes: ['catalogs:read'],
    extra: { sort: 'created' },
    byIds: { field: 'ids', max: 50 },
  },
  item: jsonApi('catalog-variant', {
    ...productAttributes,
    sku: z.string().nullish(),
    inventory_quantity: z.unknown(),
    inventory_policy: z.number().nullish(),
  }),
  map: (variant, _rules: unknown) => {
    const { sku, inventory_quantity: stock, inventory_policy: policy } = variant.attributes;
    const item = relatedId(variant['relationships'], 'item');
    return row<ProductRow>({
      ...productOf(variant.id, variant.attributes, { sku, stock, inventoryPolicy: policy ?? null }),
      ...(item === null ? {} : { item }),
    });
  },
  write: {
    via: 'variants',
    groupBy: () => 'variants',
    settles: 'now',
    becomes: 'products with the `parentId` of their item; `-variant` is added to the id of one that an item has too',
    batch: 'POST /products/batch, up to 100; one by one where Brevo refuses a batch',
    repeat: 'updates by id; what our link says is unchanged is not sent',
  },
  keeps: true,
  notCarried: [
    'a filter by time does not exist: every run reads all variants and writes what differs',
    'variants whose item is not in Brevo: refused, and found again when the item appears',
    'what is said of items holds for images and `custom_metadata` too',
  ],
});
