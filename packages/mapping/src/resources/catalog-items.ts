import { jsonApi } from '../json-api.js';
import { productAttributes, productOf, variantIds } from '../product.js';
import type { ProductRow } from '../product-row.js';
import { defineResource, row } from '../resource.js';

export const catalogItems = defineResource({
  name: 'catalog-items',
  title: 'Catalog items',
  record: 'catalog item',
  sync: 'catalogs',
  after: ['catalog-category-items'],
  read: {
    path: '/api/catalog-items',
    scopes: ['catalogs:read'],
    // The variants come along for their ids alone: a variant does not say whose it is (…/reference/get_catalog_variants).
    extra: { sort: 'created', include: 'variants', 'fields[catalog-variant]': 'external_id' },
    byIds: { field: 'ids', max: 50 },
  },
  item: jsonApi('catalog-item', productAttributes),
  map: (item, _rules: unknown) =>
    row<ProductRow>({ ...productOf(item.id, item.attributes), variants: variantIds(item['relationships']) }),
  write: {
    via: 'products',
    groupBy: () => 'products',
    settles: 'now',
    becomes:
      'products by the shop’s own id, in their categories; unpublished and deleted ones flagged as deleted, so that no e-mail offers them',
    batch: 'POST /products/batch, up to 100; one by one where Brevo refuses a batch',
    repeat: 'updates by id; what our link says is unchanged is not sent',
  },
  keeps: true,
  notCarried: [
    'a filter by time does not exist: every run reads the whole catalog and writes what differs',
    'images beside the first: kept, and listed in `metaInfo`, since a Brevo product has one',
    '`custom_metadata` beyond 20 values or 20,000 characters a product, and values beyond 1,000 characters: kept whole with us',
    'items of two integrations that share one external id: Brevo has one product for both',
  ],
});
