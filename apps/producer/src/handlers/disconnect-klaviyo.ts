import { brevoKeyOf, credentialsFrom, sealCredentials } from '@tajo/accounts';
import { AccountStopped } from '@tajo/errors';
import type { Context } from '../context.js';
import { endGrant } from '../oauth.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import type { AccountQuery, Disconnected } from '../schemas.js';

/**
 * Forgets how Klaviyo is reached; a connection by OAuth is revoked there first, and while Klaviyo cannot be told nothing changes. Data and
 * Brevo's key stay. Harmless again.
 */
export async function disconnectKlaviyo(context: Context, { query: { account } }: { query: AccountQuery }): Promise<Answer> {
  const { config, store, logger } = context;
  const stored = await store.accounts.get(account);
  if (!stored) throw notFound(`account ${account}`);
  const revoked = await endGrant(context, account, { keep: true });
  const brevoApiKey = await brevoKeyOf(config, store, account).catch((error: unknown) => {
    // What cannot be opened is of no use to anybody.
    if (error instanceof AccountStopped) return undefined;
    throw error;
  });
  const keepsBrevo = stored.sealed !== null && brevoApiKey !== undefined;
  await store.accounts.disconnect(account, keepsBrevo ? sealCredentials(config, account, { brevoApiKey }) : null);
  logger.info({ account, revoked }, 'account disconnected');
  const body: Disconnected = { account, revoked, connected: isConnected(context, account) };
  return { status: 200, body };
}

/** The keys of the configuration are not ours to forget. */
function isConnected({ config }: Context, account: string): boolean {
  try {
    credentialsFrom(config, account, null);
    return true;
  } catch {
    return false;
  }
}
