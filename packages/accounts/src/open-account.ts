import { createBrevoClient, type BrevoClient } from '@tajo/brevo';
import type { Config } from '@tajo/config';
import { createKlaviyoClient, type KlaviyoClient } from '@tajo/klaviyo';
import type { Limiter } from '@tajo/limiter';
import type { Store, StoredAccount } from '@tajo/store';
import { credentialsFrom, credentialsOf, type Credentials } from './credentials.js';

export interface OpenAccount {
  readonly id: string;
  readonly klaviyo: KlaviyoClient;
  readonly brevo: BrevoClient;
}

export interface AccountOpener {
  /**
   * The account's two clients. Credentials are looked up each time (or taken from `stored`, as just read), clients are kept while
   * these stay the same.
   */
  open(account: string, stored?: StoredAccount): Promise<OpenAccount>;
}

/** Both clients for given credentials, e.g. to try them before they are stored. */
export function openClients(options: {
  config: Config;
  limiter: Limiter;
  account: string;
  credentials: Credentials;
}): OpenAccount {
  const { config, limiter, account, credentials } = options;
  const { klaviyo, brevo, limits } = config.account;
  return {
    id: account,
    klaviyo: createKlaviyoClient({
      account,
      baseUrl: klaviyo.baseUrl,
      revision: klaviyo.revision,
      auth: { kind: 'private', key: credentials.klaviyoPrivateKey },
      limiter,
      laneOverrides: limits.klaviyo,
    }),
    brevo: createBrevoClient({
      account,
      baseUrl: brevo.baseUrl,
      apiKey: credentials.brevoApiKey,
      limiter,
      tier: brevo.tier,
      laneOverrides: limits.brevo,
    }),
  };
}

export function createAccountOpener(options: { config: Config; store: Store; limiter: Limiter }): AccountOpener {
  const open = new Map<string, { credentials: Credentials; clients: OpenAccount }>();
  return {
    async open(account, stored) {
      const credentials = stored
        ? credentialsFrom(options.config, account, stored)
        : await credentialsOf(options.config, options.store, account);
      const kept = open.get(account);
      if (kept && JSON.stringify(kept.credentials) === JSON.stringify(credentials)) return kept.clients;
      const clients = openClients({ ...options, account, credentials });
      open.set(account, { credentials, clients });
      return clients;
    },
  };
}
