import type { Config } from '@tajo/config';
import { AccountStopped, BadInput } from '@tajo/errors';
import type { Store, StoredAccount } from '@tajo/store';
import { z } from 'zod';
import { createSecretBox, type SecretBox } from './secret-box.js';

/** The config file's connector is this account. */
export const DEFAULT_ACCOUNT = 'default';

const schema = z.object({
  klaviyoPrivateKey: z.string().min(1),
  klaviyoPublicKey: z.string().optional(),
  brevoApiKey: z.string().min(1),
});
export type Credentials = z.infer<typeof schema>;

/**
 * The box for credentials at rest. Without an encryption key of its own the API key serves as passphrase, so that connecting works
 * out of the box; changing the API key then means connecting again.
 */
export function secretBoxOf(config: Config): SecretBox {
  const passphrase = config.encryptionKey ?? config.apiKey;
  if (passphrase === undefined) {
    throw new BadInput(
      'encryption_key_missing',
      'encryption_key is not set and there is no api_key to derive it from; set TAJO_ENCRYPTION_KEY.',
      {
        field: 'encryption_key',
      },
    );
  }
  return createSecretBox(passphrase);
}

export function sealCredentials(config: Config, account: string, credentials: Credentials): string {
  return secretBoxOf(config).seal(account, JSON.stringify(schema.parse(credentials)));
}

/** What was connected through the API, else what the configuration gives for the default account. */
export async function credentialsOf(config: Config, store: Store, account: string): Promise<Credentials> {
  return credentialsFrom(config, account, await store.accounts.get(account));
}

/** The same for who has just read the account. */
export function credentialsFrom(config: Config, account: string, stored: Pick<StoredAccount, 'sealed'> | null): Credentials {
  if (stored?.sealed) return unsealed(config, account, stored.sealed);
  const { klaviyo, brevo, configured } = config.account;
  if (account === DEFAULT_ACCOUNT && configured && klaviyo.privateKey !== undefined && brevo.apiKey !== undefined) {
    return {
      klaviyoPrivateKey: klaviyo.privateKey,
      ...(klaviyo.publicKey === undefined ? {} : { klaviyoPublicKey: klaviyo.publicKey }),
      brevoApiKey: brevo.apiKey,
    };
  }
  throw new AccountStopped('account_not_connected', `Account ${account} is not connected.`, {
    remedy: 'Run `tajo connectors connect klaviyo`, or give KLAVIYO_PRIVATE_KEY and BREVO_API_KEY in the configuration.',
  });
}

function unsealed(config: Config, account: string, sealed: string): Credentials {
  const text = secretBoxOf(config).open(account, sealed);
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Without its cause: a parser repeats what it could not read.
    throw new AccountStopped(
      'credentials_unreadable',
      `The stored credentials of account ${account} are not in a form this release knows.`,
      {
        remedy: 'Connect the account again: `tajo connectors connect klaviyo`.',
      },
    );
  }
}
