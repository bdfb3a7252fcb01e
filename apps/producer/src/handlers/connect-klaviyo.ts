import { randomBytes } from 'node:crypto';
import { type Credentials, DEFAULT_ACCOUNT, sealCredentials } from '@tajo/accounts';
import { type TestedConnection, testConnection } from '../connection-test.js';
import type { Context } from '../context.js';
import { endGrant } from '../oauth.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import type { ConnectKlaviyo, Connection } from '../schemas.js';

/** Tries both keys, and stores them only when everything the enabled resources need is there. */
export async function connectKlaviyo(context: Context, { body }: { body: ConnectKlaviyo }): Promise<Answer> {
  const { config, store, logger, now } = context;
  const { account } = body;
  const credentials = credentialsIn(context, body);
  const tested = await testConnection(context, account, credentials);
  const found = workingOrThrow(tested, 'private');
  await endGrant(context, account);
  await store.accounts.ensure(account, randomBytes(24).toString('base64url'));
  await store.accounts.connect(account, sealCredentials(config, account, credentials), now());
  logger.info({ account }, 'account connected');
  const connection: Connection = { account, ...found, missingScopes: [] };
  return { status: 200, body: connection };
}

/** Both sides as they were found; throws the problem of whatever is missing or refused. */
export function workingOrThrow(
  { klaviyo, brevo, missingScopes, faults }: TestedConnection,
  auth: 'private' | 'oauth',
): Pick<Connection, 'klaviyo' | 'brevo'> {
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
        remedy:
          auth === 'private'
            ? `Create a Klaviyo private key with ${missingScopes.join(', ')} as well, and connect with that.`
            : `Give the OAuth app ${missingScopes.join(', ')} as well (connectors.klaviyo.oauth.scopes), and connect again.`,
      },
    });
  }
  return { klaviyo, brevo };
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
