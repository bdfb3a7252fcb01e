import { MOST_IN_A_CATALOG_BATCH } from '@tajo/brevo';
import type { CategoryRow } from '@tajo/mapping';
import { admitByHash, type HashedRow } from '../by-hash.js';
import type { Delivery, Settled, Target } from '../target.js';
import { ensureEcommerce } from './activate.js';
import { compareCategories } from './compare.js';
import { flagGone } from './gone.js';
import { inParts, isFaultOfRows, refusedRow } from './parts.js';

const MAX_LANE_WAIT_MS = 10_000;

type CategoryBatchRow = HashedRow<CategoryRow>;

/** Catalog categories. */
export const categories: Target = {
  async plan(context) {
    await ensureEcommerce(context);
    return {};
  },

  // Made by the `map` of a resource that names this target.
  admit: (context, resource, rows) => admitByHash(context, { resource, rows: rows as readonly CategoryRow[] }),

  async deliver({ account }, batch, stored): Promise<Delivery> {
    // The shape `admitByHash` gave them.
    const rows = stored as readonly CategoryBatchRow[];
    const [first = [], ...rest] = inParts(rows, MOST_IN_A_CATALOG_BATCH, ({ row }) => row.category.id);
    const later = rest.map((part) => ({ rows: part, group: batch.group }));
    try {
      await account.brevo.upsertCategories(
        // Said each time, so that one which was flagged comes back.
        first.map(({ row }) => ({ ...row.category, isDeleted: false })),
        { maxWaitMs: MAX_LANE_WAIT_MS },
      );
      return settled({ written: first.map(writtenRow), again: later });
    } catch (error) {
      if (!isFaultOfRows(error)) throw error;
      const [only] = first;
      if (only && first.length === 1)
        return settled({ rejected: [refusedRow(only.row.sourceId, 'category', error)], again: later });
      // All or nothing: halves find whose fault it is, in fewer of the hundred requests an hour than single writes.
      const half = Math.ceil(first.length / 2);
      const halves = [first.slice(0, half), first.slice(half)].map((part) => ({ rows: part, group: batch.group }));
      return settled({ again: [...halves, ...later], note: error.message });
    }
  },

  complete: (context, resource) =>
    flagGone(context, resource, {
      path: '/api/catalog-categories',
      flag: (gone) => context.account.brevo.upsertCategories(gone, { maxWaitMs: MAX_LANE_WAIT_MS }),
    }),
  compare: compareCategories,
};

function settled(some: Partial<Settled>): Delivery {
  return { kind: 'settled', settled: { written: [], rejected: [], again: [], note: null, ...some } };
}

function writtenRow({ row: { sourceId, category, kept, notes }, hash }: CategoryBatchRow): Settled['written'][number] {
  return {
    link: { sourceId, hash, targetId: category.id },
    tally: [],
    fields: notes.map(({ field, reason }) => `${field}: ${reason}`),
    kept,
  };
}
