import type { JobName } from '@tajo/contracts';
import { AccountStopped, Bug, messageOf, TajoError } from '@tajo/errors';
import { redact } from '@tajo/logging';
import type { RunProblem, RunState } from '@tajo/store';
import { z } from 'zod';
import { endRun } from './run-end.js';
import type { Work } from './work.js';

const LIVE_STATES: readonly RunState[] = ['planning', 'running', 'reconciling'];

/** Every run of the account stands still, and says who must do what. `tajo sync resume` goes on where it stopped. */
export async function stopAccount(work: Work, account: string, error: AccountStopped): Promise<void> {
  const problem: Required<RunProblem> = {
    code: error.code,
    message: redact(error.message),
    remedy: error.remedy,
    at: work.now(),
  };
  await work.store.accounts.stop(account, problem);
  for (const run of await work.store.runs.list({ account, states: LIVE_STATES })) {
    await work.store.runs.move(run._id, [run.state], 'stopped', { problem, resumeTo: run.state });
  }
  work.logger.error({ account, code: error.code, remedy: error.remedy }, problem.message);
}

const payloadShape = z.looseObject({
  run: z.string().optional(),
  slice: z.string().optional(),
  turn: z.number().optional(),
  resource: z.string().optional(),
});

/** A job that will not be tried again by itself leaves its mark where an operator looks: on its slice or run. */
export async function giveUp(work: Work, name: JobName, data: unknown, thrown: unknown): Promise<void> {
  const payload = payloadShape.safeParse(data);
  if (!payload.success) return;
  const { run: runId, slice, turn, resource } = payload.data;
  const error = {
    code: thrown instanceof TajoError ? thrown.code : 'unexpected',
    message: redact(messageOf(thrown)),
    at: work.now(),
  };
  if (name === 'sync-page' && slice !== undefined && turn !== undefined)
    return work.store.slices.fail({ _id: slice, turn }, error, work.now());
  const run = runId === undefined ? null : await work.store.runs.get(runId);
  if (!run) return;
  const remedy =
    thrown instanceof Bug
      ? 'This is a fault of ours: keep the run and report it.'
      : 'Mend the cause, then retry the job on the board.';
  if (name === 'begin-resource' && resource !== undefined) return work.store.runs.stuck(run._id, resource, { ...error, remedy });
  if (name === 'plan-run' || name === 'reconcile-run') await endRun(work, run, 'failed', { ...error, remedy });
  else await work.store.runs.update(run._id, { problem: { ...error, remedy } });
}
