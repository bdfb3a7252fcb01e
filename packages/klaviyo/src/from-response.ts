import { AccountStopped, RequestRefused, RetryLater, type TajoError, WaitUntil } from '@tajo/errors';
import { type HttpFailure, redact } from '@tajo/http';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { rateHeaders } from './rate-headers.js';
import { scopeFor, scopeMissing } from './scopes.js';

/** What a request was, for the message; nothing secret or personal. */
export interface RequestContext {
  readonly account: string;
  readonly method: string;
  readonly path: string;
  readonly auth: 'private' | 'oauth' | 'public';
  /** Whether a cursor was sent. */
  readonly paged: boolean;
  /** False when doing it twice does harm. */
  readonly repeatable: boolean;
}

/**
 * The one place where an answer of Klaviyo that is no 2xx becomes an error named by what happens next
 * (https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling).
 */
export function errorFromAnswer(
  answer: { status: number; headers: IncomingHttpHeaders; body: unknown },
  context: RequestContext,
): TajoError {
  const { status } = answer;
  if (status === 429) return tooMany(answer.headers, context);
  if (status >= 500 || status === 408) return unavailable(status, context);
  if (status === 401) return keyRefused(context);
  const details = detailsOf(answer.body);
  if (status === 403) return forbidden(details, context);
  if (status === 410) return revisionRetired(context);
  return refused(status, details, context);
}

/** The same for a request without a usable answer. */
export function errorFromFailure(failure: HttpFailure, context: RequestContext): TajoError {
  if (failure.sent && !context.repeatable) return outcomeUnknown(failure.message, context, failure);
  const code = `klaviyo_${failure.kind}`;
  const message = `Klaviyo, ${requestLine(context)}: ${failure.message}`;
  if (failure.kind === 'too_large') {
    return new RequestRefused(code, `${message}; ask for smaller pages.`, { status: 200, cause: failure });
  }
  return new RetryLater(code, `${message}; trying again later.`, { cause: failure });
}

/** Of a conflict, the profile that holds the identifiers already, where Klaviyo names it. */
export function duplicateProfileId({ details }: RequestRefused): string | undefined {
  return details.find(({ pointer }) => pointer === duplicatePointer)?.detail;
}

/** `undefined` for what Klaviyo says is not there. */
export async function absentAsUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404) return undefined;
    throw error;
  }
}

function unavailable(status: number, context: RequestContext): RetryLater {
  // A gateway may give up on a request that is still carried out behind it.
  if (!context.repeatable) return outcomeUnknown(`it answered ${status}`, context);
  return new RetryLater(
    'klaviyo_unavailable',
    `Klaviyo could not answer ${requestLine(context)} (${status}); trying again later.`,
  );
}

function outcomeUnknown(why: string, context: RequestContext, cause?: HttpFailure): RetryLater {
  const message = `Klaviyo may or may not have carried out ${requestLine(context)} (${why}); look before sending it again.`;
  return new RetryLater('klaviyo_outcome_unknown', message, { cause });
}

function tooMany(headers: IncomingHttpHeaders, context: RequestContext): WaitUntil {
  const at = new Date(Date.now() + rateHeaders.retryAfterMs(headers));
  return new WaitUntil(
    'klaviyo_rate_limited',
    `Klaviyo's budget for ${requestLine(context)} is used up (429) until ${at.toISOString()}.`,
    { at },
  );
}

function keyRefused({ account, auth }: RequestContext): AccountStopped {
  if (auth === 'oauth') {
    return new AccountStopped(
      'klaviyo_token_refused',
      `Klaviyo refused the access token of account ${account} (401); connect the account again and resume.`,
      { remedy: `Connect account ${account} with Klaviyo again, then resume.` },
    );
  }
  return new AccountStopped(
    'klaviyo_key_refused',
    `Klaviyo refused the key of account ${account} (401); replace it and resume.`,
    {
      remedy: `Replace the Klaviyo API key of account ${account} with a valid one, then resume.`,
    },
  );
}

