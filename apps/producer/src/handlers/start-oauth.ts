import { createHash, randomBytes } from 'node:crypto';
import { brevoKeyOf, klaviyoOAuthOf, secretBoxOf } from '@tajo/accounts';
import type { Context } from '../context.js';
import { redirectUriOf, stateIdOf } from '../oauth.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import type { AccountQuery, OAuthStarted, StartOAuth } from '../schemas.js';

/** People read a consent page before they press the button. */
const CONSENT_MS = 600_000;

/** Begins a connection by OAuth: answers the address at which the merchant says yes. */
export async function startOAuth(
  context: Context,
  { account, brevoApiKey }: Pick<StartOAuth, 'account' | 'brevoApiKey'>,
): Promise<Answer> {
  const { config, store, logger, now } = context;
  const oauth = klaviyoOAuthOf(config);
  if (brevoApiKey === undefined && (await brevoKeyOf(config, store, account)) === undefined) {
    throw new Problem(422, 'brevo_key_missing', `Account ${account} has no Brevo key yet; send brevoApiKey along.`, {
      extras: { field: 'brevoApiKey', remedy: 'POST /v1/oauth/klaviyo/start with { account, brevoApiKey }.' },
    });
  }
  const state = randomBytes(32).toString('base64url');
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = redirectUriOf(config);
  const id = stateIdOf(state);
  const expiresAt = new Date(now().getTime() + CONSENT_MS);
  // Bound to this attempt: it opens under no other state.
  const sealed = secretBoxOf(config).seal(`oauth:${id}`, JSON.stringify({ verifier, brevoApiKey }));
  await store.grants.begin({ _id: id, account, sealed, redirectUri, expiresAt }, now());
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const authorizeUrl = oauth.authorizeUrl({ state, challenge, redirectUri, scope: config.account.klaviyo.oauth.scopes });
  oauth.close();
  logger.info({ account }, 'connection by OAuth begun');
  const body: OAuthStarted = { account, authorizeUrl, redirectUri, expiresAt: expiresAt.toISOString() };
  return { status: 200, body };
}

export const startOAuthByQuery = (context: Context, { query }: { query: AccountQuery }) => startOAuth(context, query);
export const startOAuthByBody = (context: Context, { body }: { body: StartOAuth }) => startOAuth(context, body);
