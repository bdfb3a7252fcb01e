import type { FieldNote } from './contact-row.js';
import { toNumber } from './fields/number.js';
import { cleanText, cutText } from './fields/text.js';
import type { OrderLine } from './order-row.js';

/** Far more than any order has; Brevo publishes no limit. */
const MOST_LINES = 1_000;
const MAX_ID_LENGTH = 255;

/**
 * The lines of an order out of an event's `Items`, as Klaviyo's own integrations and its guide for custom ones write them
 * (developers.klaviyo.com/en/docs/guide_to_integrating_a_platform_without_a_pre_built_klaviyo_integration). A line that names no product is
 * left out: the amount of the order stands beside the lines.
 */
export function orderLines(items: unknown): { lines: readonly OrderLine[]; notes: readonly FieldNote[] } {
  if (items === undefined || items === null) return { lines: [], notes: [] };
  if (!Array.isArray(items)) return { lines: [], notes: [{ field: 'Items', reason: 'left out: it is no list of products' }] };
  const entries: unknown[] = items;
  const lines = entries.slice(0, MOST_LINES).flatMap(lineOf);
  const without = entries.length - lines.length;
  return { lines, notes: without > 0 ? [{ field: 'Items', reason: 'a line was left out: it names no product' }] : [] };
}

function lineOf(item: unknown): OrderLine[] {
  if (typeof item !== 'object' || item === null) return [];
  // Any object may be read by name; what is found is `unknown` again.
  const fields = item as Readonly<Record<string, unknown>>;
  const of = (...names: readonly string[]) =>
    names.map((name) => fields[name]).find((found) => found !== undefined && found !== null);
  const sku = textOf(of('VariantID', 'VariantId', 'SKU', 'Sku'));
  const productId = textOf(of('ProductID', 'ProductId', 'product_id')) ?? sku;
  if (productId === undefined) return [];
  const quantity = numberOf(of('Quantity', 'quantity')) ?? 1;
  const price =
    numberOf(of('ItemPrice', 'Item Price', 'price')) ?? (numberOf(of('RowTotal', 'Row Total')) ?? 0) / (quantity || 1);
  return [{ productId, price, quantity, ...(sku !== undefined && sku !== productId && { variantId: sku }) }];
}

/** Ids come as text or as numbers. */
export function textOf(input: unknown): string | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  return cutText(cleanText(String(input)), MAX_ID_LENGTH) || undefined;
}

function numberOf(input: unknown): number | undefined {
  const number = toNumber(input);
  return number.kind === 'value' ? number.value : undefined;
}
