import { createBrevoClient, type BrevoClient } from '@tajo/brevo';
import type { Config } from '@tajo/config';
import { AccountStopped, BadInput, Bug } from '@tajo/errors';
import {
  createKlaviyoClient,
  createKlaviyoPublicClient,
  type KlaviyoClient,
  type KlaviyoOAuth,
  type TokenSource,
} from '@tajo/klaviyo';
import type { Limiter } from '@tajo/limiter';
import type { Store, StoredAccount } from '@tajo/store';
import { createOAuthTokens, klaviyoOAuthOf, type OAuthTokens } from './oauth-tokens.js';
import { credentialsFrom, credentialsOf, type Credentials, DEFAULT_ACCOUNT } from './credentials.js';

export interface OpenAccount {
  readonly id: string;
  /** How Klaviyo is signed in to: OAuth has lanes of its own. */
  readonly auth: 'private' | 'oauth';
  readonly klaviyo: KlaviyoClient;
  readonly brevo: BrevoClient;
}

/** Where events go that come through the API. */
export interface EventRoad {
  readonly createEvent: KlaviyoClient['createEvent'];
  readonly brevo: BrevoClient;
  /** Absent where the account has Klaviyo's public key only, which reads nothing. */
  readonly klaviyo: KlaviyoClient | undefined;
}

export interface AccountOpener {
  /**
   * The account's two clients. Credentials are looked up each time (or taken from `stored`, as just read), clients are kept while
   * these stay the same.
   */
  open(account: string, stored?: StoredAccount): Promise<OpenAccount>;
  /** Access tokens of an account that is connected by OAuth; undefined for other credentials. Throws `AccountStopped` without the OAuth app. */
  token(account: string, credentials: Credentials): TokenSource | undefined;
  /** As `open`, but content with a public key where the configuration gives no private one. */
  openEventRoad(account: string): Promise<EventRoad>;
}

/** Both clients for given credentials, e.g. to try them before they are stored. */
export function openClients(options: {
  config: Config;
  limiter: Limiter;
  account: string;
  credentials: Credentials;
  /** Hands out access tokens where the credentials are a connection by OAuth. */
  token?: TokenSource;
}): OpenAccount {
  const { config, limiter, account, credentials, token } = options;
  const auth = authOf(account, credentials, token);
  const { klaviyo, brevo, limits } = config.account;
  return {
    id: account,
    auth: auth.kind,
    klaviyo: createKlaviyoClient({
      account,
      baseUrl: klaviyo.baseUrl,
      revision: klaviyo.revision,
      auth,
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

function authOf(account: string, credentials: Credentials, token?: TokenSource) {
  if ('klaviyoPrivateKey' in credentials) return { kind: 'private', key: credentials.klaviyoPrivateKey } as const;
  if (!token)
    throw new Bug('token_source_missing', `Account ${account} is connected by OAuth and was opened without its tokens.`);
  return { kind: 'oauth', token } as const;
}

export function createAccountOpener(options: { config: Config; store: Store; limiter: Limiter }): AccountOpener {
  const { config, store } = options;
  const open = new Map<string, { credentials: Credentials; clients: OpenAccount }>();
  let publicRoad: EventRoad | undefined;
  let tokens: OAuthTokens | undefined;
  async function openAccount(account: string, stored?: StoredAccount): Promise<OpenAccount> {
    const credentials = stored ? credentialsFrom(config, account, stored) : await credentialsOf(config, store, account);
    const kept = open.get(account);
    if (kept && JSON.stringify(kept.credentials) === JSON.stringify(credentials)) return kept.clients;
    const token = tokenOf(account, credentials);
    const clients = openClients({ ...options, account, credentials, ...(token && { token }) });
    open.set(account, { credentials, clients });
    return clients;
  }
  function tokenOf(account: string, credentials: Credentials): TokenSource | undefined {
    if (!('klaviyoGrant' in credentials)) return undefined;
    const { klaviyoGrant } = credentials;
    const source = (tokens ??= createOAuthTokens({ config, store, oauth: appOf(config, account) }));
    return (refused) => source.token(account, klaviyoGrant, refused);
  }
  return {
    open: openAccount,
    token: tokenOf,
    async openEventRoad(account) {
      try {
        const { klaviyo, brevo } = await openAccount(account);
        return { klaviyo, brevo, createEvent: (event, callOptions) => klaviyo.createEvent(event, callOptions) };
      } catch (error) {
        const road = account === DEFAULT_ACCOUNT && isNotConnected(error) ? (publicRoad ??= openPublicRoad(options)) : undefined;
        if (!road) throw error;
        return road;
      }
    },
  };
}

/** Without its app an account that was connected by it cannot go on until somebody acts. */
function appOf(config: Config, account: string): KlaviyoOAuth {
  try {
    return klaviyoOAuthOf(config);
  } catch (cause) {
    if (!(cause instanceof BadInput)) throw cause;
    throw new AccountStopped('oauth_not_configured', `Account ${account} is connected by OAuth, and ${cause.message}`, {
      remedy: 'Give the id and secret of the OAuth app it was connected with, then resume.',
      cause,
    });
  }
}

function openPublicRoad({ config, limiter }: { config: Config; limiter: Limiter }): EventRoad | undefined {
  const { klaviyo, brevo, limits } = config.account;
  if (klaviyo.publicKey === undefined || brevo.apiKey === undefined) return undefined;
  const client = createKlaviyoPublicClient({
    account: DEFAULT_ACCOUNT,
    baseUrl: klaviyo.baseUrl,
    revision: klaviyo.revision,
    companyId: klaviyo.publicKey,
    limiter,
    laneOverrides: limits.klaviyo,
  });
  return {
    klaviyo: undefined,
    createEvent: (event, callOptions) => client.createClientEvent(event, callOptions),
    brevo: createBrevoClient({
      account: DEFAULT_ACCOUNT,
      baseUrl: brevo.baseUrl,
      apiKey: brevo.apiKey,
      limiter,
      tier: brevo.tier,
      laneOverrides: limits.brevo,
    }),
  };
}

function isNotConnected(error: unknown): boolean {
  return error instanceof AccountStopped && error.code === 'account_not_connected';
}
