import { enqueue, queueOfResource, type JobPayload } from '@tajo/contracts';
import { AccountStopped, Bug, RequestRefused, WaitUntil } from '@tajo/errors';
import { type AnyResource, resourceNamed } from '@tajo/mapping';
import type { Checkpoint, Slice, StoredRun } from '@tajo/store';
import { openErasedGuard } from '../erasing/guard.js';
import { PageBuffer } from '../page-buffer.js';
import { readPage } from '../read-page.js';
import { maybeSplit } from '../split.js';
import { noteClock } from '../vendor-clock.js';
import { targetOf } from '../targets/index.js';
import type { RunContext, Target } from '../targets/target.js';
import { deliveriesQueue, queueNamed, type Work } from '../work.js';
import { openContext } from './context.js';

/** A backfill page waits this long in its worker slot for its lane; a longer wait gives the slot back. */
const MAX_LANE_WAIT_MS = 5_000;
/** A parked slice comes back this much before its lane has room: on the way through the queue it would else be late, and budget is lost. */
const BACK_EARLY_MS = 1_500;

/**
 * Follows a slice for a bounded number of pages or seconds: read, map, gather; then batches are made durable, the slice is
 * checkpointed, and its next job is enqueued. Stops at a page boundary when the worker stops, the lane is empty or the run is paused.
 */
export async function syncPage(work: Work, job: JobPayload<'sync-page'>, stopping: AbortSignal): Promise<void> {
  const { store } = work;
  const slice = await store.slices.claim(job.slice, job.turn, work.now());
  if (!slice) return; // Another job has taken over, or the slice is done.
  let run = await store.runs.get(job.run);
  if (run?.state === 'failed') {
    // An operator retried the job on the board: the run lives again, if nothing else runs for the account meanwhile.
    const busyWith = await store.runs.claimAccount(run.account, run._id, work.now());
    if (!busyWith && (await store.runs.move(run._id, ['failed'], 'running', { problem: null, finishedAt: null })))
      run = { ...run, state: 'running' };
  }
  if (run?.state !== 'running') return store.slices.release(slice, null, work.now());

  let outcome: Followed;
  try {
    outcome = await followSlice(await openContext(work, run), slice, stopping);
  } catch (error) {
    // The run stands still until somebody acts, so the slice must not wait for this job.
    if (error instanceof AccountStopped) await store.slices.release(slice, null, work.now());
    throw error;
  }
  if (outcome.lostLease) {
    work.logger.info({ account: run.account, run: run._id, slice: slice._id }, 'another worker has taken the slice over');
    return;
  }
  for (const batch of outcome.batches) {
    await enqueue(deliveriesQueue(work, slice.resource), 'deliver-batch', {
      account: run.account,
      run: run._id,
      batch,
      attempt: 0,
    });
  }
  if (outcome.next === 'continue') {
    await enqueue(queueNamed(work, queueOfResource(slice.resource)), 'sync-page', { ...job, turn: slice.turn + 1 });
  }
}

interface Followed {
  lostLease: boolean;
  batches: string[];
  next: Checkpoint['next']['kind'];
}

async function followSlice(context: RunContext, claimed: Slice, stopping: AbortSignal): Promise<Followed> {
  const { work, run } = context;
  const { store } = work;
  const { pagesPerJob, secondsPerJob } = work.config.account.pace;
  const resource = resourceNamed(claimed.resource);
  const target = targetOf(resource.write.via);
  const deadline = work.now().getTime() + secondsPerJob * 1_000;

  let slice = claimed;
  const guard = await openErasedGuard(work, run.account);
  let buffer = new PageBuffer(context, slice, guard);
  let next: Checkpoint['next'] | null = null;

  while (next === null) {
    let page;
    try {
      page = await readPage(context, resource, slice, { signal: stopping, maxWaitMs: MAX_LANE_WAIT_MS });
    } catch (error) {
      if (error instanceof WaitUntil) {
        next = { kind: 'park', until: new Date(error.at.getTime() - BACK_EARLY_MS) };
        break;
      }
      if (stopping.aborted) {
        next = { kind: 'continue' };
        break;
      }
      if (error instanceof RequestRefused && error.code === 'klaviyo_cursor_invalid' && slice.cursor !== null) {
        // The window starts anew, not the run: what it wrote already is recognised by its links or harmless twice.
        if (!(await store.slices.restart(slice, work.now()))) return { lostLease: true, batches: [], next: 'continue' };
        slice = { ...slice, cursor: null, queryTo: null, position: null };
        buffer = new PageBuffer(context, slice, guard);
        continue;
      }
      if (error instanceof RequestRefused && error.status === 404 && (slice.parent !== null || slice.ids !== null)) {
        const gone = await tookGone(resource, target, buffer, run, slice);
        next = { kind: 'finished', ...(gone && { note: gone }) };
        break;
      }
      // Pages already gathered are worth keeping; the next job meets the same error with empty hands and reports it.
      if (buffer.pages === 0) throw error;
      next = { kind: 'continue' };
      break;
    }

    await noteClock(context, page);
    const { last, position } = await buffer.take(resource, target, page, run);
    slice = { ...slice, cursor: page.nextCursor ?? null, queryTo: page.to, position: position ?? slice.position };
    if (last || page.nextCursor === undefined) next = { kind: 'finished' };
    else if (stopping.aborted || buffer.pages >= pagesPerJob || buffer.isFull || work.now().getTime() >= deadline)
      next = { kind: 'continue' };
    else {
      const shrunk = await maybeSplit(context, slice, buffer.counts.read);
      if (shrunk === 'lost') return { lostLease: true, batches: [], next: 'continue' };
      if (shrunk) {
        slice = { ...slice, ...shrunk };
        buffer.shrinkTo(shrunk.to);
      }
    }
  }

  return checkpoint(context, slice, buffer, next);
}

/** What is not there any more: the one record of a replay is counted as gone; the children of a deleted parent are no records, and a note says so. */
async function tookGone(
  resource: AnyResource,
  target: Target,
  buffer: PageBuffer,
  run: StoredRun,
  slice: Slice,
): Promise<string | undefined> {
  if (slice.parent !== null) return `${slice.parent} was deleted in Klaviyo while this run read it`;
  await buffer.take(resource, target, { items: [], included: [] }, run);
  return undefined;
}

/** Batches first, then the checkpoint that counts them: a crash between the two re-reads the pages and loses nothing. */
async function checkpoint(context: RunContext, slice: Slice, buffer: PageBuffer, next: Checkpoint['next']): Promise<Followed> {
  const { work } = context;
  if (slice.fence === 0) throw new Bug('slice_unclaimed', `Slice ${slice._id} was followed without a claim.`);
  const batches = await buffer.flush();
  const point: Checkpoint = {
    cursor: slice.cursor,
    queryTo: slice.queryTo,
    position: slice.position,
    counts: buffer.counts,
    batches,
    next,
  };
  if (await work.store.slices.checkpoint(slice, point, work.now())) return { lostLease: false, batches, next: next.kind };
  for (const batch of batches) await work.store.batches.finish(batch, 'void', 'lease lost', work.now());
  return { lostLease: true, batches: [], next: next.kind };
}
