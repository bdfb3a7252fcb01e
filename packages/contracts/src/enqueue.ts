import { Queue, type ConnectionOptions, type Job, type JobsOptions } from 'bullmq';
import { jobIdOf, jobs, parseJob, queueNames, type JobName, type JobPayload, type Topology } from './queues.js';

/** Retention is what makes enqueueing by job id idempotent and what lets an operator retry on the board. */
export const JOB_DEFAULTS: JobsOptions = {
  // An outage of half an hour passes by itself, and after it nobody waits long: see `retryDelayMs`.
  attempts: 40,
  backoff: { type: 'capped' },
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 14 * 86_400 },
  stackTraceLimit: 5,
};

/** Pauses double from 1 s up to a minute, spread so that jobs which failed together do not come back together. */
export function retryDelayMs(attemptsMade: number, random: () => number = Math.random): number {
  return Math.min(1_000 * 2 ** (attemptsMade - 1), 60_000) * (0.7 + 0.3 * random());
}

export type Queues = ReadonlyMap<string, Queue>;

export function openQueues(options: Topology & { connection: ConnectionOptions; prefix: string }): Queues {
  return new Map(
    queueNames(options).map((name) => [
      name,
      new Queue(name, { connection: options.connection, prefix: options.prefix, defaultJobOptions: JOB_DEFAULTS }),
    ]),
  );
}

/** Adds the job once: the same work enqueued twice is one job while the first is retained. */
export async function enqueue<Name extends JobName>(
  queue: Queue,
  name: Name,
  payload: JobPayload<Name>,
  options: JobsOptions = {},
): Promise<void> {
  await queue.add(name, parseJob(name, payload), { jobId: jobIdOf(name, payload), ...options });
}

/**
 * Makes sure that a standing job (one per account, e.g. `settle-imports`) exists and runs soon: promotes it when it sleeps
 * (unless `promote` is false), adds it when there is none, replaces it when an old one has ended. Any number may do so at once.
 */
export async function wake<Name extends JobName>(
  queue: Queue,
  name: Name,
  payload: JobPayload<Name>,
  { promote = true }: { promote?: boolean } = {},
): Promise<void> {
  const data = parseJob(name, payload);
  const jobId = jobIdOf(name, payload);
  const existing = await queue.getJob(jobId);
  const state = await existing?.getState();
  if (existing && state === 'delayed') return promote ? runNow(existing) : undefined;
  // What has just failed for good would fail again; a minute lets its cause pass.
  if (existing && state === 'failed' && !promote && Date.now() - (existing.finishedOn ?? 0) < 60_000) return;
  if (existing && (state === 'completed' || state === 'failed')) {
    if (!(await isRemoved(existing))) return;
  } else if (existing && state !== 'unknown') return; // `unknown`: it ended and was removed between the two calls.
  await queue.add(name, data, { jobId, removeOnComplete: true });
}

/** Promoted by somebody else, or over, since its state was read: it ran after this wake was wanted, which is all that was wanted. */
async function runNow(job: Job): Promise<void> {
  try {
    await job.promote();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === NOT_IN_STATE || error.code === JOB_GONE))) throw error;
  }
}

/** False when somebody else has replaced it already and the new one is at work. */
async function isRemoved(job: Job): Promise<boolean> {
  try {
    await job.remove();
    return true;
  } catch (error) {
    // BullMQ gives this one no code.
    if (error instanceof Error && error.message.includes('locked by another worker')) return false;
    throw error;
  }
}

// BullMQ's ErrorCode.JobNotInState and .JobNotExist, which it does not export.
const NOT_IN_STATE = -3;
const JOB_GONE = -1;

/** Names of all jobs, for boards and metrics. */
export const JOB_NAMES = Object.keys(jobs) as readonly JobName[];
