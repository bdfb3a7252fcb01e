import { enqueue, jobIdOf, queueOfResource, RUNS_QUEUE, SETTLEMENTS_QUEUE, wake } from '@tajo/contracts';
import { messageOf } from '@tajo/errors';
import { isStoreUnreachable, type RunProblem, type SliceOutline, type StoredRun } from '@tajo/store';
import type { Queue } from 'bullmq';
import { startDue } from './due-schedules.js';
import { waitsFor } from './first-slices.js';
import { tendInbox } from './inbox/tend-inbox.js';
import { feed } from './feed.js';
import { createGrantKeeper } from './idle-grants.js';
import { endRun } from './run-end.js';
import { createWebhookKeeper } from './webhook-keeper.js';
import { deliveriesQueue, queueNamed, type Work } from './work.js';

/**
 * One worker tends at a time; it keeps the duty while it renews it. Where locks are short, so is this: both say how soon a dead worker is
 * replaced.
 */
const LONGEST_DUTY_MS = 5_000;
const EVERY_MS = 500;
/** However many jobs end, tending takes no more than a fifth of the time, and rests this long at least. */
const RESTS = 4;
const SHORTEST_REST_MS = 50;
/** A job without a sign of life for this many lock times is looked for in its queue. */
const SILENT_LOCKS = 2;
/** A delivery that was given up is begun anew after this long. */
const GIVEN_UP_MS = 300_000;

export interface Tending {
  /** A job has ended here, which may be what a run waits for: who tends looks at once. The others do not ask for the duty more often. */
  soon(): void;
  stop(): Promise<void>;
}

/**
 * Looks after unfinished runs: feeds waiting slices to the queue as it drains, finishes splits and enqueues again what a dead
 * process or a lost Redis forgot, and ends a run by its counts. Everything it does may be done twice.
 */
export function startTending(work: Work, holder: string): Tending {
  const stopped = new AbortController();
  let roused = new AbortController();
  let isOnDuty = false;
  const dutyMs = Math.min(LONGEST_DUTY_MS, (work.config.worker.lockSeconds * 1_000) / 2);
  const keepGrants = createGrantKeeper(work);
  const webhooks = createWebhookKeeper(work);

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      // Before the look: what ends during it may have come too late for it.
      roused = new AbortController();
      const startedAt = performance.now();
      try {
        isOnDuty = await work.store.runs.holdDuty('tend', holder, dutyMs, work.now());
        if (isOnDuty) {
          await tendInbox(work);
          await tendRuns(work);
          webhooks.look();
          await keepGrants();
        }
      } catch (error) {
        work.logger.warn({ reason: messageOf(error) }, 'tending runs was interrupted');
      }
      const tookMs = performance.now() - startedAt;
      const restMs = Math.min(EVERY_MS, Math.max(SHORTEST_REST_MS, RESTS * tookMs));
      await sleep(restMs, stopped.signal);
      await sleep(EVERY_MS - restMs, roused.signal);
    }
  }

  const running = loop();
  return {
    soon() {
      if (isOnDuty) roused.abort();
    },
    async stop() {
      stopped.abort();
      roused.abort();
      await running;
      await webhooks.stop();
    },
  };
}

/** Erasures whose time has come, by whatever their job was lost. */
async function tendErasures(work: Work): Promise<void> {
  const queue = queueNamed(work, RUNS_QUEUE);
  for (const { _id: erasure, account } of await work.store.erasures.due(work.now())) {
    const payload = { account, erasure };
    if (await isGone(queue, jobIdOf('erase-person', payload))) await enqueue(queue, 'erase-person', payload);
  }
}

/** Deletions that were confirmed, and verifications that are not done, by whatever their jobs were lost. */
async function tendOthers(work: Work): Promise<void> {
  const queue = queueNamed(work, RUNS_QUEUE);
  for (const { _id: run, account } of await work.store.runs.withConfirmedDeletions())
    await wake(queue, 'settle-deletions', { account, run }, { promote: false });
  for (const { _id: verification, account } of await work.store.verifications.due(work.now()))
    await wake(queue, 'verify-account', { account, verification }, { promote: false });
}

