import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/**
 * Which items are in which category. Klaviyo tells it from the side of one category or of one item only, and categories are the fewer by
 * far: read once for each of them and kept, so that items (after it) carry theirs.
 */
export const catalogCategoryItems = defineResource({
  name: 'catalog-category-items',
  title: 'Items in categories',
  record: 'category entry',
  sync: 'catalogs',
  after: ['catalog-categories'],
  read: {
    path: '/api/catalog-categories/{id}/items',
    scopes: ['catalogs:read'],
    forEach: { resource: 'catalog-categories' },
    extra: { sort: 'created', 'fields[catalog-item]': 'external_id' },
  },
  item: jsonApi('catalog-item', { external_id: z.string().nullish() }).extend({ parent: z.string().min(1).max(255) }),
  // The item goes first in the id: what is looked up is the categories of an item.
  map: ({ id, parent }, _rules: unknown) => row<KeptRow>({ sourceId: `${id}|${parent}`, kept: { item: id, category: parent } }),
  write: {
    via: 'archive',
    groupBy: () => 'archive',
    settles: 'now',
    becomes: 'kept; reaches Brevo as the `categories` of a product',
    batch: 'no call to Brevo',
    repeat: 'kept by item and category; the same again is unchanged',
  },
  keeps: true,
  archive: 'Brevo has no such record of its own: a product names its categories.',
});
