import { type CallOptions, createHttpClient, type HttpClient, HttpFailure, jsonOf, type Query, urlOf } from '@tajo/http';
import type { Limiter, Priority } from '@tajo/limiter';
import { sendWithToken, type TokenSource } from './access-token.js';
import type { Api, KlaviyoAnswer, KlaviyoRequest } from './api.js';
import { type PublicMethods, publicMethods } from './client-api.js';
import { type ConsentJobMethods, consentJobMethods } from './consent-jobs.js';
import { type DataPrivacyMethods, dataPrivacyMethods } from './data-privacy.js';
import { type EventMethods, eventMethods } from './events.js';
import { errorFromAnswer, errorFromFailure } from './from-response.js';
import { type LaneOverrides, lanesFor } from './limits.js';
import { type ListMemberMethods, listMemberMethods } from './list-members.js';
import { type MetricAggregateMethods, metricAggregateMethods } from './metric-aggregates.js';
import { answeredAtIn, cursorParameter, type Page, type PageRequest, pageOf } from './pages.js';
import { type ProfileImportMethods, profileImportMethods } from './profile-imports.js';
import { type ProfileMethods, profileMethods } from './profiles.js';
import { rateHeaders } from './rate-headers.js';
import { accountOf, accountPath, type KlaviyoAccount } from './read.js';
import { reportCursorParameter, type ReportMethods, reportMethods } from './reports.js';
import { klaviyoRevision } from './revision.js';
import { missingScopes, type ReadScope } from './scopes.js';
import { type WebhookMethods, webhookMethods } from './webhooks.js';

/**
 * Klaviyo over HTTP. Nothing is retried and no redirect followed. Every method throws an error of `@tajo/errors` named by what
 * happens next (see `from-response.ts`); none holds a key, an e-mail address or a phone number.
 */
export interface KlaviyoClient
  extends ProfileMethods,
    ProfileImportMethods,
    ConsentJobMethods,
    ListMemberMethods,
    EventMethods,
    MetricAggregateMethods,
    ReportMethods,
    DataPrivacyMethods,
    WebhookMethods {
  /** One request; throws unless the answer is a 2xx. `path` is percent-encoded already, `query` is not. */
  request(request: KlaviyoRequest): Promise<KlaviyoAnswer>;
  /** One page of a collection: the first, or the one `cursor` (the last page's `nextCursor`) stands for. */
  readPage(request: PageRequest & CallOptions): Promise<Page>;
  /** The account the key belongs to; the connection test. */
  account(): Promise<KlaviyoAccount>;
  /** Which of these scopes the key lacks, tried by the cheapest read of each. */
  checkScopes(scopes: readonly ReadScope[]): Promise<ReadScope[]>;
  /** The same client (and connections), its requests at another priority. */
  withPriority(priority: Priority): KlaviyoClient;
  close(): void;
}

/** Klaviyo with the public key: as `KlaviyoClient`, but for what a public key may do and nothing else. */
export interface KlaviyoPublicClient extends PublicMethods {
  close(): void;
}

export interface KlaviyoClientOptions {
  /** Our name of the account: keys its lanes and stands in messages. */
  readonly account: string;
  /** E.g. `https://a.klaviyo.com`. The only host ever contacted. */
  readonly baseUrl: string;
  readonly revision?: string | undefined;
  readonly auth: KlaviyoAuth;
  readonly limiter: Limiter;
  readonly laneOverrides?: LaneOverrides | undefined;
  readonly priority?: Priority | undefined;
  /** Longest wait for an answer, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Largest answer, in bytes. Default 20,000,000. */
  readonly maxBodyBytes?: number | undefined;
}

export type KlaviyoAuth =
  | { readonly kind: 'private'; readonly key: string }
  | { readonly kind: 'oauth'; readonly token: TokenSource }
  /** The public key, for `/client` endpoints only. */
  | { readonly kind: 'public'; readonly companyId: string };

