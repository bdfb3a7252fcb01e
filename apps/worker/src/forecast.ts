import { messageOf } from '@tajo/errors';
import { redact } from '@tajo/logging';
import { type Plan, planRun, quick } from '@tajo/planner';
import type { RunContext } from './targets/target.js';

/** A run must not wait for its forecast. */
const WITHIN_MS = 8_000;

/**
 * What the run is expected to read and write, to be laid beside what came. Null but for a full run, where it is switched off,
 * and where it cannot be made: whatever that means for the run itself, the run will find it out.
 */
export async function forecastOf({ work, run, account }: RunContext): Promise<Plan | null> {
  // What an incremental run will find is not known before it looks; what a replay holds is known.
  if (run.mode !== 'full' || !work.config.account.forecast) return null;
  try {
    const plan = await planRun({
      clients: account,
      config: work.config,
      store: work.store,
      account: run.account,
      resources: run.resources,
      now: () => run.createdAt,
      force: run.force,
      effort: quick,
      withinMs: WITHIN_MS,
      signal: work.stopping,
    });
    // Cut short it would say little; the next worker makes it anew, or the run goes without.
    return work.stopping.aborted ? null : plan;
  } catch (error) {
    work.logger.warn({ account: run.account, run: run._id, reason: redact(messageOf(error)) }, 'run has no forecast');
    return null;
  }
}
