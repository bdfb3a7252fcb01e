import { setMaxListeners } from 'node:events';
import {
  DELIVERIES_QUEUE_PREFIX,
  JOB_NAMES,
  parseJob,
  queueNames,
  retryDelayMs,
  type JobName,
  type Topology,
} from '@tajo/contracts';
import { AccountStopped, Bug, messageOf } from '@tajo/errors';
import { Worker, type ConnectionOptions, type Job } from 'bullmq';
import type { Logger } from '@tajo/logging';
import { isLastAttempt, settleJob } from './settle.js';

/** Each holds a whole batch in memory, several times over, and a few keep Brevo's lane full. */
const MOST_DELIVERIES = 4;

/** One handler per job name. `job` is for those that need their own id or attempts; payloads come parsed. */
export type Handlers = { [Name in JobName]: (payload: ReturnType<typeof parseJob<Name>>, signal: AbortSignal) => Promise<void> };

export interface ConsumeOptions extends Topology {
  readonly connection: ConnectionOptions;
  readonly prefix: string;
  readonly concurrency: number;
  readonly lockMs: number;
  readonly handlers: Handlers;
  readonly logger: Logger;
  /** Someone must act: called once for each job that stopped its account. */
  readonly onAccountStopped: (account: string, error: AccountStopped) => Promise<void>;
  /** The job will not be tried again by itself. */
  readonly onGivenUp: (name: JobName, payload: unknown, error: unknown) => Promise<void>;
  readonly observe?: (name: JobName, outcome: 'done' | 'given-back' | 'failed', ms: number) => void;
}

export interface Consumers {
  /** Takes no new job, asks running ones to stop at their next boundary and waits for them, at most `withinMs`. */
  close(withinMs: number): Promise<void>;
  isRunning(): boolean;
}

/** Consumes every queue. The only file that knows BullMQ's Worker. */
export function consume(options: ConsumeOptions): Consumers {
  const { logger } = options;
  const stop = new AbortController();
  // Every request of every job listens.
  setMaxListeners(0, stop.signal);

  async function process(job: Job, token: string | undefined): Promise<void> {
    const startedAt = Date.now();
    const name = job.name as JobName; // Checked in the next line, before anything uses it.
    try {
      if (!JOB_NAMES.includes(name)) throw new Bug('job_unknown', `This release knows no job named ${job.name}.`);
      // The union of handlers cannot be called by a generic name; parseJob has just proved that payload and name fit.
      const handler = options.handlers[name] as (payload: unknown, signal: AbortSignal) => Promise<void>;
      await handler(parseJob(name, job.data), stop.signal);
      options.observe?.(name, 'done', Date.now() - startedAt);
    } catch (fault) {
      const thrown = await reported(job, name, fault);
      const last = isLastAttempt(job, thrown);
      const settled = await settleJob(job, token, thrown);
      const backInQueue = settled.name === 'WaitingError' || settled.name === 'DelayedError';
      // A name we do not know may be anything, and would be a label of the metrics.
      if (JOB_NAMES.includes(name)) options.observe?.(name, backInQueue ? 'given-back' : 'failed', Date.now() - startedAt);
      if (!backInQueue) {
        const facts = { job: job.id, name, attempt: job.attemptsMade + 1, err: thrown };
        if (last) logger.error(facts, 'job failed for good');
        else logger.warn(facts, 'job will be tried again');
      }
      throw settled;
    }
  }

  /** Tells those who must know. What keeps it from telling goes on in the fault's stead: then the job tries both again. */
  async function reported(job: Job, name: JobName, fault: unknown): Promise<unknown> {
    const account: unknown = job.data?.account;
    try {
      if (fault instanceof AccountStopped && typeof account === 'string') await options.onAccountStopped(account, fault);
      else if (isLastAttempt(job, fault)) await options.onGivenUp(name, job.data, fault);
      return fault;
    } catch (failure) {
      return failure;
    }
  }

  const workers = queueNames(options).map((queue) => {
    const worker = new Worker(queue, process, {
      connection: options.connection,
      prefix: options.prefix,
      concurrency: queue.startsWith(DELIVERIES_QUEUE_PREFIX)
        ? Math.min(options.concurrency, MOST_DELIVERIES)
        : options.concurrency,
      lockDuration: options.lockMs,
      stalledInterval: options.lockMs,
      // A rolling restart stalls a job more than once; the slice's fence makes that harmless.
      maxStalledCount: 50,
      settings: { backoffStrategy: (attemptsMade) => retryDelayMs(attemptsMade ?? 1) },
    });
    worker.on('error', (error) => logger.warn({ queue, reason: messageOf(error) }, 'queue connection'));
    return worker;
  });

  return {
    async close(withinMs) {
      stop.abort();
      const closing = Promise.all(workers.map((worker) => worker.close()));
      const late = new Promise<'late'>((resolve) => {
        setTimeout(() => resolve('late'), withinMs).unref();
      });
      if ((await Promise.race([closing, late])) !== 'late') return;
      // Their locks expire with this process and another worker takes the jobs up. Once closing, BullMQ cannot be hurried.
      logger.warn({ withinMs }, 'jobs did not stop in time');
    },
    isRunning: () => workers.every((worker) => worker.isRunning()),
  };
}
