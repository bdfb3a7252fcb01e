import type {
  Account,
  ConnectKlaviyo,
  CreateAccount,
  Operations,
  Plan,
  Progress,
  QueryMetrics,
  ReplayRejections,
  RequestErasure,
  RotateWebhooks,
  Run,
  StartOAuth,
  StartSync,
  StartVerification,
  TrackEvent,
  Verification,
} from './api-types.generated.js';
import { type ApiRequest, createTransport, type Transport } from './transport.js';
import { readProgress, watchRun, type WatchOptions } from './watch.js';
import { watchVerification } from './watch-verification.js';

export interface TajoClientOptions {
  /** The key of the API (TAJO_API_KEY). */
  readonly apiKey: string;
  /** Sent along by `connectors.connect`. */
  readonly brevoApiKey?: string | undefined;
  /** The account of every call that names none; default `default`. */
  readonly account?: string | undefined;
  /** Default `http://127.0.0.1:3000`. */
  readonly baseUrl?: string | undefined;
  /** Longest wait for an answer, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Default the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

type AnswerOf<Name extends keyof Operations> = Operations[Name]['answer'];
type Given<T> = { readonly [Key in keyof T]: T[Key] | undefined };

/** Klaviyo allows one request a second to the endpoint a test begins with, and every scope is a request more. */
const CONNECT_WITHIN_MS = 90_000;
/** A plan looks at both accounts for up to a minute. */
const PLAN_WITHIN_MS = 90_000;
/** An account may have millions of records. */
const DELETE_WITHIN_MS = 600_000;

/**
 * The Tajo API. Every method throws `TajoApiError` when the API refuses and `TajoUnreachableError` when there is no answer. Reading
 * is tried up to three times, an event as well, since it is recorded once; starting a run only with an idempotency key; any other
 * change once.
 */
export class TajoClient {
  readonly accounts;
  readonly connectors;
  readonly syncs;
  readonly schedules;
  readonly rejections;
  readonly records;
  readonly events;
  readonly metrics;
  readonly archive;
  readonly erasures;
  readonly verifications;
  readonly webhooks;