export async function tendRuns(work: Work): Promise<void> {
  await startDue(work);
  await tendErasures(work);
  await tendOthers(work);
  const running: { run: StoredRun; open: SliceOutline[] }[] = [];
  for (const run of await work.store.runs.unfinished()) {
    await unlessBroken(work, run, async () => {
      if (run.state === 'planning') await ensureRunJob(work, run, 'plan-run');
      else if (run.state === 'reconciling') await ensureRunJob(work, run, 'reconcile-run');
      else running.push({ run, open: await openSlices(work, run) });
    });
  }
  // Of all runs together: accounts take turns.
  await feed(
    work,
    running.map(({ open }) => open),
    work.now(),
  );
  for (const { run, open } of running) await unlessBroken(work, run, () => tendRunning(work, run, open));
}

/** What cannot be looked after for one run holds up no other; a database or Redis that is away holds up all. */
async function unlessBroken(work: Work, run: StoredRun, tend: () => Promise<void>): Promise<void> {
  try {
    await tend();
  } catch (error) {
    if (isStoreUnreachable(error)) throw error;
    work.logger.warn({ account: run.account, run: run._id, reason: messageOf(error) }, 'a run could not be looked after');
  }
}

async function openSlices({ store, now }: Work, run: StoredRun): Promise<SliceOutline[]> {
  const at = now();
  for (const parent of await store.slices.withUnfinishedSplit(run._id)) await store.slices.materialiseChild(parent, at);
  await store.slices.finishSettled(run._id, at);
  return store.slices.outlineOfRun(run._id, ['waiting', 'queued', 'reading', 'settling', 'failed']);
}

/** A job that ended while its run still asks for it was left over from before a pause or a stop. */
async function ensureRunJob(work: Work, run: StoredRun, name: 'plan-run' | 'reconcile-run'): Promise<void> {
  const queue = queueNamed(work, RUNS_QUEUE);
  const payload = { account: run.account, run: run._id };
  if (await isGone(queue, jobIdOf(name, payload))) await enqueue(queue, name, payload);
}

/** Whether the queue has no such job that will still run; one that has ended makes room. */
async function isGone(queue: Queue, jobId: string): Promise<boolean> {
  const job = await queue.getJob(jobId);
  const state = job ? await job.getState() : 'missing';
  if (state === 'failed' || state === 'completed') await job?.remove();
  else if (state !== 'missing' && state !== 'unknown') return false;
  return true;
}

async function tendRunning(work: Work, run: StoredRun, open: readonly SliceOutline[]): Promise<void> {
  const { store } = work;
  const now = work.now();
  const due = dueResources(run, open);
  for (const resource of due) await ensureBegin(work, run, resource);
  await findLost(work, open, now);
  await tendBatches(work, run, open, now);
  if (due.length > 0 || open.some((slice) => slice.state !== 'failed')) return;

  // A split may have added a slice after the list was read; slices only ever come from open slices, so one more look is enough.
  if ((await store.slices.outlineOfRun(run._id, ['waiting', 'queued', 'reading', 'settling'])).length > 0) return;
  const problem = problemOf(run, open, now);
  if (problem) return endRun(work, run, 'failed', problem);
  if (await store.runs.move(run._id, ['running'], 'reconciling')) {
    await enqueue(queueNamed(work, RUNS_QUEUE), 'reconcile-run', { account: run.account, run: run._id });
  }
}

/** Resources that have not begun and wait for nothing any more. A failed slice holds back what waits for its resource. */
function dueResources(run: StoredRun, open: readonly SliceOutline[]): string[] {
  const unfinished = new Set(open.map((slice) => slice.resource));
  const isDone = (name: string) => run.plan.begun.includes(name) && !unfinished.has(name);
  return run.resources.filter(
    (name) => !run.plan.begun.includes(name) && !Object.hasOwn(run.stuck, name) && waitsFor(name, run.resources).every(isDone),
  );
}

