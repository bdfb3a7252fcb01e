import { type BrevoProduct, MOST_IN_A_CATALOG_BATCH } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import { hashOf, type ProductRow } from '@tajo/mapping';
import type { Batch, NewRejection } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import type { Admission, Delivery, Outgoing, RunContext, Settled, Target } from '../target.js';
import { ensureEcommerce } from './activate.js';
import { compareProducts } from './compare.js';
import { flagGone } from './gone.js';
import { inParts, isFaultOfRows, refusedRow } from './parts.js';
import { claimProductIds, releaseProductIds } from './product-ids.js';
import { categoriesOf, itemsOfVariants, rememberVariants } from './relations.js';

/** A product on its way: as Brevo gets it, and what is kept of the record. */
interface ProductBatchRow {
  readonly sourceId: string;
  readonly hash: string;
  readonly product: BrevoProduct;
  readonly kept: Readonly<Record<string, unknown>>;
  readonly notes: ProductRow['notes'];
}

/** `one-by-one` after Brevo has refused a whole batch. */
interface ProductGroup extends Record<string, unknown> {
  readonly by: 'batch' | 'one-by-one';
}

const MAX_LANE_WAIT_MS = 10_000;
/** Single writes at once; the lane has two a second on the general tier. */
const ABREAST = 2;

/** Catalog items. */
export const products: Target = productTarget(withCategories);
/** Catalog variants: products as well, below that of their item. */
export const variants: Target = productTarget(withItem);

interface Completed {
  readonly rows: readonly { readonly row: ProductRow; readonly product: BrevoProduct }[];
  readonly refused: readonly NewRejection[];
}

/** `complete` adds what other records say of the product. */
function productTarget(complete: (context: RunContext, rows: readonly ProductRow[]) => Promise<Completed>): Target {
  return {
    async plan(context) {
      await ensureEcommerce(context);
      return {};
    },

    async admit(context, resource, mapped): Promise<Admission> {
      const { work, run } = context;
      // Made by the `map` of a resource that names this target.
      const { rows, refused } = await complete(context, mapped as readonly ProductRow[]);
      const ids = rows.map(({ row }) => row.sourceId);
      const links = await work.store.links.find(run.account, resource, ids);
      const outgoing: Outgoing[] = [];
      const unchanged: Admission['unchanged'][number][] = [];
      for (const { row, product } of rows) {
        const { sourceId, kept, notes } = row;
        const hash = hashOf({ product, kept });
        const tally = tallyOf(product);
        if (!run.force && links.get(sourceId)?.hash === hash) {
          unchanged.push({ sourceId, tally });
          continue;
        }
        const batchRow: ProductBatchRow = { sourceId, hash, product, kept, notes };
        const group: ProductGroup = { by: 'batch' };
        outgoing.push({ sourceId, row: batchRow, group, bytes: JSON.stringify(product).length, tally, fields: [] });
      }
      return { outgoing, unchanged, refused };
    },

    deliver: deliverProducts,
    complete: (context, resource) =>
      flagGone(context, resource, {
        path: resource === 'catalog-variants' ? '/api/catalog-variants' : '/api/catalog-items',
        async flag(gone) {
          await context.account.brevo.upsertProducts(gone, { maxWaitMs: MAX_LANE_WAIT_MS });
          const ids = gone.map(({ id }) => id);
          await releaseProductIds(context, ids);
        },
      }),
    compare: compareProducts,
  };
}

async function withCategories(context: RunContext, rows: readonly ProductRow[]): Promise<Completed> {
  await rememberVariants(context, rows);
  const given = await claimProductIds(context, 'item', rows.map(claimOf));
  const categories = await categoriesOf(
    context,
    rows.map(({ sourceId }) => sourceId),
  );
  return split(rows, given, (row) => ({ categories: categories.get(row.sourceId) ?? [] }));
}

async function withItem(context: RunContext, rows: readonly ProductRow[]): Promise<Completed> {
  const { work, run } = context;
  const unnamed = rows.filter(({ item }) => item === undefined).map(({ sourceId }) => sourceId);
  const looked = await itemsOfVariants(context, unnamed);
  const itemOf = ({ sourceId, item }: ProductRow) => item ?? looked.get(sourceId);
  const items = await work.store.links.find(run.account, 'catalog-items', [...new Set(rows.flatMap((row) => itemOf(row) ?? []))]);
  const parentOf = (row: ProductRow) => items.get(itemOf(row) ?? '')?.targetId;

  const orphans = rows.filter((row) => typeof parentOf(row) !== 'string');
  const others = rows.filter((row) => typeof parentOf(row) === 'string');
  const given = await claimProductIds(context, 'variant', others.map(claimOf));
  const done = split(others, given, (row) => ({ parentId: String(parentOf(row)) }));
  return { rows: done.rows, refused: [...done.refused, ...orphans.map(({ sourceId }) => orphan(sourceId))] };
}