function forbidden(details: readonly Detail[], context: RequestContext): AccountStopped {
  const scopes = scopesIn(details) ?? scopeFor(context.method, context.path);
  const lack = scopes ? `the key lacks ${scopes}` : 'the key may not do this';
  return new AccountStopped(
    scopeMissing,
    `Klaviyo refused ${requestLine(context)} for account ${context.account} (403): ${lack}.`,
    {
      // Scopes of a private key cannot be changed once it exists.
      remedy: `Create a Klaviyo API key ${scopes ? `with the scope ${scopes}` : 'with the scopes needed'}, put it in place of the old one, then resume.`,
    },
  );
}

function revisionRetired({ account }: RequestContext): AccountStopped {
  return new AccountStopped(
    'klaviyo_revision_retired',
    `Klaviyo no longer serves the API revision that account ${account} asks for (410).`,
    {
      remedy: 'Set api_revision to one that Klaviyo still serves, or update this connector, then resume.',
    },
  );
}

function refused(status: number, details: readonly Detail[], context: RequestContext): RequestRefused {
  const words = details.map(({ pointer, detail }) => (pointer ? `${detail} (at ${pointer})` : detail)).slice(0, 3);
  const why = words.length > 0 ? `: ${words.join('; ')}` : '.';
  const code =
    context.paged && details.some(isAboutCursor) ? 'klaviyo_cursor_invalid' : (codes[status] ?? 'klaviyo_request_refused');
  return new RequestRefused(code, `Klaviyo refused ${requestLine(context)} (${status})${why}`, { status, details });
}

const codes: Readonly<Record<number, string>> = {
  301: 'klaviyo_redirected',
  302: 'klaviyo_redirected',
  307: 'klaviyo_redirected',
  308: 'klaviyo_redirected',
  404: 'klaviyo_not_found',
  409: 'klaviyo_conflict',
  413: 'klaviyo_body_too_large',
};

function requestLine({ method, path }: RequestContext): string {
  return `${method} ${redact(path)}`;
}

type Detail = RequestRefused['details'][number];

const errorsBody = z.looseObject({
  errors: z.array(
    z.looseObject({
      code: z.string().nullish(),
      title: z.string().nullish(),
      detail: z.string().nullish(),
      source: z.looseObject({ pointer: z.string().nullish(), parameter: z.string().nullish() }).nullish(),
      meta: z.looseObject({ duplicate_profile_id: z.unknown().optional() }).nullish(),
    }),
  ),
});

/** At most this many are kept: a bulk call may point at every element. */
const maxDetails = 100;

function detailsOf(body: unknown): Detail[] {
  const result = errorsBody.safeParse(body);
  if (!result.success) return [];
  const errors = result.data.errors.slice(0, maxDetails);
  const words = errors.map(({ code, title, detail, source }) => {
    const pointer = source?.pointer ?? source?.parameter;
    return {
      ...(pointer && { pointer: redact(pointer) }),
      ...(code && { code: redact(code) }),
      detail: redact(detail ?? title ?? 'no reason given'),
    };
  });
  const holders = errors.map(({ meta }) => meta?.duplicate_profile_id).filter(isProfileId);
  return [...words, ...holders.map((detail) => ({ pointer: duplicatePointer, detail }))];
}

const duplicatePointer = 'meta.duplicate_profile_id';

/** An id has letters; what has none may be a phone number. */
function isProfileId(value: unknown): value is string {
  return typeof value === 'string' && /^(?=\d*[A-Za-z])[\w-]{1,64}$/.test(value);
}

function scopesIn(details: readonly Detail[]): string | undefined {
  const named = details.flatMap(({ detail }) => detail.match(/\b[a-z]+(?:-[a-z]+)*:(?:read|write)\b/g) ?? []);
  return named.length > 0 ? [...new Set(named)].join(', ') : undefined;
}

function isAboutCursor({ pointer, code, detail }: Detail): boolean {
  return [pointer, code, detail].some((words) => words?.toLowerCase().includes('cursor'));
}
