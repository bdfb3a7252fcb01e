import { z } from 'zod';
import { shopIdOf } from '../catalog-id.js';
import type { CategoryRow } from '../category-row.js';
import { cleanText } from '../fields/text.js';
import { jsonApi } from '../json-api.js';
import { nameOr } from '../kept.js';
import { defineResource, row } from '../resource.js';

export const catalogCategories = defineResource({
  name: 'catalog-categories',
  title: 'Catalog categories',
  record: 'catalog category',
  sync: 'catalogs',
  read: {
    // No filter by time and no `page[size]`: always read whole, and what is unchanged is told by its hash (…/reference/get_catalog_categories).
    path: '/api/catalog-categories',
    scopes: ['catalogs:read'],
    extra: { sort: 'created' },
    byIds: { field: 'ids', max: 50 },
  },
  item: jsonApi('catalog-category', { external_id: z.string().nullish(), name: z.string().nullish() }),
  map: ({ id, attributes: { external_id, name } }, _rules: unknown) => {
    const shopId = shopIdOf(id);
    const wanted = cleanText(name ?? '');
    const carried = nameOr(name, shopId);
    const reason =
      wanted === '' ? 'empty, so that the category carries its id as its name' : 'longer than 255 characters and was cut';
    return row<CategoryRow>({
      sourceId: id,
      kept: { name: wanted === '' ? shopId : wanted, external_id: external_id ?? shopId },
      category: { id: shopId, name: carried },
      notes: carried === wanted ? [] : [{ field: 'name', reason }],
    });
  },
  write: {
    via: 'categories',
    groupBy: () => 'categories',
    settles: 'now',
    becomes: 'categories, by the shop’s own id',
    batch: 'POST /categories/batch, up to 100',
    repeat: 'updates by id; what our link says is unchanged is not sent',
  },
  keeps: true,
  notCarried: ['a filter by time does not exist: every run reads all categories and writes those that differ'],
});
