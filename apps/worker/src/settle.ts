import { AccountStopped, Bug, RetryLater, TajoError, WaitUntil, messageOf } from '@tajo/errors';
import { redact } from '@tajo/logging';
import { isStoreUnreachable } from '@tajo/store';
import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';

/** Thrown by a handler that stopped at a boundary because the process is ending: the job goes back to the head of its queue. */
export class GaveBack extends Error {
  constructor() {
    super('the worker is stopping; the job goes back to its queue');
    this.name = 'GaveBack';
  }
}

/**
 * Turns what a handler threw into BullMQ's terms. The message that lands in Redis and on the board is scrubbed: vendors repeat
 * e-mail addresses in their answers.
 */
export async function settleJob(job: Job, token: string | undefined, thrown: unknown): Promise<Error> {
  if (thrown instanceof GaveBack) {
    await job.moveToWait(token);
    return new WaitingError();
  }
  if (thrown instanceof WaitUntil) {
    // No reservation is held, so coming back late costs nothing, and no attempt is burned.
    await job.moveToDelayed(Math.max(thrown.at.getTime(), Date.now() + 50), token);
    return new DelayedError();
  }
  if (thrown instanceof AccountStopped) return new UnrecoverableError(redact(`${thrown.message} ${thrown.remedy}`));
  if (thrown instanceof Bug) return new UnrecoverableError(redact(`${thrown.code}: ${thrown.message}`));
  if (thrown instanceof RetryLater || isStoreUnreachable(thrown)) return scrubbed(thrown);
  if (thrown instanceof TajoError) return new UnrecoverableError(redact(`${thrown.code}: ${thrown.message}`));
  return scrubbed(thrown);
}

/** Whether BullMQ would try this job again after `thrown`. */
export function isLastAttempt(job: Pick<Job, 'attemptsMade' | 'opts'>, thrown: unknown): boolean {
  if (thrown instanceof GaveBack || thrown instanceof WaitUntil) return false;
  const retryable = thrown instanceof RetryLater || isStoreUnreachable(thrown) || !(thrown instanceof TajoError);
  return !retryable || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

function scrubbed(thrown: unknown): Error {
  const error = new Error(redact(messageOf(thrown)));
  error.name = redact(thrown instanceof Error ? thrown.name : 'Error');
  return error;
}
