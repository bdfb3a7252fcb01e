import { enqueue, queueOfResource } from '@tajo/contracts';
import type { SliceOutline } from '@tajo/store';
import { queueNamed, type Work } from './work.js';

/** However many accounts share a queue, each may have this many jobs in it, so that one which ends leaves no gap. */
const LEAST_SHARE = 2;

/**
 * History is not enqueued in advance: as many slices as are wanted in parallel, the rest waits in Mongo. Accounts take turns, one slice
 * each, and share the room in a queue; one that has nothing in a queue yet comes to its head, so that what others put there before never
 * makes it wait. `runs` has the open slices of each run.
 */
export async function feed(work: Work, runs: readonly (readonly SliceOutline[])[], now: Date): Promise<void> {
  const resources = new Set(runs.flat().map((slice) => slice.resource));
  for (const resource of resources)
    await feedQueue(
      work,
      runs.flat().filter((slice) => slice.resource === resource),
      now,
    );
}

interface Turn {
  busy: number;
  readonly waiting: SliceOutline[];
}

async function feedQueue(work: Work, slices: readonly SliceOutline[], now: Date): Promise<void> {
  const turns = turnsOf(slices, now);
  const room = work.config.account.pace.parallelSlices * 2;
  const share = Math.max(LEAST_SHARE, Math.ceil(room / Math.max(1, turns.length)));
  for (let fed = true; fed; ) {
    fed = false;
    for (const turn of turns) {
      const slice = turn.busy < share ? turn.waiting.shift() : undefined;
      if (!slice) continue;
      fed = true;
      const isFirst = turn.busy === 0;
      turn.busy += 1;
      // Else somebody fed it since it was read: it is busy all the same.
      if (await work.store.slices.markQueued(slice, now)) await enqueuePage(work, slice, { isFirst });
    }
  }
}

/** One for each account that has something to do now. */
function turnsOf(slices: readonly SliceOutline[], now: Date): Turn[] {
  const turns = new Map<string, Turn>();
  for (const slice of slices) {
    const isBusy = slice.state === 'queued' || slice.state === 'reading';
    const isDue = slice.state === 'waiting' && (slice.notBefore === null || slice.notBefore <= now);
    if (!isBusy && !isDue) continue;
    const turn = turns.get(slice.account) ?? { busy: 0, waiting: [] };
    turns.set(slice.account, turn);
    if (isBusy) turn.busy += 1;
    else turn.waiting.push(slice);
  }
  return [...turns.values()];
}

async function enqueuePage(work: Work, slice: SliceOutline, { isFirst }: { isFirst: boolean }): Promise<void> {
  const { account, run, _id, turn, resource } = slice;
  const payload = { account, run, slice: _id, turn };
  await enqueue(queueNamed(work, queueOfResource(resource)), 'sync-page', payload, { lifo: isFirst });
}
