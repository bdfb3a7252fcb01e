import { randomBytes } from 'node:crypto';
import { type Credentials, DEFAULT_ACCOUNT, sealCredentials } from '@tajo/accounts';
import { testConnection } from '../connection-test.js';
import type { Context } from '../context.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import type { ConnectKlaviyo, Connection } from '../schemas.js';

/** Tries both keys, and stores them only when everything the enabled resources need is there. */
export async function connectKlaviyo(context: Context, { body }: { body: ConnectKlaviyo }): Promise<Answer> {
  const { config, store, logger, now } = context;
  const { account } = body;
  const credentials = credentialsIn(context, body);
  const { klaviyo, brevo, missingScopes, faults } = await testConnection(context, account, credentials);
  const [fault] = faults;
  if (fault) {
    const status = fault.remedy === null ? 503 : 422;
    const detail = [...faults.map(({ message }) => message), ...scopeWords(missingScopes)].join(' ');
    throw new Problem(status, fault.code, `${detail} Nothing was stored.`, {
      extras: {
        field: fault.vendor === 'klaviyo' ? 'privateApiKey' : 'brevoApiKey',
        missingScopes,
        faults,
        ...(fault.remedy && { remedy: fault.remedy }),
      },
      ...(status === 503 && { headers: { 'retry-after': '10' } }),
    });
  }
  if (missingScopes.length > 0 || !klaviyo || !brevo) {
    throw new Problem(422, 'klaviyo_scope_missing', `${scopeWords(missingScopes).join('')} Nothing was stored.`, {
      extras: {
        field: 'privateApiKey',
        missingScopes,
        // Scopes of a private key cannot be changed once it exists.
        remedy: `Create a Klaviyo private key with ${missingScopes.join(', ')} as well, and connect with that.`,
      },
    });
  }
  await store.accounts.ensure(account, randomBytes(24).toString('base64url'));
  await store.accounts.connect(account, sealCredentials(config, account, credentials), now());
  logger.info({ account }, 'account connected');
  const connection: Connection = { account, klaviyo, brevo, missingScopes };
  return { status: 200, body: connection };
}

function credentialsIn({ config }: Context, { account, privateApiKey, publicApiKey, brevoApiKey }: ConnectKlaviyo): Credentials {
  const brevoKey = brevoApiKey ?? (account === DEFAULT_ACCOUNT ? config.account.brevo.apiKey : undefined);
  if (brevoKey === undefined) {
    throw new Problem(
      422,
      'invalid_request',
      'The body does not fit: brevoApiKey: is missing, and the configuration gives none for this account.',
      {
        extras: { field: 'brevoApiKey' },
      },
    );
  }
  return {
    klaviyoPrivateKey: privateApiKey,
    ...(publicApiKey !== undefined && { klaviyoPublicKey: publicApiKey }),
    brevoApiKey: brevoKey,
  };
}

function scopeWords(missing: readonly string[]): string[] {
  return missing.length > 0 ? [`The Klaviyo key lacks ${missing.join(', ')}.`] : [];
}