export function createKlaviyoClient(options: KlaviyoClientOptions): KlaviyoClient {
  const { limiter, timeoutMs, maxBodyBytes } = options;
  return clientOn(createHttpClient({ limiter, rates: rateHeaders, timeoutMs, maxBodyBytes }), options);
}

export function createKlaviyoPublicClient({
  companyId,
  ...options
}: Omit<KlaviyoClientOptions, 'auth'> & { companyId: string }): KlaviyoPublicClient {
  const { limiter, timeoutMs, maxBodyBytes } = options;
  const http = createHttpClient({ limiter, rates: rateHeaders, timeoutMs, maxBodyBytes });
  return { ...publicMethods(createApi(http, { ...options, auth: { kind: 'public', companyId } })), close: () => http.close() };
}

function clientOn(http: HttpClient, options: KlaviyoClientOptions): KlaviyoClient {
  const api = createApi(http, options);
  const request = (wanted: KlaviyoRequest) => api(wanted, (answer) => answer);
  return {
    ...profileMethods(api),
    ...profileImportMethods(api),
    ...consentJobMethods(api),
    ...listMemberMethods(api),
    ...eventMethods(api),
    ...metricAggregateMethods(api),
    ...reportMethods(api),
    ...webhookMethods(api),
    ...dataPrivacyMethods(api),
    request,
    readPage: ({ query, cursor, ...rest }) =>
      api({ method: 'GET', ...rest, query: { ...query, [cursorParameter]: cursor } }, ({ body, headers }) => ({
        ...pageOf(body, cursor),
        ...answeredAtIn(headers),
      })),
    // Live: somebody is waiting for the answer.
    account: () => api({ method: 'GET', path: accountPath, priority: 'live' }, ({ body }) => accountOf(body)),
    checkScopes: (scopes) => missingScopes(request, scopes),
    withPriority: (priority) => clientOn(http, { ...options, priority }),
    close: () => http.close(),
  };
}

function createApi(http: HttpClient, options: KlaviyoClientOptions): Api {
  const { account, baseUrl, revision = klaviyoRevision, auth, laneOverrides } = options;

  async function send(request: KlaviyoRequest, authorization?: () => Promise<string>): Promise<KlaviyoAnswer> {
    const { method, path, body, signal, maxWaitMs, priority = options.priority } = request;
    const query = auth.kind === 'public' ? { ...request.query, company_id: auth.companyId } : request.query;
    const lanes = lanesFor({
      account,
      method,
      path,
      ...(query && { query: sentOf(query) }),
      auth: auth.kind,
      ...(laneOverrides && { overrides: laneOverrides }),
    });
    const headers = {
      accept: 'application/vnd.api+json',
      ...(body !== undefined && { 'content-type': 'application/vnd.api+json' }),
      ...(auth.kind === 'private' && { authorization: `Klaviyo-API-Key ${auth.key}` }),
      revision,
      // Without it a retired revision silently answers as a newer one.
      'x-klaviyo-revision-fall-forward-opt-out': '1',
    };
    const answer = await http.send({
      method,
      url: urlOf(baseUrl, path, query),
      headers,
      authorization,
      body,
      lanes,
      signal,
      priority,
      maxWaitMs,
    });
    return { status: answer.status, body: jsonOf(answer), headers: answer.headers };
  }

  return async (request, read) => {
    const { method, path, query, repeatable = true } = request;
    const paged = query?.[cursorParameter] !== undefined || query?.[reportCursorParameter] !== undefined;
    const context = { account, method, path, auth: auth.kind, paged, repeatable };
    try {
      const answer =
        auth.kind === 'oauth'
          ? await sendWithToken(account, auth.token, (authorization) => send(request, authorization))
          : await send(request);
      if (answer.status < 200 || answer.status > 299) throw errorFromAnswer(answer, context);
      return read(answer);
    } catch (error) {
      throw error instanceof HttpFailure ? errorFromFailure(error, context) : error;
    }
  };
}

function sentOf(query: Query): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