/** Why a run in which nothing moves any more cannot go on; null when all is done. */
function problemOf({ stuck, plan, resources }: StoredRun, failed: readonly SliceOutline[], now: Date): RunProblem | null {
  const [stopped] = Object.entries(stuck);
  const waiting = resources.filter((name) => !plan.begun.includes(name) && !Object.hasOwn(stuck, name));
  const held = waiting.length > 0 ? ` Not begun because of it: ${waiting.join(', ')}.` : '';
  const remedy = 'Mend the cause, then `tajo sync retry` continues where the run stopped.';
  if (failed.length > 0) {
    const first = failed.find((slice) => slice.error)?.error;
    const message = `${failed.length} slice(s) could not be read: ${first?.message ?? 'see the board'}${held}`;
    return { code: 'slices_failed', message, remedy, at: now };
  }
  if (!stopped) return null;
  const [name, { code, message }] = stopped;
  return { code, message: `${name} could not begin: ${message}${held}`, remedy, at: now };
}

async function ensureBegin(work: Work, run: StoredRun, resource: string): Promise<void> {
  const queue = queueNamed(work, RUNS_QUEUE);
  const payload = { account: run.account, run: run._id, resource };
  if (await isGone(queue, jobIdOf('begin-resource', payload))) await enqueue(queue, 'begin-resource', payload);
}

/** Slices whose job is not in the queue any more, e.g. after Redis lost its data. */
async function findLost(work: Work, open: readonly SliceOutline[], now: Date): Promise<void> {
  for (const slice of open) {
    if (slice.state !== 'queued' && slice.state !== 'reading') continue;
    if (now.getTime() - slice.touchedAt.getTime() < silentMs(work)) continue;
    const queue = queueNamed(work, queueOfResource(slice.resource));
    const job = await queue.getJob(
      jobIdOf('sync-page', { account: slice.account, run: slice.run, slice: slice._id, turn: slice.turn }),
    );
    const state = job ? await job.getState() : 'missing';
    if (state === 'missing' || state === 'unknown' || state === 'completed' || state === 'failed') {
      // Its job may just have ended and moved it on since the slice was read.
      if (await work.store.slices.requeueLost(slice, now))
        work.logger.warn({ account: slice.account, run: slice.run, slice: slice._id, state }, 'a slice had lost its job');
    }
  }
}

async function tendBatches(work: Work, run: StoredRun, open: readonly SliceOutline[], now: Date): Promise<void> {
  const counted = new Set(open.flatMap((slice) => slice.batches));
  if (counted.size === 0) return;
  const batches = await work.store.batches.ofRun(run._id, ['prepared', 'sent']);
  if (batches.some((batch) => batch.state === 'sent')) {
    await wake(queueNamed(work, SETTLEMENTS_QUEUE), 'settle-imports', { account: run.account }, { promote: false });
  }
  for (const batch of batches) {
    if (batch.state !== 'prepared' || !counted.has(batch._id)) continue;
    // Its job looked away or gave up while the run stood still.
    const leftLying = run.resumedAt ? batch.touchedAt < run.resumedAt : false;
    if (!leftLying && now.getTime() - batch.touchedAt.getTime() < silentMs(work)) continue;
    const queue = deliveriesQueue(work, batch.resource);
    const payload = { account: run.account, run: run._id, batch: batch._id, attempt: batch.attempt };
    const job = await queue.getJob(jobIdOf('deliver-batch', payload));
    const state = job ? await job.getState() : 'missing';
    const endedAt = job?.finishedOn ?? 0;
    const mended = run.resumedAt ? endedAt < run.resumedAt.getTime() : false;
    if (state === 'failed' && !mended && now.getTime() - endedAt < GIVEN_UP_MS) continue;
    if (state === 'failed' || state === 'completed') await job?.remove();
    if (state === 'missing' || state === 'unknown' || state === 'failed' || state === 'completed')
      await enqueue(queue, 'deliver-batch', payload);
  }
}

function silentMs({ config }: Work): number {
  return SILENT_LOCKS * config.worker.lockSeconds * 1_000;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
