import { type AnyResource, resourceNamed } from '@tajo/mapping';
import type { ResourceTotals, StoredRun } from '@tajo/store';
import { isBalanced } from '@tajo/store';
import { isOfBrevo } from './read-page.js';
import type { RunContext } from './targets/target.js';
import type { Work } from './work.js';

/** A change may be visible to Klaviyo's filters some time after its own time says so. */
const OVERLAP_MS = 5 * 60_000;
/** Behind the run's beginning: what was changed in these last seconds may not have been visible yet when it was read. */
const SAFETY_MS = 5_000;
const DAY_MS = 86_400_000;

/**
 * From when on an incremental run asks for a resource. Null when it reads the whole: Klaviyo has no filter for it, or nothing was ever
 * read to its end. The run keeps the answer, so asked again it is the same.
 */
export async function sinceOf({ work, run }: RunContext, { name, read }: AnyResource): Promise<Date | null> {
  if (run.mode !== 'incremental' || read.since === undefined) return null;
  const fixed = run.since?.[name];
  if (fixed) return fixed;
  const mark = await work.store.watermarks.get(run.account, name);
  if (!mark) return null;
  const backMs = Math.max(OVERLAP_MS, read.comesLate ? work.config.account.events.lookBackDays * DAY_MS : 0);
  const since = new Date(Math.floor((mark.at.getTime() - backMs) / 1_000) * 1_000);
  await work.store.runs.setSince(run._id, name, since);
  return since;
}

/**
 * Up to when a run reads a resource: to its own beginning, later changes are the next run's. Only of what the run itself has changed at its
 * source before (the way back from Brevo) it reads to this moment: those records bear a later time now, and what else was changed of them
 * would have to wait for the next run. Never past Klaviyo's own clock, as far as it was seen behind ours: it refuses a bound in its future. The
 * run keeps the answer.
 */
export async function untilOf({ work, run }: RunContext, { name, after = [] }: AnyResource): Promise<Date> {
  const isChangedByRun = after.some((other) => run.resources.includes(other) && isOfBrevo(resourceNamed(other)));
  if (!isChangedByRun) return run.createdAt;
  const fixed = run.until?.[name];
  if (fixed) return fixed;
  const until = new Date(work.now().getTime() - (run.vendorBehindMs ?? 0));
  await work.store.runs.setUntil(run._id, name, until);
  return until;
}

/** Whether the run read everything the resource has, so that what it did not meet may be gone. Children are swept with their parents. */
export function isSwept(run: Pick<StoredRun, 'mode' | 'since'>, resource: string): boolean {
  if (run.mode === 'replay' || run.since?.[resource] !== undefined) return false;
  const parent = resourceNamed(resource).read.forEach?.resource;
  return parent === undefined || isSwept(run, parent);
}

/** Moves the watermarks of the resources that this run read to their end and settled, whatever became of the others. */
export async function raiseWatermarks(work: Work, id: string, totals: Readonly<Record<string, ResourceTotals>>): Promise<void> {
  const run = await work.store.runs.get(id);
  if (!run || (run.mode !== 'full' && run.mode !== 'incremental')) return;
  // Whatever changed after the run began is the next one's to read.
  const at = new Date(run.createdAt.getTime() - SAFETY_MS - (run.vendorBehindMs ?? 0));
  for (const resource of run.plan.begun) {
    const found = totals[resource];
    const states = Object.keys(found?.slices ?? {});
    if (states.some((state) => state !== 'done') || (found && !isBalanced(found.counts))) continue;
    await work.store.watermarks.raise({ account: run.account, resource, run: id, at });
  }
}
