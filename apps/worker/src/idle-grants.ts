import { createOAuthTokens, klaviyoOAuthOf } from '@tajo/accounts';
import { AccountStopped, BadInput, messageOf } from '@tajo/errors';
import { stopAccount } from './given-up.js';
import type { Work } from './work.js';

/** Klaviyo drops a refresh token after 90 days without use; refreshing early leaves two months to mend what keeps it from working. */
const IDLE_MS = 30 * 86_400_000;
const LOOK_EVERY_MS = 600_000;

/** Keeps connections by OAuth alive that nobody uses, e.g. of paused accounts. For the worker that tends; cheap to call often. */
export function createGrantKeeper(work: Work): () => Promise<void> {
  let lookAgainAt = 0;
  return async () => {
    const now = work.now();
    if (now.getTime() < lookAgainAt) return;
    lookAgainAt = now.getTime() + LOOK_EVERY_MS;
    await refreshIdleGrants(work);
  };
}

export async function refreshIdleGrants(work: Work): Promise<void> {
  const { config, store, logger, now } = work;
  const idle = await store.grants.idle(new Date(now().getTime() - IDLE_MS));
  if (idle.length === 0) return;
  let oauth;
  try {
    oauth = klaviyoOAuthOf(config);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    logger.warn({ connections: idle.length, reason: error.message }, 'connections by OAuth will lapse without their app');
    return;
  }
  const tokens = createOAuthTokens({ config, store, oauth, now });
  try {
    for (const grant of idle) {
      try {
        await tokens.renew(grant);
        logger.info({ account: grant.account }, 'an idle connection by OAuth was refreshed');
      } catch (error) {
        if (error instanceof AccountStopped) await stopAccount(work, grant.account, error);
        else
          logger.warn(
            { account: grant.account, reason: messageOf(error) },
            'an idle connection could not be refreshed; trying again later',
          );
      }
    }
  } finally {
    oauth.close();
  }
}
