import { isBalanced, type Slice, type Store, type StoredRun, sumOf } from '@tajo/store';

/** What the pages read of the store. They never write. */
export interface RunStore {
  readonly runs: Pick<Store['runs'], 'get' | 'list'>;
  readonly slices: Pick<Store['slices'], 'ofRun' | 'totals'>;
  readonly rejections: Pick<Store['rejections'], 'list'>;
}

export interface ResourceView {
  readonly name: string;
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly rejected: number;
  /** Rows in batches whose outcome is open. */
  readonly submitted: number;
  readonly balanced: boolean;
  /** Every slice is terminal: from here on the counts do not move. */
  readonly settled: boolean;
  readonly slices: Partial<Record<Slice['state'], number>>;
}

export interface ReasonView {
  readonly resource: string;
  readonly outcome: 'skipped' | 'rejected';
  readonly reason: string;
  readonly count: number;
  /** The words one such record got, where one is kept. */
  readonly example: string;
}

export interface RunView {
  readonly run: StoredRun;
  readonly resources: readonly ResourceView[];
  readonly reasons: readonly ReasonView[];
  readonly sliceErrors: readonly { id: string; error: NonNullable<Slice['error']> }[];
}

/** More reasons or failed slices than this say nothing new, and each costs a look-up. */
const SHOWN = 30;

/** One run as an operator needs it. Null when there is none with this id. */
export async function readRun(store: RunStore, id: string): Promise<RunView | null> {
  const run = await store.runs.get(id);
  if (!run) return null;
  const [totals, failed] = await Promise.all([store.slices.totals(id), store.slices.ofRun(id, ['failed'])]);
  const byResource = Object.entries(totals);

  const counted = byResource
    .flatMap(([resource, { counts }]) =>
      (['rejected', 'skipped'] as const).flatMap((outcome) =>
        Object.entries(counts[outcome]).map(([reason, count]) => ({ resource, outcome, reason, count })),
      ),
    )
    .sort((one, other) => other.count - one.count)
    .slice(0, SHOWN);
  const reasons = await Promise.all(
    counted.map(async (entry) => {
      const { resource, outcome, reason } = entry;
      const [first] = await store.rejections.list({ account: run.account, run: id, resource, outcome, reason }, { limit: 1 });
      return { ...entry, example: first?.message ?? '' };
    }),
  );

  return {
    run,
    resources: byResource.map(([name, { counts, slices }]) => ({
      name,
      read: counts.read,
      written: counts.written,
      unchanged: counts.unchanged,
      skipped: sumOf(counts.skipped),
      rejected: sumOf(counts.rejected),
      submitted: counts.submitted,
      settled: !OPEN.some((state) => slices[state]),
      balanced: isBalanced(counts) && !OPEN.some((state) => slices[state]),
      slices,
    })),
    reasons,
    sliceErrors: failed.slice(0, SHOWN).flatMap(({ _id, error }) => (error ? [{ id: _id, error }] : [])),
  };
}

const OPEN: readonly Slice['state'][] = ['waiting', 'queued', 'reading', 'settling'];
