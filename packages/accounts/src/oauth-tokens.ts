import type { Config } from '@tajo/config';
import { AccountStopped, BadInput, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { type AccessToken, createKlaviyoOAuth, type GivenTokens, invalidGrant, type KlaviyoOAuth } from '@tajo/klaviyo';
import type { Grant, NewTokens, Store } from '@tajo/store';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { secretBoxOf } from './credentials.js';

/** Access tokens of OAuth connections, refreshed by one process at a time whatever the number of replicas. */
export interface OAuthTokens {
  /**
   * A good access token of the connection, as `TokenSource` says of `refused`. Throws `AccountStopped` when Klaviyo has ended the connection
   * and `WaitUntil` while somebody else refreshes for long.
   */
  token(account: string, grant: string, refused?: AccessToken): Promise<AccessToken>;
  /** Refreshes now, e.g. so that a connection nobody uses does not lapse. */
  renew(grant: Pick<Grant, 'account' | 'grant'>): Promise<void>;
}

export interface OAuthTokensOptions {
  readonly config: Config;
  readonly store: Store;
  readonly oauth: KlaviyoOAuth;
  readonly now?: () => Date;
}

/** Longer than a token request can take, so that a lease which has passed means a process that died. */
const LEASE_MS = 30_000;
/** How long a request waits for somebody else's refresh before its job gives its slot back. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** After a token request without an answer nobody asks again for this long. */
const PAUSE_MS = 1_000;
/** Tokens are renewed this long before they end, or in the last fifth of a short life. */
const EARLY_MS = 60_000;

/** The OAuth app of the configuration. Throws `BadInput` when there is none. */
export function klaviyoOAuthOf({ account: { klaviyo } }: Config): KlaviyoOAuth {
  const { clientId, clientSecret, authorizeUrl } = klaviyo.oauth;
  if (clientId === undefined || clientSecret === undefined) {
    const field = `connectors.klaviyo.oauth.${clientId === undefined ? 'client_id' : 'client_secret'}`;
    throw new BadInput(
      'oauth_not_configured',
      `${field} is not set; make an OAuth app in Klaviyo and give KLAVIYO_OAUTH_CLIENT_ID and KLAVIYO_OAUTH_CLIENT_SECRET.`,
      { field },
    );
  }
  return createKlaviyoOAuth({ clientId, clientSecret, authorizeUrl, baseUrl: klaviyo.baseUrl });
}

const pair = z.object({ accessToken: z.string(), refreshToken: z.string() });
type Pair = z.infer<typeof pair>;

/** The tokens as they are stored. `askedAt`: their life began then or later. */
export function sealTokens(config: Config, account: string, given: GivenTokens, askedAt: Date): NewTokens {
  const { accessToken, refreshToken, expiresInMs } = given;
  return {
    sealed: secretBoxOf(config).seal(account, JSON.stringify({ accessToken, refreshToken })),
    expiresAt: new Date(askedAt.getTime() + expiresInMs),
    lifeMs: expiresInMs,
  };
}

export function openTokens(config: Config, { account, sealed }: Pick<Grant, 'account' | 'sealed'>): Pair {
  return pair.parse(JSON.parse(secretBoxOf(config).open(account, sealed)));
}

export function createOAuthTokens({ config, store, oauth, now = () => new Date() }: OAuthTokensOptions): OAuthTokens {
  const kept = new Map<string, { grant: string; version: number; access: string; until: number }>();
  /** Requests that ask at the same time share an answer. */
  const asked = new Map<string, Promise<AccessToken>>();

  async function current(account: string, grant: string): Promise<Grant> {
    const seen = await store.grants.get(account);
    if (!seen) {
      throw new AccountStopped('account_not_connected', `Account ${account} is not connected.`, { remedy: remedyFor(account) });
    }
    // Who opens the account anew gets the clients of the new connection.
    if (seen.grant !== grant) {
      throw new RetryLater(
        'account_reconnected',
        `Account ${account} was connected anew meanwhile; trying again with its new tokens.`,
      );
    }
    if (seen.endedAt) throw ended(account);
    return seen;
  }

  async function find(account: string, grant: string, refused: AccessToken | undefined): Promise<AccessToken> {
    const patienceEnds = Date.now() + PATIENCE_MS;
    let firstSeen: number | undefined;
    for (;;) {
      const seen = await current(account, grant);
      const { accessToken, refreshToken } = openTokens(config, seen);
      const left = seen.expiresAt.getTime() - now().getTime();
      firstSeen ??= seen.version;
      const isRefused = accessToken === refused?.access;
      // Whoever holds the lease may have replaced it at Klaviyo already.
      if (isRefused && refused.isFresh && left > 0 && !isLeased(seen)) return refused;
      const isFresh = refused?.isFresh === true || (refused !== undefined && seen.version > firstSeen);
      const isUsable = left > 0 && !isRefused;
      if (isUsable && left > earlyMs(seen)) return { access: keep(seen, accessToken), isFresh };
      const held = await store.grants.lease(seen, new Date(now().getTime() + LEASE_MS), now());
      if (held) {
        const renewed = await exchange(held, refreshToken);
        if (renewed !== undefined) return { access: renewed, isFresh: refused !== undefined };
        continue;
      }
      // Somebody else is renewing it; this one is good until then.
      if (isUsable) return { access: accessToken, isFresh };
      if (Date.now() > patienceEnds) {
        throw new WaitUntil('klaviyo_token_awaited', `The access token of account ${account} is being renewed.`, {
          at: seen.leaseUntil ?? new Date(now().getTime() + PAUSE_MS),
        });
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  const isLeased = ({ leaseUntil }: Grant) => leaseUntil !== null && leaseUntil > now();

  /** Undefined when what was held is not the latest any more. */
  async function exchange(held: Grant, refreshToken: string): Promise<string | undefined> {
    const { account } = held;
    const askedAt = now();
    let given: GivenTokens;
    try {
      given = await oauth.refresh({ account, refreshToken });
    } catch (error) {
      if (error instanceof RequestRefused && error.code === invalidGrant) {
        if (await store.grants.end(held, now())) throw ended(account, error);
        return undefined;
      }
      await store.grants.release(held, error instanceof WaitUntil ? error.at : new Date(now().getTime() + PAUSE_MS));
      throw error;
    }
    // Stored before anybody uses it: a crash in between must not lose the only refresh token that is good.
    const tokens = sealTokens(config, account, given, askedAt);
    if (!(await store.grants.renew(held, tokens, now()))) return undefined;
    return keep({ ...held, ...tokens, version: held.version + 1 }, given.accessToken);
  }

  function keep(seen: Grant, access: string): string {
    const { account, grant, version } = seen;
    const known = kept.get(account);
    // Of two that asked at the same time the slower one may have read older tokens.
    if (known?.grant !== grant || known.version <= version)
      kept.set(account, { grant, version, access, until: seen.expiresAt.getTime() - earlyMs(seen) });
    return access;
  }

  return {
    async token(account, grant, refused) {
      const known = kept.get(account);
      if (refused && known?.access === refused.access) kept.delete(account);
      else if (!refused && known?.grant === grant && known.until > now().getTime())
        return { access: known.access, isFresh: false };
      const key = JSON.stringify([account, grant, refused?.access, refused?.isFresh]);
      const running = asked.get(key) ?? find(account, grant, refused).finally(() => asked.delete(key));
      asked.set(key, running);
      return running;
    },
    async renew({ account, grant }) {
      const seen = await current(account, grant);
      const held = await store.grants.lease(seen, new Date(now().getTime() + LEASE_MS), now());
      if (held) await exchange(held, openTokens(config, held).refreshToken);
    },
  };
}

function earlyMs({ lifeMs }: Grant): number {
  return Math.min(EARLY_MS, lifeMs / 5);
}

function ended(account: string, cause?: unknown): AccountStopped {
  return new AccountStopped(
    'klaviyo_connection_ended',
    `Klaviyo has ended the connection of account ${account} (invalid_grant): the app was removed, its access revoked, or not used for 90 days.`,
    { remedy: remedyFor(account), cause },
  );
}

function remedyFor(account: string): string {
  return `Connect it again with \`tajo connectors connect klaviyo --oauth --account ${account}\`, then resume.`;
}
