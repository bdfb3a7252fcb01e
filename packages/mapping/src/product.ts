import { z } from 'zod';
import type { FieldNote } from './contact-row.js';
import { shopIdOf } from './catalog-id.js';
import { toNumber } from './fields/number.js';
import { EMPTY, isEmpty, type Outcome } from './fields/outcome.js';
import { cleanText, cutText, toText } from './fields/text.js';
import { toWebAddress } from './fields/web-address.js';
import { keyOf, textIn } from './kept.js';
import { metaInfoOf } from './meta-info.js';
import type { ProductRow } from './product-row.js';

/** What items and variants have in common (developers.klaviyo.com/en/reference/get_catalog_items). */
export const productAttributes = {
  external_id: z.string().nullish(),
  title: z.string().nullish(),
  description: z.string().nullish(),
  price: z.unknown(),
  url: z.string().nullish(),
  image_full_url: z.string().nullish(),
  image_thumbnail_url: z.string().nullish(),
  images: z.array(z.unknown()).nullish(),
  custom_metadata: z.unknown(),
  published: z.boolean().nullish(),
  created: z.string().nullish(),
};

const attributes = z.looseObject(productAttributes);

/** Of a variant alone. */
export interface VariantFacts {
  readonly sku: unknown;
  readonly stock: unknown;
  readonly inventoryPolicy: number | null;
}

/** Brevo publishes no limit for either. */
const MAX_NAME = 255;
const MAX_DESCRIPTION = 20_000;

/** Everything an item or a variant says of itself. What does not fit is left out and noted; no product is lost for one of its fields. */
export function productOf(
  id: string,
  a: z.infer<typeof attributes>,
  variant?: VariantFacts,
): Omit<ProductRow, 'variants' | 'item'> {
  const notes: FieldNote[] = [];
  const take = <T>(field: string, outcome: Outcome<T>): T | undefined => {
    if (outcome.kind === 'misfit') notes.push({ field, reason: `left out: ${outcome.reason}` });
    if (outcome.kind !== 'value') return undefined;
    if (outcome.note !== undefined) notes.push({ field, reason: outcome.note });
    return outcome.value;
  };

  const shopId = shopIdOf(id);
  const title = take('title', textUpTo(a.title, MAX_NAME));
  if (title === undefined) notes.push({ field: 'title', reason: 'empty, so that the product carries its id as its name' });
  const description = take('description', textUpTo(a.description, MAX_DESCRIPTION));
  const url = take('url', toWebAddress(a.url));
  const images = (a.images ?? []).flatMap((one) => take('images', toWebAddress(one)) ?? []);
  const imageUrl = take('image_full_url', toWebAddress(a.image_full_url)) ?? images[0];
  const thumbnail = take('image_thumbnail_url', toWebAddress(a.image_thumbnail_url));
  const price = take('price', toPrice(a.price));
  const sku = variant && take('sku', toText(variant.sku));
  const stock = variant && take('inventory_quantity', toNumber(variant.stock));
  const isPublished = a.published !== false;
  const meta = metaInfoOf(
    {
      published: isPublished ? 'true' : 'false',
      inventory_policy: variant?.inventoryPolicy ?? undefined,
      thumbnail: thumbnail === imageUrl ? undefined : thumbnail,
      images: furtherImages(images, imageUrl),
    },
    take('custom_metadata', toMetadata(a.custom_metadata)) ?? {},
  );
  notes.push(...meta.notes);

  return {
    sourceId: id,
    kept: {
      name: title ?? shopId,
      external_id: a.external_id ?? shopId,
      published: isPublished,
      ...(price === undefined ? {} : { price }),
      ...(sku === undefined ? {} : { sku }),
      ...(stock === undefined ? {} : { inventory_quantity: stock }),
      ...(variant ? { inventory_policy: variant.inventoryPolicy } : {}),
      url: a.url ?? null,
      image_full_url: a.image_full_url ?? null,
      image_thumbnail_url: a.image_thumbnail_url ?? null,
      images,
      description: a.description ?? null,
      custom_metadata: meta.whole,
      created: a.created ?? null,
    },
    product: {
      id: shopId,
      name: title ?? shopId,
      ...(description === undefined ? {} : { description }),
      ...(url === undefined ? {} : { url }),
      ...(imageUrl === undefined ? {} : { imageUrl }),
      ...(sku === undefined ? {} : { sku }),
      ...(price === undefined ? {} : { price }),
      ...(stock === undefined ? {} : { stock }),
      metaInfo: meta.metaInfo,
      isDeleted: !isPublished,
    },
    notes: unique(notes),
  };
}

/** Klaviyo's ids of an item's variants, which come along by `include`. */
export function variantIds(relationships: unknown): string[] {
  const data = keyOf(keyOf(relationships, 'variants'), 'data');
  return Array.isArray(data) ? data.flatMap((one: unknown) => textIn(one, 'id') ?? []) : [];
}

function toMetadata(input: unknown): Outcome<object> {
  if (isEmpty(input)) return EMPTY;
  return typeof input === 'object' && input !== null && !Array.isArray(input)
    ? { kind: 'value', value: input }
    : { kind: 'misfit', reason: 'the value is not a group of fields' };
}

function toPrice(input: unknown): Outcome<number> {
  const price = toNumber(input);
  return price.kind === 'value' && price.value < 0 ? { kind: 'misfit', reason: 'a price cannot be below zero' } : price;
}

function textUpTo(input: string | null | undefined, max: number): Outcome<string> {
  const clean = cleanText(input ?? '');
  if (clean === '') return EMPTY;
  const cut = cutText(clean, max);
  return cut === clean
    ? { kind: 'value', value: clean }
    : { kind: 'value', value: cut, note: `the text is longer than ${max} characters and was cut` };
}

/** Images beside the first, as text: Brevo has one image a product. */
function furtherImages(images: readonly string[], first: string | undefined): string | undefined {
  const others = images.filter((image) => image !== first);
  return others.length === 0 ? undefined : others.join(' ');
}

function unique(notes: readonly FieldNote[]): FieldNote[] {
  return [...new Map(notes.map((note) => [`${note.field}: ${note.reason}`, note])).values()];
}
