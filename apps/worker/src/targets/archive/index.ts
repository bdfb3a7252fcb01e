import type { NotedKeptRow } from '@tajo/mapping';
import { admitByHash, type HashedRow } from '../by-hash.js';
import type { Settled, Target } from '../target.js';
import { planReport } from './plan-report.js';

/** Our own store, for what Brevo has no place for. The engine keeps the records when the batch is settled; no vendor is called. */
export const archive: Target = {
  plan: planReport,
  // Made by the `map` of a resource that names this target.
  admit: (context, resource, rows) => admitByHash(context, { resource, rows: rows as readonly NotedKeptRow[] }),
  // The shape `admitByHash` gave them.
  deliver: async (_context, _batch, rows) => ({
    kind: 'settled',
    settled: settledKept(rows as readonly HashedRow<NotedKeptRow>[]),
  }),
};

function settledKept(rows: readonly HashedRow<NotedKeptRow>[]): Settled {
  return { written: rows.map((row) => keptAs(row)), rejected: [], again: [], note: null };
}

/** A row that is kept; `targetId` where it is in Brevo as well. */
export function keptAs(
  { row: { sourceId, kept, notes = [] }, hash }: HashedRow<NotedKeptRow>,
  { targetId }: { targetId?: number } = {},
): Settled['written'][number] {
  return {
    link: { sourceId, hash, ...(targetId === undefined ? {} : { targetId }) },
    tally: [],
    fields: notes.map(({ field, reason }) => `${field}: ${reason}`),
    kept,
  };
}
