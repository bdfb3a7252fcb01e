import { randomBytes } from 'node:crypto';
import { brevoKeyOf, type Credentials, klaviyoOAuthOf, sealCredentials, sealTokens, secretBoxOf } from '@tajo/accounts';
import { RequestRefused } from '@tajo/errors';
import { invalidGrant } from '@tajo/klaviyo';
import { z } from 'zod';
import { testConnection } from '../connection-test.js';
import type { Context } from '../context.js';
import { stateIdOf } from '../oauth.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import type { OAuthCallbackQuery } from '../schemas.js';
import { workingOrThrow } from './connect-klaviyo.js';

const secretsOfAttempt = z.object({ verifier: z.string(), brevoApiKey: z.string().optional() });

/**
 * Klaviyo sends the merchant's browser back. The state is all that tells whose consent this is: unguessable, good once and for some minutes.
 * What was granted is tried before it is stored.
 */
export async function finishOAuth(context: Context, { query }: { query: OAuthCallbackQuery }): Promise<Answer> {
  const { config, store, logger, now } = context;
  const attempt = await store.grants.take(stateIdOf(query.state), now());
  if (!attempt) {
    throw new Problem(
      400,
      'oauth_state_unknown',
      'This consent was not asked for here, was used already, or took too long; begin anew.',
    );
  }
  const { _id, account, redirectUri, sealed } = attempt;
  if (query.code === undefined) {
    logger.info({ account }, 'connection by OAuth declined');
    throw new Problem(400, 'oauth_declined', 'Klaviyo did not give its consent; nothing was connected.');
  }
  const { verifier, brevoApiKey } = secretsOfAttempt.parse(JSON.parse(secretBoxOf(config).open(`oauth:${_id}`, sealed)));
  const brevoKey = brevoApiKey ?? (await brevoKeyOf(config, store, account));
  if (brevoKey === undefined)
    throw new Problem(409, 'brevo_key_missing', 'The account lost its Brevo key meanwhile; begin anew.');

  const oauth = klaviyoOAuthOf(config);
  try {
    const given = await oauth.exchange({ account, code: query.code, verifier, redirectUri }).catch((error: unknown) => {
      if (!(error instanceof RequestRefused)) throw error;
      const why = error.code === invalidGrant ? 'the code of this consent is not good any more' : error.message;
      throw new Problem(502, 'oauth_refused', `Klaviyo gave no tokens: ${why}; begin anew.`, { cause: error });
    });
    const grant = randomBytes(12).toString('base64url');
    const credentials: Credentials = { klaviyoGrant: grant, brevoApiKey: brevoKey };
    const found = await testConnection(context, account, credentials, async () => ({ access: given.accessToken, isFresh: true }))
      .then((tested) => workingOrThrow(tested, 'oauth'))
      .catch(async (error: unknown) => {
        // Nobody will use what was granted.
        await oauth.revoke({ account, refreshToken: given.refreshToken }).catch(() => undefined);
        throw error;
      });
    await store.grants.put(account, grant, sealTokens(config, account, given, now()), now());
    await store.accounts.ensure(account, randomBytes(24).toString('base64url'));
    await store.accounts.connect(account, sealCredentials(config, account, credentials), now());
    logger.info({ account }, 'account connected by OAuth');
    const text = `Connected: Klaviyo account ${found.klaviyo.name} with Brevo account ${found.brevo.company}. You can close this page.\n`;
    return { status: 200, text, contentType: 'text/plain' };
  } finally {
    oauth.close();
  }
}
