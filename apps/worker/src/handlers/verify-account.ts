import type { JobPayload } from '@tajo/contracts';
import { AccountStopped, messageOf, RetryLater, TajoError, WaitUntil } from '@tajo/errors';
import { redact } from '@tajo/logging';
import { isStoreUnreachable, type Verification } from '@tajo/store';
import { GaveBack } from '../settle.js';
import { latestRules, openVerifying } from '../verifying/look.js';
import { begun, STEPS } from '../verifying/steps.js';
import type { Work } from '../work.js';

/** A vendor that is away is asked again soon; what somebody has to mend takes longer. */
const AWAY_MS = 30_000;
const BROKEN_MS = 300_000;

/**
 * Compares both sides record by record, a page at a time, and writes nothing at either. Where it stands is in its document, written at once with what
 * was counted, so a step that is done twice counts once. What goes wrong stands on it too; it goes on by itself and stops nothing else.
 */
export async function verifyAccount(work: Work, { verification: id }: JobPayload<'verify-account'>): Promise<void> {
  const { store } = work;
  for (;;) {
    const verification = await store.verifications.get(id);
    if (verification?.state !== 'open') return;
    if (verification.notBefore > work.now())
      throw new WaitUntil('verification_waits', 'The verification goes on later.', { at: verification.notBefore });
    if (work.stopping.aborted) throw new GaveBack();
    try {
      const change = await step(work, verification);
      // Another worker was there first, and goes on.
      if (!(await store.verifications.advance(verification, { problem: null, ...change }))) return;
      if (change.state) {
        const unexplained = (change.differences ?? verification.differences).filter(({ explained }) => !explained);
        work.logger.info(
          {
            account: verification.account,
            verification: id,
            state: change.state,
            ...verification.counts,
            unexplained: unexplained.reduce((sum, { count }) => sum + count, 0),
          },
          'both sides were compared',
        );
      }
    } catch (error) {
      if (error instanceof WaitUntil || error instanceof GaveBack || isStoreUnreachable(error)) throw error;
      const code = error instanceof TajoError ? error.code : 'unexpected';
      const remedy = error instanceof AccountStopped ? ` ${error.remedy}` : '';
      const now = work.now();
      const pause = new Date(now.getTime() + (error instanceof RetryLater ? AWAY_MS : BROKEN_MS));
      await store.verifications.putOff(id, pause, { code, message: redact(`${messageOf(error)}${remedy}`), at: now });
      work.logger.warn(
        { account: verification.account, verification: id, step: verification.step, code },
        'a verification cannot go on yet',
      );
    }
  }
}

async function step(work: Work, verification: Verification): Promise<Partial<Verification>> {
  const account = await work.accounts.open(verification.account);
  if (verification.step === 'begin') {
    const latest = await latestRules(work, verification.account);
    if (!latest)
      return failed('nothing_synced', 'Nothing was ever synced, so there is nothing to compare; start a full run first.');
    const [beside] = await work.store.runs.list({
      account: verification.account,
      states: ['planning', 'running', 'reconciling'],
      limit: 1,
    });
    const mark = await work.store.watermarks.get(verification.account, 'profiles');
    return {
      ...(await begun({ work, account, verification })),
      rules: { run: latest.run, plannedAt: latest.plannedAt },
      watermark: mark?.at ?? null,
      besideRun: beside?._id ?? null,
      startedAt: work.now(),
    };
  }
  const verifying = await openVerifying(work, verification, account);
  if (!verifying)
    return failed('rules_gone', 'The run by whose rules profiles are mapped is not there any more; start a full run.');
  return STEPS[verification.step](verifying);

  function failed(code: string, message: string): Partial<Verification> {
    const now = work.now();
    return { state: 'failed', doneAt: now, problem: { code, message, at: now } };
  }
}
