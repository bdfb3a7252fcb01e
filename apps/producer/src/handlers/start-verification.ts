import { credentialsFrom } from '@tajo/accounts';
import { wake } from '@tajo/contracts';
import type { Context } from '../context.js';
import { refusePaused } from '../present-account.js';
import { presentVerification } from '../present-verification.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import { tellWorkers } from '../run-answer.js';
import type { StartVerification } from '../schemas.js';

export async function startVerification(context: Context, { body }: { body: StartVerification }): Promise<Answer> {
  const { config, store, logger, now } = context;
  const { account, sample = null, repair } = body;
  const stored = await store.accounts.get(account);
  // Throws when the account is not connected.
  credentialsFrom(config, account, stored);
  refusePaused(stored);
  const outcome = await store.verifications.request({ account, sample, repair }, now());
  if ('busy' in outcome) {
    const message = `Verification ${outcome.busy} of account ${account} is not done; wait for it.`;
    throw new Problem(409, 'verification_active', message, { extras: { verificationId: outcome.busy } });
  }
  const { verification } = outcome;
  logger.info({ account, verification: verification._id, sample, repair }, 'verification accepted');
  await tellWorkers(context, (queue) => wake(queue, 'verify-account', { account, verification: verification._id }));
  return {
    status: 202,
    body: presentVerification(verification),
    headers: { location: `/v1/verifications/${verification._id}` },
  };
}