  constructor(options: TajoClientOptions) {
    const { apiKey, brevoApiKey, account, baseUrl = 'http://127.0.0.1:3000', timeoutMs = 30_000 } = options;
    // A browser's fetch must be called on its window.
    const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    const transport = createTransport({ apiKey, baseUrl, timeoutMs, account, fetch });
    this.accounts = accountsOf(transport);
    this.connectors = connectorsOf(transport, brevoApiKey);
    this.syncs = syncsOf(transport);
    this.schedules = schedulesOf(transport);
    this.rejections = rejectionsOf(transport);
    this.records = recordsOf(transport);
    this.events = eventsOf(transport);
    this.metrics = metricsOf(transport);
    this.archive = archiveOf(transport);
    this.erasures = erasuresOf(transport);
    this.verifications = verificationsOf(transport);
    this.webhooks = webhooksOf(transport);
  }
}

/** The answer of a named operation. */
async function call<Name extends keyof Operations>(transport: Transport, request: ApiRequest): Promise<AnswerOf<Name>> {
  // The producer's tests hold every answer against the very schema that the type is generated from.
  return (await transport.json(request)) as AnswerOf<Name>;
}

function accountsOf(transport: Transport) {
  type Change = 'pauseAccount' | 'resumeAccount';
  const change = <Name extends Change>(verb: string, account: string, { signal }: CallOptions) =>
    call<Name>(transport, { method: 'POST', path: `${accountPath(account)}/${verb}`, repeatable: true, signal });

  return {
    /** A name for one Klaviyo account paired with one Brevo account; `TajoApiError` with `code` `account_exists` when it is taken. */
    create(account: CreateAccount, { signal }: CallOptions = {}): Promise<Account> {
      return call<'createAccount'>(transport, { method: 'POST', path: '/v1/accounts', body: account, signal });
    },

    /** One page, by name; `next` is the `after` of the following one. */
    list(
      filter: Given<Partial<Operations['listAccounts']['query']>> = {},
      { signal }: CallOptions = {},
    ): Promise<AnswerOf<'listAccounts'>> {
      return call<'listAccounts'>(transport, { method: 'GET', path: '/v1/accounts', query: filter, signal });
    },

    get(account: string, { signal }: CallOptions = {}): Promise<Account> {
      return call<'readAccount'>(transport, { method: 'GET', path: accountPath(account), signal });
    },

    /** Nothing is started for it, and its run pauses. */
    pause: (account: string, options: CallOptions = {}) => change<'pauseAccount'>('pause', account, options),
    resume: (account: string, options: CallOptions = {}) => change<'resumeAccount'>('resume', account, options),

    /** All that is kept of it, for good. Nothing is deleted at the vendors. */
    delete(account: string, { signal }: CallOptions = {}): Promise<AnswerOf<'deleteAccount'>> {
      return call<'deleteAccount'>(transport, {
        method: 'DELETE',
        path: accountPath(account),
        signal,
        timeoutMs: DELETE_WITHIN_MS,
      });
    },

    /** Encrypts all secrets with the current key, after it was put first. */
    reseal({ signal }: CallOptions = {}): Promise<AnswerOf<'resealAccounts'>> {
      return call<'resealAccounts'>(transport, { method: 'POST', path: '/v1/accounts/reseal', repeatable: true, signal });
    },
  };
}

function connectorsOf(transport: Transport, brevoApiKey: string | undefined) {
  return {
    /** Tries both keys and the scopes, and stores them only when nothing is missing. */
    connect(connector: 'klaviyo', keys: ConnectKlaviyo, { signal }: CallOptions = {}): Promise<AnswerOf<'connectKlaviyo'>> {
      const body = { ...(brevoApiKey !== undefined && { brevoApiKey }), ...keys };
      return call<'connectKlaviyo'>(transport, {
        method: 'POST',
        path: `/v1/connectors/${connector}/connect`,
        body,
        signal,
        timeoutMs: CONNECT_WITHIN_MS,
      });
    },

    status(
      connector: 'klaviyo' = 'klaviyo',
      { account, signal }: CallOptions & { account?: string | undefined } = {},
    ): Promise<AnswerOf<'readKlaviyo'>> {
      return call<'readKlaviyo'>(transport, { method: 'GET', path: `/v1/connectors/${connector}`, query: { account }, signal });
    },

    /**
     * Begins to connect by OAuth. Send the merchant to `authorizeUrl`; `status` says `connected` with a new `connectedAt` when that is done.
     */
    startOAuth(
      connector: 'klaviyo',
      request: StartOAuth = {},
      { signal }: CallOptions = {},
    ): Promise<AnswerOf<'startOAuthWithKey'>> {
      const body = { ...(brevoApiKey !== undefined && { brevoApiKey }), ...request };
      return call<'startOAuthWithKey'>(transport, { method: 'POST', path: `/v1/oauth/${connector}/start`, body, signal });
    },

    /** Forgets how Klaviyo is reached, and revokes a connection by OAuth. */
    disconnect(
      connector: 'klaviyo' = 'klaviyo',
      { account, signal }: CallOptions & { account?: string | undefined } = {},
    ): Promise<AnswerOf<'disconnectKlaviyo'>> {
      return call<'disconnectKlaviyo'>(transport, {
        method: 'DELETE',
        path: `/v1/connectors/${connector}`,
        query: { account },
        signal,
      });
    },

    /** Tests the credentials in use. What is wrong is in the answer. */
    test(
      connector: 'klaviyo' = 'klaviyo',
      { account, signal }: CallOptions & { account?: string | undefined } = {},
    ): Promise<AnswerOf<'testKlaviyo'>> {
      const body = account === undefined ? {} : { account };
      return call<'testKlaviyo'>(transport, {
        method: 'POST',
        path: `/v1/connectors/${connector}/test`,
        body,
        signal,
        timeoutMs: CONNECT_WITHIN_MS,
      });
    },
  };
}

function syncsOf(transport: Transport) {
  type Change = 'pauseSync' | 'resumeSync' | 'retrySync' | 'cancelSync' | 'confirmDeletions';
  const change = <Name extends Change>(verb: string, id: string, { signal }: CallOptions) =>
    call<Name>(transport, { method: 'POST', path: `${runPath(id)}/${verb}`, signal });

  return {
    /**
     * Starts a run. While another run of the account is not finished: `TajoApiError` with `code` `run_active` and its `runId`.
     * With the same idempotency key the same request starts nothing new and answers with the same run.
     */
    start(
      request: StartSync,
      { idempotencyKey, signal }: CallOptions & { idempotencyKey?: string | undefined } = {},
    ): Promise<Run> {
      // Without `dry_run` it is never a plan.
      return call<'startSync'>(transport, {
        method: 'POST',
        path: '/v1/syncs',
        body: request,
        idempotencyKey,
        signal,
      }) as Promise<Run>;
    },

    /** What a run of the same request would read and write, how long that takes and which quotas it would break. Starts nothing. */
    plan(request: StartSync, { signal }: CallOptions = {}): Promise<Plan> {
      const query = { dry_run: true };
      const sent = { method: 'POST', path: '/v1/syncs', query, body: request, signal, timeoutMs: PLAN_WITHIN_MS } as const;
      // With `dry_run` it always is one.
      return call<'startSync'>(transport, sent) as Promise<Plan>;
    },

    get(id: string, { signal }: CallOptions = {}): Promise<AnswerOf<'readSync'>> {
      return call<'readSync'>(transport, { method: 'GET', path: runPath(id), signal });
    },

    /** The latest first, one page. */
    list(filter: Given<Operations['listSyncs']['query']> = {}, { signal }: CallOptions = {}): Promise<AnswerOf<'listSyncs'>> {
      return call<'listSyncs'>(transport, { method: 'GET', path: '/v1/syncs', query: filter, signal });
    },

    pause: (id: string, options: CallOptions = {}) => change<'pauseSync'>('pause', id, options),
    /** Goes on where the run was paused, or stopped because somebody had to act. */
    resume: (id: string, options: CallOptions = {}) => change<'resumeSync'>('resume', id, options),
    /** Reads again what failed of a failed run. */
    retry: (id: string, options: CallOptions = {}) => change<'retrySync'>('retry', id, options),
    cancel: (id: string, options: CallOptions = {}) => change<'cancelSync'>('cancel', id, options),
    /** Of a run whose `deletions` are `asked`: so many profiles are gone from Klaviyo indeed, and `deletes` shall be done with their contacts. */
    confirmDeletes: (id: string, options: CallOptions = {}) => change<'confirmDeletions'>('confirm-deletes', id, options),

    /** One snapshot. */
    progress: (id: string, { signal }: CallOptions = {}): Promise<Progress> => readProgress(transport, id, signal),

    /** Snapshots about each second until the run is final; the last one has `final: true`. Reconnects by itself. */
    watch: (id: string, options: WatchOptions = {}): AsyncIterable<Progress> => watchRun(transport, id, options),
  };
}

function schedulesOf(transport: Transport) {
  return {
    /** When incremental runs start by themselves, what waits, and what became of the last one. */
    list({ account, signal }: CallOptions & { account?: string | undefined } = {}): Promise<AnswerOf<'listSchedules'>> {
      return call<'listSchedules'>(transport, { method: 'GET', path: '/v1/schedules', query: { account }, signal });
    },
  };
}

function rejectionsOf(transport: Transport) {
  return {
    /** One page; `next` is the `after` of the following one. */
    list(
      filter: Given<Operations['listRejections']['query']> = {},
      { signal }: CallOptions = {},
    ): Promise<AnswerOf<'listRejections'>> {
      return call<'listRejections'>(transport, { method: 'GET', path: '/v1/rejections', query: filter, signal });
    },

    /** Reads rejected records again from Klaviyo and delivers them, as a run of its own. */
    replay(request: ReplayRejections, { signal }: CallOptions = {}): Promise<AnswerOf<'replayRejections'>> {
      return call<'replayRejections'>(transport, { method: 'POST', path: '/v1/rejections/replay', body: request, signal });
    },
  };
}

function recordsOf(transport: Transport) {
  return {
    /** Why a record is, or is not, in Brevo; `id` is its id at Klaviyo. */
    explain(
      resource: string,
      id: string,
      { account, signal }: CallOptions & { account?: string | undefined } = {},
    ): Promise<AnswerOf<'explainRecord'>> {
      const path = `/v1/records/${encodeURIComponent(resource)}/${encodeURIComponent(id)}`;
      return call<'explainRecord'>(transport, { method: 'GET', path, query: { account }, signal });
    },
  };
}

function eventsOf(transport: Transport) {
  return {
    /**
     * Records an event in Klaviyo and in Brevo. With the same `unique_id` (or, without one, idempotency key) it is recorded once however
     * often this is called; with neither this call alone is one event, however often it has to be sent. The answer says what became of
     * it in Brevo.
     */
    track(
      event: TrackEvent,
      { idempotencyKey, signal }: CallOptions & { idempotencyKey?: string | undefined } = {},
    ): Promise<AnswerOf<'trackEvent'>> {
      const named = event.unique_id !== undefined || idempotencyKey !== undefined;
      const body = named ? event : { ...event, unique_id: randomId() };
      return call<'trackEvent'>(transport, {
        method: 'POST',
        path: '/v1/klaviyo/events',
        body,
        idempotencyKey,
        repeatable: true,
        signal,
      });
    },
  };
}

function metricsOf(transport: Transport) {
  return {
    /** Counts the events of a Klaviyo metric over time; `cachedAt` says when Klaviyo was asked, where the answer was known. */
    query(query: QueryMetrics, { signal }: CallOptions = {}): Promise<AnswerOf<'queryMetrics'>> {
      const path = '/v1/klaviyo/metrics/query';
      return call<'queryMetrics'>(transport, { method: 'POST', path, body: query, repeatable: true, signal });
    },
  };
}

type Page = CallOptions & Given<Partial<Operations['listArchived']['query']>>;

type ExportOptions = CallOptions & { format?: 'csv' | 'ndjson' | undefined; account?: string | undefined };

function exported(
  transport: Transport,
  resource: string,
  { format = 'ndjson', account, signal = new AbortController().signal }: ExportOptions,
): Promise<ReadableStream<Uint8Array>> {
  const query = new URLSearchParams({ format, ...(account !== undefined && { account }) });
  const accept = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
  return transport.stream({ path: `${archivePath(resource)}/export?${query.toString()}`, accept, signal });
}

function archiveOf(transport: Transport) {
  return {
    /** What is kept of Klaviyo, and how much of it. */
    resources({ account, signal }: CallOptions & { account?: string | undefined } = {}): Promise<AnswerOf<'listArchive'>> {
      return call<'listArchive'>(transport, { method: 'GET', path: '/v1/archive', query: { account }, signal });
    },

    /** One page of what is kept of a resource; `next` is the `after` of the following one. */
    list(resource: string, { signal, ...query }: Page = {}): Promise<AnswerOf<'listArchived'>> {
      return call<'listArchived'>(transport, { method: 'GET', path: archivePath(resource), query, signal });
    },

    get(
      resource: string,
      id: string,
      { account, signal }: CallOptions & { account?: string | undefined } = {},
    ): Promise<AnswerOf<'readArchived'>> {
      const path = `${archivePath(resource)}/${encodeURIComponent(id)}`;
      return call<'readArchived'>(transport, { method: 'GET', path, query: { account }, signal });
    },

    /**
     * Everything kept of a resource, as one file in UTF-8 while it is read. Read it to its end or cancel it. It fails half way when the
     * API cannot go on: what came by then is no whole file.
     */
    export(resource: string, options: ExportOptions = {}): Promise<ReadableStream<Uint8Array>> {
      return exported(transport, resource, options);
    },

    /**
     * Campaigns with what they did at Klaviyo, and what the drafts made of them did at Brevo; then those made at Brevo. One page.
     */
    campaignResults({ signal, ...query }: Page = {}): Promise<AnswerOf<'compareCampaigns'>> {
      return call<'compareCampaigns'>(transport, { method: 'GET', path: '/v1/archive/campaign-results', query, signal });
    },

    /** The results of all campaigns of both vendors, a line for each message and vendor; to be read like `export`. */
    exportCampaignResults(options: ExportOptions = {}): Promise<ReadableStream<Uint8Array>> {
      return exported(transport, 'campaign-results', options);
    },
  };
}

function verificationsOf(transport: Transport) {
  const get = (id: string, { account, signal }: CallOptions & { account?: string | undefined } = {}): Promise<Verification> =>
    call<'readVerification'>(transport, { method: 'GET', path: verificationPath(id), query: { account }, signal });

  return {
    /** Compares both sides record by record. It reads only, unless `repair` says that what differs shall be written anew. */
    start(request: StartVerification = {}, { signal }: CallOptions = {}): Promise<Verification> {
      return call<'startVerification'>(transport, { method: 'POST', path: '/v1/verifications', body: request, signal });
    },

    get,

    /** The latest first, one page. */
    list(
      filter: Given<Partial<Operations['listVerifications']['query']>> = {},
      { signal }: CallOptions = {},
    ): Promise<AnswerOf<'listVerifications'>> {
      return call<'listVerifications'>(transport, { method: 'GET', path: '/v1/verifications', query: filter, signal });
    },

    /** Records that differ, one page, those without an explanation first. `next` is the `after` of the following one. */
    differences(
      id: string,
      filter: Given<Partial<Operations['listDifferences']['query']>> = {},
      { signal }: CallOptions = {},
    ): Promise<AnswerOf<'listDifferences'>> {
      const path = `${verificationPath(id)}/differences`;
      return call<'listDifferences'>(transport, { method: 'GET', path, query: filter, signal });
    },

    /** How it stands, about each second until it is done; the last one says what it found. Goes on over a restart of the API. */
    watch: (id: string, options: WatchOptions & { account?: string | undefined } = {}): AsyncIterable<Verification> =>
      watchVerification((signal) => get(id, { account: options.account, signal }), options),
  };
}

function verificationPath(id: string): string {
  return `/v1/verifications/${encodeURIComponent(id)}`;
}

function erasuresOf(transport: Transport) {
  return {
    /**
     * Erases a person at Klaviyo, at Brevo and in Tajo, for good; name them by exactly one of `email`, `phone` and `klaviyo_id`. Asking again
     * is the same erasure. It is done when its `state` says so, which takes as long as Klaviyo does.
     */
    request(person: RequestErasure, { signal }: CallOptions = {}): Promise<AnswerOf<'requestErasure'>> {
      const request = { method: 'POST', path: '/v1/erasures', body: person, repeatable: true, signal } as const;
      return call<'requestErasure'>(transport, request);
    },

    get(id: string, { account, signal }: CallOptions & { account?: string | undefined } = {}): Promise<AnswerOf<'readErasure'>> {
      const path = `/v1/erasures/${encodeURIComponent(id)}`;
      return call<'readErasure'>(transport, { method: 'GET', path, query: { account }, signal });
    },

    /** One page; `next` is the `after` of the following one. */
    list(
      filter: Given<Partial<Operations['listErasures']['query']>> = {},
      { signal }: CallOptions = {},
    ): Promise<AnswerOf<'listErasures'>> {
      return call<'listErasures'>(transport, { method: 'GET', path: '/v1/erasures', query: filter, signal });
    },
  };
}

function webhooksOf(transport: Transport) {
  const change = <Name extends 'installWebhooks' | 'rotateWebhooks' | 'removeWebhooks'>(
    verb: string,
    body: RotateWebhooks,
    { signal }: CallOptions,
  ) => call<Name>(transport, { method: 'POST', path: `/v1/webhooks/${verb}`, body, signal, timeoutMs: CONNECT_WITHIN_MS });

  return {
    /** Whether both vendors deliver, asked of them. */
    status({ account, signal }: CallOptions & { account?: string | undefined } = {}): Promise<AnswerOf<'readWebhooks'>> {
      const timeoutMs = CONNECT_WITHIN_MS;
      return call<'readWebhooks'>(transport, { method: 'GET', path: '/v1/webhooks', query: { account }, signal, timeoutMs });
    },

    /** Makes both vendors deliver; what is there is mended, never doubled. */
    install: (request: { account?: string } = {}, options: CallOptions = {}) =>
      change<'installWebhooks'>('install', request, options),
    rotate: (request: RotateWebhooks = {}, options: CallOptions = {}) => change<'rotateWebhooks'>('rotate', request, options),
    remove: (request: { account?: string } = {}, options: CallOptions = {}) =>
      change<'removeWebhooks'>('remove', request, options),
  };
}

/** `crypto.randomUUID` is missing in pages that came over plain http. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function accountPath(account: string): string {
  return `/v1/accounts/${encodeURIComponent(account)}`;
}

function runPath(id: string): string {
  return `/v1/syncs/${encodeURIComponent(id)}`;
}

function archivePath(resource: string): string {
  return `/v1/archive/${encodeURIComponent(resource)}`;
}
