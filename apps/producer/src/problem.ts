import { AccountStopped, BadInput, RequestRefused, RetryLater, TajoError, WaitUntil } from '@tajo/errors';
import { redactDeep } from '@tajo/logging';
import { isStoreUnreachable } from '@tajo/store';
import { isRedisUnreachable } from './redis.js';

/** Further members of a problem document, e.g. `runId` of the run that is in the way. */
export type ProblemExtras = Readonly<Record<string, unknown>>;

/** An answer that is not what was asked for, as RFC 9457 has it. Handlers throw it; anything else thrown becomes one by `problemOf`. */
export class Problem extends TajoError {
  readonly status: number;
  readonly extras: ProblemExtras;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    { extras = {}, headers = {}, cause }: { extras?: ProblemExtras; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(code, detail, { cause });
    this.status = status;
    this.extras = extras;
    this.headers = headers;
  }

  /**
   * The document. Extras never hide the standard members. It repeats what callers and vendors said, but no address, number or key in it:
   * answers end up in logs of others.
   */
  toJSON(): Record<string, unknown> {
    const { status, code, message: detail, extras } = this;
    const title = titles[status] ?? 'The request failed';
    const document = redactDeep({ ...extras, type: `urn:tajo:problem:${code}`, title, status, detail, code });
    // The copy of an object with its strings cleaned is an object with the same keys.
    return document as Record<string, unknown>;
  }
}

export function notFound(what: string): Problem {
  return new Problem(404, 'not_found', `There is no ${what}.`);
}

/** The one place where an error becomes an answer. What is not ours says nothing about itself: it may quote data. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (isStoreUnreachable(thrown)) return away('store_unreachable', 'The database cannot be reached; try again shortly.', thrown);
  if (isRedisUnreachable(thrown)) return away('redis_unreachable', 'Redis cannot be reached; try again shortly.', thrown);
  if (thrown instanceof BadInput)
    return new Problem(422, thrown.code, thrown.message, { extras: { field: thrown.field }, cause: thrown });
  if (thrown instanceof AccountStopped) {
    return new Problem(409, thrown.code, thrown.message, { extras: { remedy: thrown.remedy }, cause: thrown });
  }
  if (thrown instanceof WaitUntil) {
    const seconds = Math.max(1, Math.ceil((thrown.at.getTime() - Date.now()) / 1_000));
    return away(thrown.code, thrown.message, thrown, seconds);
  }
  if (thrown instanceof RetryLater) return away(thrown.code, thrown.message, thrown, 10);
  if (thrown instanceof RequestRefused) return new Problem(502, thrown.code, thrown.message, { cause: thrown });
  return bodyProblemOf(thrown) ?? new Problem(500, 'internal', 'The producer failed; its log says why.', { cause: thrown });
}

function away(code: string, detail: string, cause: unknown, retryAfterSeconds = 5): Problem {
  return new Problem(503, code, detail, { headers: { 'retry-after': String(retryAfterSeconds) }, cause });
}

/** Errors of express's body parser carry a `type` and a 4xx status; their messages quote the body, so none is passed on. */
function bodyProblemOf(thrown: unknown): Problem | undefined {
  if (!(thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number')) return undefined;
  if (thrown.status < 400 || thrown.status > 499) return undefined;
  const type = 'type' in thrown ? thrown.type : undefined;
  if (type === 'entity.too.large') return new Problem(413, 'body_too_large', 'The body is larger than 1 MB.', { cause: thrown });
  if (type === 'entity.parse.failed') return new Problem(400, 'body_not_json', 'The body is no valid JSON.', { cause: thrown });
  if (thrown.status === 415)
    return new Problem(415, 'encoding_unsupported', 'The encoding of the body is not supported; send UTF-8 JSON.', {
      cause: thrown,
    });
  return new Problem(400, 'request_unreadable', 'The request cannot be read.', { cause: thrown });
}

const titles: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'Not signed in',
  404: 'Not found',
  409: 'Not in the state for this',
  413: 'Too large',
  415: 'Not JSON',
  422: 'Not acceptable as it stands',
  429: 'Too many attempts',
  500: 'Internal error',
  502: 'The vendor refused the request',
  503: 'Not available for now',
};
