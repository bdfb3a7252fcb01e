import type { Config } from '@tajo/config';
import { AccountStopped, BadInput, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { createKlaviyoOAuth, type GivenTokens, invalidGrant, type KlaviyoOAuth } from '@tajo/klaviyo';
import type { Grant, NewTokens, Store } from '@tajo/store';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { secretBoxOf } from './credentials.js';

/** Why a token is asked for although there is one: Klaviyo has refused it. */
export interface Refused {
  readonly refused: string;
}

/** Access tokens of OAuth connections, refreshed by one process at a time whatever the number of replicas. */
export interface OAuthTokens {
  /**
   * A good access token of the connection, another one than `refused`. Throws `AccountStopped` when Klaviyo has ended the connection and
   * `WaitUntil` while somebody else refreshes for long.
   */
  token(account: string, grant: string, given?: Refused): Promise<string>;
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

/** The tokens as they are stored. */
export function sealTokens(config: Config, account: string, given: GivenTokens, now: Date): NewTokens {
  const { accessToken, refreshToken, expiresInMs } = given;
  return {
    sealed: secretBoxOf(config).seal(account, JSON.stringify({ accessToken, refreshToken })),
    expiresAt: new Date(now.getTime() + expiresInMs),
    lifeMs: expiresInMs,
  };
}

export function openTokens(config: Config, { account, sealed }: Pick<Grant, 'account' | 'sealed'>): Pair {
  return pair.parse(JSON.parse(secretBoxOf(config).open(account, sealed)));
}

export function createOAuthTokens({ config, store, oauth, now = () => new Date() }: OAuthTokensOptions): OAuthTokens {
  const kept = new Map<string, { grant: string; access: string; until: number }>();
  /** Requests that ask at the same time share an answer. */
  const asked = new Map<string, Promise<string>>();

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

  async function find(account: string, grant: string, refused: string | undefined): Promise<string> {
    const patienceEnds = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = await current(account, grant);
      const { accessToken, refreshToken } = openTokens(config, seen);
      const left = seen.expiresAt.getTime() - now().getTime();
      const usable = left > 0 && accessToken !== refused;
      if (usable && left > earlyMs(seen)) return keep(seen, accessToken);
      const held = await store.grants.lease(seen, new Date(now().getTime() + LEASE_MS), now());
      if (held) {
        const renewed = await exchange(held, refreshToken);
        if (renewed !== undefined) return renewed;
        continue;
      }
      // Somebody else is renewing it; this one is good until then.
      if (usable) return accessToken;
      if (Date.now() > patienceEnds) {
        throw new WaitUntil('klaviyo_token_awaited', `The access token of account ${account} is being renewed.`, {
          at: seen.leaseUntil ?? new Date(now().getTime() + PAUSE_MS),
        });
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Undefined when what was held is not the latest any more. */
  async function exchange(held: Grant, refreshToken: string): Promise<string | undefined> {
    const { account } = held;
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
    const tokens = sealTokens(config, account, given, now());
    if (!(await store.grants.renew(held, tokens, now()))) return undefined;
    return keep({ ...held, ...tokens }, given.accessToken);
  }

  function keep(grant: Grant, access: string): string {
    kept.set(grant.account, { grant: grant.grant, access, until: grant.expiresAt.getTime() - earlyMs(grant) });
    return access;
  }

  return {
    async token(account, grant, given) {
      const known = kept.get(account);
      if (known?.grant === grant && known.access !== given?.refused && known.until > now().getTime()) return known.access;
      const key = JSON.stringify([account, grant, given?.refused]);
      const running = asked.get(key) ?? find(account, grant, given?.refused).finally(() => asked.delete(key));
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