function claimOf({ sourceId, product }: ProductRow) {
  return { sourceId, wanted: product.id };
}

function split(
  rows: readonly ProductRow[],
  given: ReadonlyMap<string, string>,
  more: (row: ProductRow) => Partial<BrevoProduct>,
): Completed {
  const carried: { row: ProductRow; product: BrevoProduct }[] = [];
  const refused: NewRejection[] = [];
  for (const row of rows) {
    const id = given.get(row.sourceId);
    if (id === undefined) refused.push(idTaken(row.sourceId));
    else carried.push({ row, product: { ...row.product, ...more(row), id } });
  }
  return { rows: carried, refused };
}

async function deliverProducts(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  // Written by `admit`, or taken over from such a batch.
  const rows = stored as readonly ProductBatchRow[];
  const group = batch.group as ProductGroup;
  if (group.by === 'one-by-one') return { kind: 'settled', settled: await oneByOne(context, rows) };
  const [first = [], ...rest] = inParts(rows, MOST_IN_A_CATALOG_BATCH, ({ product }) => product.id);
  const later = rest.map((part) => ({ rows: part, group }));
  try {
    await context.account.brevo.upsertProducts(
      first.map(({ product }) => product),
      { maxWaitMs: MAX_LANE_WAIT_MS },
    );
    return { kind: 'settled', settled: { written: first.map(writtenRow), rejected: [], again: later, note: null } };
  } catch (error) {
    if (!isFaultOfRows(error)) throw error;
    // All or nothing: single writes find whose fault it is, from a budget of their own.
    const again = [{ rows: first, group: { by: 'one-by-one' } satisfies ProductGroup }, ...later];
    return { kind: 'settled', settled: { written: [], rejected: [], again, note: error.message } };
  }
}

async function oneByOne({ account, work }: RunContext, rows: readonly ProductBatchRow[]): Promise<Settled> {
  const written: Settled['written'][number][] = [];
  const rejected: NewRejection[] = [];
  for (let start = 0; start < rows.length; start += ABREAST) {
    if (work.stopping.aborted) throw new GaveBack(); // Nothing is lost: every one of these writes may be done twice.
    const part = rows.slice(start, start + ABREAST);
    const refusals = await Promise.all(
      part.map(async ({ product }) => {
        try {
          await account.brevo.upsertProduct(product, { maxWaitMs: 60_000 });
          return null;
        } catch (error) {
          if (error instanceof RequestRefused) return error;
          throw error;
        }
      }),
    );
    part.forEach((row, at) => {
      const refusal = refusals[at];
      if (refusal) rejected.push(refusedRow(row.sourceId, 'product', refusal));
      else written.push(writtenRow(row));
    });
  }
  return { written, rejected, again: [], note: null };
}

function writtenRow({ sourceId, hash, product, kept, notes }: ProductBatchRow): Settled['written'][number] {
  return {
    link: { sourceId, hash, targetId: product.id },
    tally: tallyOf(product),
    fields: notes.map(({ field, reason }) => `${field}: ${reason}`),
    kept,
  };
}

function tallyOf({ isDeleted }: BrevoProduct): string[] {
  return [isDeleted ? 'product.unpublished' : 'product.published'];
}

function idTaken(sourceId: string): NewRejection {
  return {
    sourceId,
    outcome: 'rejected',
    reason: 'product_id_taken',
    message:
      'Another product of the catalog, from a different integration, has the same id in the shop, and Brevo can hold one of them. Remove the one that is not needed in Klaviyo, then replay.',
    stage: 'map',
  };
}

function orphan(sourceId: string): NewRejection {
  return {
    sourceId,
    outcome: 'rejected',
    reason: 'variant_without_item',
    message:
      'The item this variant belongs to is not in Brevo: it was refused, or was not part of a sync yet. Sync the catalog items, then replay the variant.',
    stage: 'map',
  };
}
