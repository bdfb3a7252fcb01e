import type { Queues } from '@tajo/contracts';
import type { Job, JobType, Queue } from 'bullmq';

const RESTING: readonly JobType[] = ['wait', 'delayed', 'prioritized', 'waiting-children', 'completed', 'failed'];
const PART = 1_000;

/** Removes every job and schedule of the account that is not at work just now; answers how many. */
export async function removeJobsOf(queues: Queues, account: string): Promise<number> {
  let removed = 0;
  for (const queue of queues.values()) {
    for (const { key, template } of await queue.getJobSchedulers(0, -1)) {
      if (isOf(account, template?.data) && (await queue.removeJobScheduler(key))) removed += 1;
    }
    // All of them first: removing moves those behind.
    const jobs: Job[] = [];
    for (const type of RESTING) for await (const job of jobsOf(queue, type)) if (isOf(account, job.data)) jobs.push(job);
    for (const job of jobs) if (await isGone(job)) removed += 1;
  }
  return removed;
}

export async function activeJobsOf(queues: Queues, account: string): Promise<number> {
  let active = 0;
  for (const queue of queues.values()) for await (const job of jobsOf(queue, 'active')) if (isOf(account, job.data)) active += 1;
  return active;
}

async function* jobsOf(queue: Queue, type: JobType): AsyncGenerator<Job> {
  for (let start = 0; ; start += PART) {
    const jobs: (Job | undefined)[] = await queue.getJobs([type], start, start + PART - 1);
    // One that was removed between the two calls behind this one is undefined.
    for (const job of jobs) if (job) yield job;
    if (jobs.length < PART) return;
  }
}

/** False when it has begun meanwhile: then it is waited for. */
async function isGone(job: Job): Promise<boolean> {
  try {
    await job.remove();
    return true;
  } catch (error) {
    // BullMQ gives this one no code.
    if (error instanceof Error && error.message.includes('locked by another worker')) return false;
    throw error;
  }
}

function isOf(account: string, data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'account' in data && data.account === account;
}
