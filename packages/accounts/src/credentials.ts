import type { Config } from '@tajo/config';
import { AccountStopped, BadInput } from '@tajo/errors';
import type { Store, StoredAccount } from '@tajo/store';
import { z } from 'zod';
import { createSecretBox, type SecretBox } from './secret-box.js';

/** The config file's connector is this account. */
export const DEFAULT_ACCOUNT = 'default';

const common = { klaviyoPublicKey: z.string().optional(), brevoApiKey: z.string().min(1) };
const schema = z.union([
  z.object({ klaviyoPrivateKey: z.string().min(1), ...common }),
  /** Connected by OAuth: the tokens change and stand by themselves, under this name (`store.grants`). */
  z.object({ klaviyoGrant: z.string().min(1), ...common }),
]);
export type Credentials = z.infer<typeof schema>;

/** What is stored before Klaviyo's side is connected: Brevo's key may come first. */
const anyStored = z.union([schema, z.object({ brevoApiKey: common.brevoApiKey })]);
export type StoredCredentials = z.infer<typeof anyStored>;

/**
 * The box for credentials at rest. Without an encryption key of its own the API key serves as passphrase, so that connecting works
 * out of the box; changing the API key then means connecting again.
 */
export function secretBoxOf(config: Config): SecretBox {
  return createSecretBox(...passphrasesOf(config));
}

/** The one that seals, then those that still open what was sealed before. */
export function passphrasesOf(config: Config): [string, ...string[]] {
  const all = [...config.encryptionKeys, config.encryptionKey, config.apiKey];
  return [passphraseOf(config), ...new Set(all.filter((one) => one !== undefined))];
}

/** What the keys of everything secret at rest are made of. */
export function passphraseOf(config: Config): string {
  const passphrase = config.encryptionKeys[0] ?? config.encryptionKey ?? config.apiKey;
  if (passphrase === undefined) {
    throw new BadInput(
      'encryption_key_missing',
      'encryption_key is not set and there is no api_key to derive it from; set TAJO_ENCRYPTION_KEY.',
      {
        field: 'encryption_key',
      },
    );
  }
  return passphrase;
}

export function sealCredentials(config: Config, account: string, credentials: StoredCredentials): string {
  return secretBoxOf(config).seal(account, JSON.stringify(anyStored.parse(credentials)));
}

/** What was connected through the API, else what the configuration gives for the default account. */
export async function credentialsOf(config: Config, store: Store, account: string): Promise<Credentials> {
  return credentialsFrom(config, account, await store.accounts.get(account));
}

/** The same for who has just read the account. */
export function credentialsFrom(
  config: Config,
  account: string,
  stored: Pick<StoredAccount, 'sealed' | 'deletingAt'> | null,
): Credentials {
  if (stored?.deletingAt) {
    throw new AccountStopped('account_being_deleted', `Account ${account} is being deleted.`, {
      remedy: `Ask for its deletion again: \`tajo accounts delete ${account}\`.`,
    });
  }
  const both = stored?.sealed ? schema.safeParse(unsealed(config, account, stored.sealed)) : undefined;
  if (both?.success) return both.data;
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

/** Brevo's key of the account, also before Klaviyo's side is connected. */
export async function brevoKeyOf(config: Config, store: Store, account: string): Promise<string | undefined> {
  const sealed = (await store.accounts.get(account))?.sealed;
  if (sealed) return unsealed(config, account, sealed).brevoApiKey;
  return account === DEFAULT_ACCOUNT ? config.account.brevo.apiKey : undefined;
}

function unsealed(config: Config, account: string, sealed: string): StoredCredentials {
  const text = secretBoxOf(config).open(account, sealed);
  try {
    return anyStored.parse(JSON.parse(text));
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
