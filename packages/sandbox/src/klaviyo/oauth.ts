import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { json, type Reply, type SandboxRequest } from '../http/exchange.js';

/** What an app's connections came to. `reused` counts refresh tokens that came a second time: a mistake of the caller's. */
export interface OAuthRecord {
  readonly connections: number;
  readonly refreshes: number;
  readonly reused: number;
  readonly refusedGrants: number;
  readonly revoked: number;
}

export interface OAuthOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accessTokenMs: number;
}

interface Code {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly endsAt: number;
}

/** Codes are good for five minutes (handle_your_apps_oauth_flow). */
const CODE_MS = 300_000;

/**
 * Klaviyo's OAuth: authorization code with PKCE (S256 only), Basic authentication of the app, refresh tokens that rotate. The consent page
 * says yes by itself. Stricter than Klaviyo promises to be: a refresh token is good for one use.
 */
export class OAuth {
  readonly #options: OAuthOptions;
  readonly #codes = new Map<string, Code>();
  readonly #access = new Map<string, number>();
  /** Scope by refresh token. */
  readonly #refresh = new Map<string, string>();
  readonly #used = new Set<string>();
  #lifeMs: number;
  #record = { connections: 0, refreshes: 0, reused: 0, refusedGrants: 0, revoked: 0 };

  constructor(options: OAuthOptions) {
    this.#options = options;
    this.#lifeMs = options.accessTokenMs;
  }

  record(): OAuthRecord {
    return { ...this.#record };
  }

  accepts(token: string): boolean {
    return (this.#access.get(token) ?? 0) > Date.now();
  }

  /** Of the access tokens given from now on. */
  setLife(ms: number): void {
    this.#lifeMs = ms;
  }

  /** Every access token ends at once, as when Klaviyo restarts something. Refresh tokens stay good. */
  endAccess(): void {
    this.#access.clear();
  }

  /** The merchant removes the app: nothing that was given out is good any more. */
  uninstall(): void {
    this.#access.clear();
    this.#refresh.clear();
  }

  /** The page people see: here nobody has to press a button. */
  authorize({ query }: SandboxRequest): Reply {
    const given = (name: string) => query.get(name) ?? '';
    const fault =
      given('response_type') !== 'code'
        ? 'response_type must be code'
        : given('client_id') !== this.#options.clientId
          ? 'client_id is not known'
          : !URL.canParse(given('redirect_uri'))
            ? 'redirect_uri is missing'
            : given('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(given('code_challenge'))
              ? 'PKCE with S256 is required'
              : undefined;
    if (fault !== undefined) return refusal('invalid_request', fault);
    const code = randomBytes(16).toString('hex');
    this.#codes.set(code, {
      challenge: given('code_challenge'),
      redirectUri: given('redirect_uri'),
      scope: given('scope'),
      endsAt: Date.now() + CODE_MS,
    });
    const back = new URL(given('redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', given('state'));
    return { status: 302, headers: { location: back.href } };
  }

  token(request: SandboxRequest): Reply {
    if (!this.#isApp(request)) return refusal('invalid_client', 'client_id or client_secret is wrong', 401);
    const form = formOf(request);
    const grant = form.get('grant_type');
    if (grant === 'authorization_code') return this.#exchange(form);
    if (grant === 'refresh_token') return this.#renew(form.get('refresh_token') ?? '');
    return refusal('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
  }

  revoke(request: SandboxRequest): Reply {
    if (!this.#isApp(request)) return refusal('invalid_client', 'client_id or client_secret is wrong', 401);
    const token = formOf(request).get('token') ?? '';
    if (this.#refresh.delete(token)) {
      this.#record.revoked += 1;
      this.#access.clear();
    }
    // RFC 7009: an unknown token is no error.
    return json(200, {});
  }

  #exchange(form: URLSearchParams): Reply {
    const id = form.get('code') ?? '';
    const code = this.#codes.get(id);
    this.#codes.delete(id);
    const fits =
      code !== undefined &&
      code.endsAt > Date.now() &&
      code.redirectUri === form.get('redirect_uri') &&
      code.challenge ===
        createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url');
    if (!fits) return this.#refuseGrant();
    this.#record.connections += 1;
    return this.#give(code.scope);
  }

  #renew(token: string): Reply {
    if (this.#used.has(token)) this.#record.reused += 1;
    const scope = this.#refresh.get(token);
    if (scope === undefined) return this.#refuseGrant();
    this.#refresh.delete(token);
    this.#used.add(token);
    this.#record.refreshes += 1;
    return this.#give(scope);
  }

  #give(scope: string): Reply {
    const [access, refresh] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')];
    this.#access.set(access, Date.now() + this.#lifeMs);
    this.#refresh.set(refresh, scope);
    return json(200, {
      access_token: access,
      refresh_token: refresh,
      expires_in: this.#lifeMs / 1_000,
      scope,
      token_type: 'Bearer',
    });
  }

  #refuseGrant(): Reply {
    this.#record.refusedGrants += 1;
    return refusal('invalid_grant', 'The code or token is not valid (any more).');
  }

  #isApp({ headers }: SandboxRequest): boolean {
    const { clientId, clientSecret } = this.#options;
    const [scheme, given = ''] = (headers.authorization ?? '').split(' ');
    const [a, b] = [Buffer.from(given), Buffer.from(Buffer.from(`${clientId}:${clientSecret}`).toString('base64'))];
    return scheme === 'Basic' && a.length === b.length && timingSafeEqual(a, b);
  }
}

function refusal(error: string, description: string, status = 400): Reply {
  return json(status, { error, error_description: description });
}

function formOf({ headers, body }: SandboxRequest): URLSearchParams {
  const isForm = headers['content-type']?.split(';')[0]?.trim() === 'application/x-www-form-urlencoded';
  return new URLSearchParams(isForm ? body.toString('utf8') : '');
}
