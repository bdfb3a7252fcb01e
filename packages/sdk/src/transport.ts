import type { Problem } from './api-types.generated.js';
import { TajoApiError, TajoUnreachableError } from './errors.js';

export interface Transport {
  readonly baseUrl: string;
  /** The JSON of a 2xx answer, `undefined` for none. Throws `TajoApiError`, `TajoUnreachableError`, or the caller's abort reason. */
  json(request: ApiRequest): Promise<unknown>;
  /** The body of a 2xx answer as it comes in. The caller's signal is its only end. */
  stream(request: { path: string; accept: string; signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: unknown;
  /** Makes a POST safe to send again. */
  readonly idempotencyKey?: string | undefined;
  /** As does this: the API knows a repeat, or it is a read by POST. */
  readonly repeatable?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface TransportOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
  /** Of every call that names none. */
  readonly account?: string | undefined;
  readonly fetch: typeof globalThis.fetch;
}

const TRIES = 3;
const LONGEST_PAUSE_MS = 10_000;

export function createTransport({ baseUrl, apiKey, timeoutMs, account, fetch }: TransportOptions): Transport {
  const base = baseUrl.replace(/\/+$/, '');

  async function send(request: ApiRequest & { accept: string }, ends: AbortSignal): Promise<Response> {
    const { method, path, query, body, accept, idempotencyKey } = request;
    let answer: Response;
    try {
      answer = await fetch(base + path + queryOf(query), {
        method,
        headers: {
          accept,
          authorization: `Bearer ${apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A redirect would carry the key to another address.
        redirect: 'error',
        signal: ends,
      });
    } catch (error) {
      throw unreachable(base, error);
    }
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  }

  /** In the body where there is one, else in the query. `/v1/accounts` names its accounts itself. */
  function ofAccount<Sent extends Pick<ApiRequest, 'path' | 'query' | 'body'>>(request: Sent): Sent {
    const { path, query, body } = request;
    if (account === undefined || path.startsWith('/v1/accounts') || /[?&]account=/.test(path)) return request;
    if (typeof body === 'object' && body !== null) return { ...request, body: { account, ...body } };
    return query?.['account'] === undefined ? { ...request, query: { ...query, account } } : request;
  }

  async function once(request: ApiRequest): Promise<unknown> {
    const late = AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
    const ends = request.signal ? AbortSignal.any([request.signal, late]) : late;
    const answer = await send({ ...ofAccount(request), accept: 'application/json' }, ends);
    let text: string;
    try {
      text = await answer.text();
    } catch (error) {
      throw unreachable(base, error);
    }
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new TajoUnreachableError(base, 'the answer is no JSON, so something else speaks there', { cause: error });
    }
  }

  return {
    baseUrl: base,
    async json(request) {
      const maySendAgain = request.method !== 'POST' || request.idempotencyKey !== undefined || request.repeatable === true;
      for (let tries = 1; ; tries += 1) {
        try {
          return await once(request);
        } catch (error) {
          if (request.signal?.aborted) throw request.signal.reason;
          if (!maySendAgain || tries === TRIES || !passes(error)) throw error;
          await pause(pauseMs(error, tries), request.signal);
        }
      }
    },
    async stream({ path, accept, signal }) {
      const { body } = await send({ ...ofAccount({ method: 'GET', path }), accept }, signal);
      if (!body) throw new TajoUnreachableError(base, 'the answer has no body');
      return body;
    },
  };
}

/** Resolves after `ms`, rejects when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', over);
      resolve();
    }, ms);
    if (signal?.aborted) over();
    else signal?.addEventListener('abort', over, { once: true });
  });
}

/** Whether the same request may succeed a moment later. */
export function passes(error: unknown): boolean {
  if (error instanceof TajoApiError) return [502, 503, 504].includes(error.status);
  return error instanceof TajoUnreachableError;
}

function pauseMs(error: unknown, tries: number): number {
  const asked = error instanceof TajoApiError ? error.retryAfterMs : undefined;
  return Math.min(LONGEST_PAUSE_MS, asked ?? 250 * 2 ** tries);
}

function queryOf(query: ApiRequest['query']): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) given.set(name, String(value));
  return given.size > 0 ? `?${given.toString()}` : '';
}

function unreachable(baseUrl: string, error: unknown): TajoUnreachableError {
  const { name, message, cause } = wordsOf(error);
  if (name === 'TimeoutError') return new TajoUnreachableError(baseUrl, 'no answer in time', { cause: error });
  // fetch says only "fetch failed"; the reason is the cause's.
  const { code, message: reason } = wordsOf(cause);
  return new TajoUnreachableError(baseUrl, code ?? reason ?? message ?? String(error), { cause: error });
}

/** By what it has and not by `instanceof`: fetch's errors may come from another realm (frames, test runners). */
function wordsOf(error: unknown): { name?: string; message?: string; code?: string; cause?: unknown } {
  if (typeof error !== 'object' || error === null) return {};
  return {
    ...('name' in error && typeof error.name === 'string' && { name: error.name }),
    ...('message' in error && typeof error.message === 'string' && error.message !== '' && { message: error.message }),
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...('cause' in error && { cause: error.cause }),
  };
}

async function refusalOf(answer: Response): Promise<TajoApiError> {
  const { status } = answer;
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const body: unknown = await answer.json().catch(() => undefined);
  const problem: Problem = isProblem(body)
    ? body
    : {
        type: 'about:blank',
        title: answer.statusText,
        status,
        code: `http_${status}`,
        detail: `The server answered ${status} without saying why; is it the Tajo API?`,
      };
  return new TajoApiError(problem, { retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined });
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false;
  return (
    'code' in body &&
    typeof body.code === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string' &&
    'status' in body &&
    typeof body.status === 'number'
  );
}
