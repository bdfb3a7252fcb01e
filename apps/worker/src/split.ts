import { resourceNamed } from '@tajo/mapping';
import type { Slice } from '@tajo/store';
import type { RunContext } from './targets/target.js';

/** Below this many pages left, by the density so far, a split costs more requests than it saves time. */
const WORTH_PAGES = 10;
/** Smallest slice: the resolution of the vendor's time fields. */
const SMALLEST_MS = 1_000;
/** How long one count of busy slices serves a process. */
const COUNT_SERVES_MS = 500;

/** What a split changed of the slice. */
export type Shrunk = { to: Date; child: null; splits: number };

const busyCounts = new Map<string, { at: number; busy: Promise<number> }>();

/**
 * A cursor is sequential, so one slice alone can never fill a lane. While fewer slices are busy than wanted, a slice with enough left
 * to read hands the second half of its remaining range to a new slice. Answers the smaller slice, null when it stays, `lost` when
 * another worker holds the lease.
 */
export async function maybeSplit(context: RunContext, slice: Slice, readInJob: number): Promise<Shrunk | 'lost' | null> {
  const { work, run } = context;
  const { position, from, to } = slice;
  if (!position || !from || !to || slice.child) return null;
  const leftMs = to.getTime() - position.getTime();
  if (leftMs < 2 * SMALLEST_MS) return null;

  const spanMs = Math.max(position.getTime() - from.getTime(), SMALLEST_MS);
  const perPage = resourceNamed(slice.resource).read.pageSize ?? 100;
  const pagesLeft = ((slice.counts.read + readInJob) / spanMs) * (leftMs / perPage);
  if (pagesLeft < WORTH_PAGES) return null;

  const wanted = work.config.account.pace.parallelSlices - (await busySlices(context, slice.resource));
  if (wanted <= 0) return null;

  const at = new Date(Math.floor((position.getTime() + leftMs / 2) / 1_000) * 1_000);
  if (at <= position || at >= to) return null;
  const done = await work.store.slices.split(slice, at, work.now());
  busyCounts.delete(`${run._id}|${slice.resource}`);
  return done ? { to: at, child: null, splits: slice.splits + 1 } : 'lost';
}

function busySlices({ work, run }: RunContext, resource: string): Promise<number> {
  const key = `${run._id}|${resource}`;
  const now = work.now().getTime();
  const known = busyCounts.get(key);
  if (known && now - known.at < COUNT_SERVES_MS) return known.busy;
  if (busyCounts.size > 1_000) busyCounts.clear();
  const busy = work.store.slices.countBusy(run._id, resource);
  busyCounts.set(key, { at: now, busy });
  return busy;
}
