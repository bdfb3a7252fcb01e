import { credentialsFrom } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import { AccountStopped } from '@tajo/errors';
import type { StoredAccount } from '@tajo/store';
import { Problem } from './problem.js';
import type { Account } from './schemas.js';

/** An account as the API shows it; `run` is the one that is not finished. */
export function presentAccount(config: Config, stored: StoredAccount, run: string | null): Account {
  const auth = authOf(config, stored);
  return {
    account: stored._id,
    connected: auth !== null,
    auth,
    connectedAt: stored.connectedAt?.toISOString() ?? null,
    pausedAt: stored.pausedAt?.toISOString() ?? null,
    deleting: Boolean(stored.deletingAt),
    stopped: stored.stopped && { ...stored.stopped, at: stored.stopped.at.toISOString() },
    run,
  };
}

function authOf(config: Config, stored: StoredAccount): Account['auth'] {
  try {
    return 'klaviyoGrant' in credentialsFrom(config, stored._id, stored) ? 'oauth' : 'private';
  } catch (error) {
    if (error instanceof AccountStopped) return null;
    throw error;
  }
}

/** Nothing is started for an account that was paused. */
export function refusePaused(stored: Pick<StoredAccount, '_id' | 'pausedAt'> | null): void {
  if (!stored?.pausedAt) return;
  const { _id: account, pausedAt } = stored;
  throw new Problem(409, 'account_paused', `Account ${account} has been paused since ${pausedAt.toISOString()}.`, {
    extras: { remedy: `Resume it: \`tajo accounts resume ${account}\`.` },
  });
}
