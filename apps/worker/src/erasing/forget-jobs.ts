import type { Work } from '../work.js';

const PAGE = 500;
const STATES = ['failed', 'completed', 'waiting', 'delayed'] as const;

/** Jobs hold references only, but what one failed with is the vendor's words: those that name the person are removed. */
export async function forgetJobs({ queues }: Pick<Work, 'queues'>, isTheirs: (value: unknown) => boolean): Promise<number> {
  let removed = 0;
  for (const queue of queues.values()) {
    for (const state of STATES) {
      for (let start = 0, more = true; more; ) {
        const jobs = await queue.getJobs(state, start, start + PAGE - 1);
        const theirs = jobs.filter((job) => isTheirs([job.data, job.failedReason, job.stacktrace]));
        for (const job of theirs) await job.remove();
        removed += theirs.length;
        start += PAGE - theirs.length;
        more = jobs.length === PAGE;
      }
    }
  }
  return removed;
}
