import { fraction, pick } from '../random.js';
import { END_OF_DATA, isoSecond } from './calendar.js';
import type { Collection } from './collections.js';
import { idOf } from './campaigns.js';
import { type Reference, reference, type SandboxRecord } from './record.js';

export interface CatalogShelf {
  readonly items: readonly SandboxRecord[];
  readonly variants: readonly SandboxRecord[];
  readonly categories: readonly SandboxRecord[];
}

const START = Date.parse('2023-01-02T09:00:00Z') / 1_000;
const CATEGORIES = 25;

export function generateCatalog({ seed, count }: { seed: number; count: number }): CatalogShelf {
  const categories = Array.from({ length: count === 0 ? 0 : Math.min(CATEGORIES, count) }, (_, at) => category(at));
  const items: SandboxRecord[] = [];
  const variants: SandboxRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = catalogId(`P-${index}`);
    const own = Array.from({ length: index % 4 }, (_, at) => variant(seed, index, at));
    // Some products are in no category and some in three.
    const places = Array.from({ length: index % 13 === 0 ? 0 : 1 + (index % 3) }, (_, at) => (index + at) % categories.length);
    items.push(item(seed, index, { id, variants: own, categories: [...new Set(places)].flatMap((at) => categories[at] ?? []) }));
    variants.push(...own);
  }
  return { items, variants, categories };
}

function catalogId(externalId: string): string {
  return `$custom:::$default:::${externalId}`;
}

function category(at: number): SandboxRecord {
  const externalId = `CAT-${at}`;
  const name =
    at === 3 ? 'Shoes' : at === 4 ? 'shoes' : at === 5 ? `A very long category name ${'x'.repeat(300)}` : `Category ${at} & more`;
  return {
    type: 'catalog-category',
    id: catalogId(externalId),
    attributes: { external_id: externalId, name, updated: isoSecond(START) },
    relationships: { items: null },
  };
}

function item(
  seed: number,
  index: number,
  { id, variants, categories }: { id: string; variants: readonly Reference[]; categories: readonly Reference[] },
): SandboxRecord {
  return {
    type: 'catalog-item',
    id,
    attributes: { ...common(seed, index, `P-${index}`), price: pick([null, 0, 12.5, 99.99, 1_299, -1], seed, index, 90) },
    relationships: { variants: variants.map(reference), categories: categories.map(reference) },
    linksOnly: ['categories'],
  };
}

function variant(seed: number, index: number, at: number): SandboxRecord {
  const externalId = `P-${index}-V${at}`;
  return {
    type: 'catalog-variant',
    id: catalogId(externalId),
    attributes: {
      ...common(seed, index, externalId),
      sku: `SKU-${index}-${['S', 'M', 'L'][at] ?? 'X'}`,
      inventory_policy: index % 3,
      inventory_quantity: (index * 7) % 50,
      price: Math.round(fraction(seed, index * 4 + at, 91) * 10_000) / 100,
    },
    relationships: { item: { type: 'catalog-item', id: catalogId(`P-${index}`) } },
    linksOnly: ['item'],
  };
}

function common(seed: number, index: number, externalId: string): Record<string, unknown> {
  const created = isoSecond(START + Math.floor(fraction(seed, index, 92) * (END_OF_DATA - START)));
  const image = index % 8 === 0 ? null : `https://shop.example.com/images/${index}.png`;
  return {
    external_id: externalId,
    title:
      index % 37 === 9
        ? ''
        : pick([`Hat ${index}`, `Chaussure “${index}” & lacets`, `帽子 ${index}`, `<b>Bold ${index}</b>`], seed, index, 93),
    description: index % 41 === 9 ? 'Long. '.repeat(5_000) : 'A product; with "quotes"',
    url: index % 43 === 9 ? 'not a url' : `https://shop.example.com/products/${index}?ref=a&b=ü`,
    image_full_url: image,
    image_thumbnail_url: image,
    images: image === null ? [] : [image],
    custom_metadata: index % 5 === 0 ? { colour: 'red', nested: { a: [1, 2] } } : {},
    published: index % 9 !== 0,
    created,
    updated: created,
  };
}

const ids = { operators: ['any'], type: 'text' } as const;
const equal = { operators: ['equals'], type: 'text' } as const;
const contains = { operators: ['contains'], type: 'text' } as const;
const published = { operators: ['equals'], type: 'boolean' } as const;
const shared =
  'created custom_metadata description external_id image_full_url image_thumbnail_url images price published title updated url'.split(
    ' ',
  );

export function catalogCollections(shelf: () => CatalogShelf): {
  items: Collection;
  variants: Collection;
  categories: Collection;
} {
  return {
    items: {
      type: 'catalog-item',
      path: '/api/catalog-items',
      page: 100,
      records: () => shelf().items,
      fields: shared,
      filters: { ids, 'category.id': equal, title: contains, published },
      sorts: ['created'],
      includes: {
        variants: (record) => {
          const own = new Set(refs(record, 'variants'));
          return own.size === 0 ? [] : shelf().variants.filter(({ id }) => own.has(id));
        },
      },
      valueAt: (record, field) => (field === 'category.id' ? refs(record, 'categories') : undefined),
    },
    variants: {
      type: 'catalog-variant',
      path: '/api/catalog-variants',
      page: 100,
      records: () => shelf().variants,
      fields: [...shared, 'inventory_policy', 'inventory_quantity', 'sku'],
      filters: { ids, 'item.id': equal, sku: equal, title: contains, published },
      sorts: ['created'],
      valueAt: ({ relationships }, field) => (field === 'item.id' ? idOf(relationships?.['item']) : undefined),
    },
    categories: {
      type: 'catalog-category',
      path: '/api/catalog-categories',
      page: 100,
      records: () => shelf().categories,
      fields: ['external_id', 'name', 'updated'],
      filters: { ids, 'item.id': equal, name: contains },
      sorts: ['created'],
      valueAt: ({ id }, field) =>
        field === 'item.id'
          ? shelf()
              .items.filter((one) => refs(one, 'categories').includes(id))
              .map((one) => one.id)
          : undefined,
    },
  };
}

function refs({ relationships }: SandboxRecord, name: string): string[] {
  const data = relationships?.[name];
  return data && !('id' in data) ? data.map(({ id }) => id) : [];
}
