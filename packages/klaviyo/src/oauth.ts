import { AccountStopped, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { createHttpClient, HttpFailure, jsonOf, urlOf } from '@tajo/http';
import { createOpenLimiter } from '@tajo/limiter';
import { z } from 'zod';
import { rateHeaders } from './rate-headers.js';

/** What Klaviyo gives for a code or a refresh token. */
export interface GivenTokens {
  readonly accessToken: string;
  /** Takes the place of the one that was sent: whether that stays good, Klaviyo does not promise. */
  readonly refreshToken: string;
  /** How long the access token is good. */
  readonly expiresInMs: number;
  /** Space-separated, as the merchant granted them. */
  readonly scope: string;
}

/**
 * Klaviyo's OAuth for one app (https://developers.klaviyo.com/en/docs/set_up_oauth, …/handle_your_apps_oauth_flow): authorization code
 * with PKCE, which is mandatory. Throws errors of `@tajo/errors`; none holds a code, a token or the secret.
 */
export interface KlaviyoOAuth {
  /** Where the merchant is sent to say yes. */
  authorizeUrl(request: { state: string; challenge: string; redirectUri: string; scope: string }): string;
  /** `RequestRefused` with the code `invalidGrant`: the code is not good (any more); they last five minutes. */
  exchange(request: { account: string; code: string; verifier: string; redirectUri: string }): Promise<GivenTokens>;
  /** `RequestRefused` with the code `invalidGrant`: revoked, the app removed, or not used for 90 days. Final. */
  refresh(request: { account: string; refreshToken: string }): Promise<GivenTokens>;
  /** Harmless again. */
  revoke(request: { account: string; refreshToken: string }): Promise<void>;
  close(): void;
}

/** The code of the error for a grant that has ended. */
export const invalidGrant = 'klaviyo_grant_invalid';

export interface KlaviyoOAuthOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `https://www.klaviyo.com/oauth/authorize`. */
  readonly authorizeUrl: string;
  /** `https://a.klaviyo.com`: www stopped serving tokens on 2025-03-31. */
  readonly baseUrl: string;
  /** Longest wait for an answer, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number | undefined;
}

export function createKlaviyoOAuth(options: KlaviyoOAuthOptions): KlaviyoOAuth {
  const { clientId, clientSecret, authorizeUrl, baseUrl, timeoutMs = 20_000 } = options;
  // One refresh an hour and account: there is no lane to share, and a token must not wait behind the requests that need it.
  const http = createHttpClient({ limiter: createOpenLimiter(), rates: rateHeaders, timeoutMs, maxBodyBytes: 100_000 });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;

  async function post<T>(account: string, path: string, form: Record<string, string>, read: (body: unknown) => T): Promise<T> {
    try {
      const answer = await http.send({
        method: 'POST',
        url: urlOf(baseUrl, path),
        headers: { accept: 'application/json', authorization, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form),
        lanes: [],
        priority: 'live',
      });
      if (answer.status < 200 || answer.status > 299) throw refusalOf(account, answer.status, answer);
      return read(answer.text === '' ? undefined : jsonOf(answer));
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      throw new RetryLater('klaviyo_oauth_unreachable', `Klaviyo, POST ${path}: ${error.message}; trying again later.`, {
        cause: error,
      });
    }
  }

  return {
    authorizeUrl({ state, challenge, redirectUri, scope }) {
      const url = new URL(authorizeUrl);
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope,
        state,
        code_challenge_method: 'S256',
        code_challenge: challenge,
      }).toString();
      return url.href;
    },
    exchange: ({ account, code, verifier, redirectUri }) =>
      post(
        account,
        '/oauth/token',
        { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri },
        tokensOf,
      ),
    refresh: ({ account, refreshToken }) =>
      post(account, '/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, tokensOf),
    revoke: ({ account, refreshToken }) =>
      post(account, '/oauth/revoke', { token: refreshToken, token_type_hint: 'refresh_token' }, () => undefined),
    close: () => http.close(),
  };
}

const tokens = z.looseObject({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_in: z.number().positive(),
  scope: z.string().nullish(),
});

function tokensOf(body: unknown): GivenTokens {
  const parsed = tokens.safeParse(body);
  // Without its cause: a parser repeats what it could not read, and that may be a token.
  if (!parsed.success)
    throw new RetryLater('klaviyo_oauth_unreadable', 'Klaviyo answered a token request with something else than tokens.');
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds, scope } = parsed.data;
  return { accessToken, refreshToken, expiresInMs: seconds * 1_000, scope: scope ?? '' };
}

function refusalOf(
  account: string,
  status: number,
  { headers, text }: { headers: Parameters<typeof rateHeaders.retryAfterMs>[0]; text: string },
): Error {
  if (status === 429) {
    const at = new Date(Date.now() + rateHeaders.retryAfterMs(headers));
    return new WaitUntil(
      'klaviyo_oauth_limited',
      `Klaviyo hands out no token for account ${account} until ${at.toISOString()} (429).`,
      { at },
    );
  }
  if (status >= 500 || status === 408)
    return new RetryLater(
      'klaviyo_oauth_unavailable',
      `Klaviyo could not answer a token request (${status}); trying again later.`,
    );
  const error = errorIn(text);
  if (status === 401 || error === 'invalid_client' || error === 'unauthorized_client') {
    return new AccountStopped('klaviyo_app_refused', `Klaviyo refused the OAuth app of this installation (${status}).`, {
      remedy: 'Correct connectors.klaviyo.oauth.client_id and client_secret, then resume.',
    });
  }
  if (error === 'invalid_grant')
    return new RequestRefused(invalidGrant, `Klaviyo no longer honours the connection of account ${account} (invalid_grant).`, {
      status,
    });
  return new RequestRefused(
    'klaviyo_oauth_refused',
    `Klaviyo refused a token request of account ${account} (${status}, ${error ?? 'no reason given'}).`,
    { status },
  );
}

/** Only a word of the standard's kind: a message may repeat anything. */
function errorIn(text: string): string | undefined {
  try {
    const parsed = z.looseObject({ error: z.string().regex(/^[a-z_]{1,40}$/) }).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.error : undefined;
  } catch {
    return undefined;
  }
}
