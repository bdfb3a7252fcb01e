import { createHash } from 'node:crypto';
import { klaviyoOAuthOf, openTokens } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import { BadInput, messageOf, RequestRefused } from '@tajo/errors';
import type { Context } from './context.js';

/** Where Klaviyo sends the merchant's browser after the consent; to be entered in the app at Klaviyo. */
export const OAUTH_CALLBACK_PATH = '/oauth/klaviyo/callback';

export function redirectUriOf({ publicUrl, apiUrl }: Pick<Config, 'publicUrl' | 'apiUrl'>): string {
  return (publicUrl ?? apiUrl).replace(/\/+$/, '') + OAUTH_CALLBACK_PATH;
}

/** What is stored of a state: a copy of the database finishes nobody's consent. */
export function stateIdOf(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}

/**
 * Ends the account's connection at Klaviyo and forgets its tokens. Null when there was none; false when Klaviyo could not be told, then the
 * tokens are forgotten all the same, unless `keep` says that somebody will ask again.
 */
export async function endGrant(
  { config, store, logger }: Context,
  account: string,
  { keep = false }: { keep?: boolean } = {},
): Promise<boolean | null> {
  const grant = await store.grants.get(account);
  if (!grant) return null;
  let revoked = true;
  try {
    const oauth = klaviyoOAuthOf(config);
    const { refreshToken } = openTokens(config, grant);
    await oauth.revoke({ account, refreshToken }).finally(() => oauth.close());
  } catch (error) {
    // Without its app, or by a final refusal, nothing will ever be revoked: the merchant can remove the app at Klaviyo.
    const isFinal = error instanceof BadInput || error instanceof RequestRefused;
    if (keep && !isFinal) throw error;
    logger.warn({ account, reason: messageOf(error) }, 'the connection could not be revoked at Klaviyo');
    revoked = false;
  }
  await store.grants.remove(account, grant.grant);
  return revoked;
}
