import type { IncomingHttpHeaders } from 'node:http';
import { AccountStopped, RequestRefused, RetryLater, type TajoError, WaitUntil } from '@tajo/errors';
import { type HttpFailure, redact } from '@tajo/http';
import { z } from 'zod';
import { rateHeaders } from './rate-headers.js';

/** What a request was, for the message; nothing secret or personal. */
export interface RequestContext {
  readonly account: string;
  readonly method: string;
  /** With its parameters in braces, never filled in. */
  readonly path: string;
  /** False when doing it twice does harm. */
  readonly repeatable: boolean;
}

/** The one place where an answer of Brevo that is no 2xx becomes an error named by what happens next. */
export function errorFromAnswer(
  answer: { status: number; headers: IncomingHttpHeaders; body: unknown },
  context: RequestContext,
): TajoError {
  const { status } = answer;
  if (status === 429) return tooMany(answer.headers, context);
  if (status >= 500 || status === 408) return unavailable(status, context);
  if (status === 401) return keyRefused(context);
  const details = detailsOf(answer.body);
  const code = details[0]?.code;
  if (status === 402 || code === 'not_enough_credits') return creditsExhausted(context);
  if (code === 'account_under_validation') return underValidation(context);
  if (status === 403) return featureInactive(context);
  if (status === 425 || code === 'account_in_process') return busy(context);
  return refused(status, details, context);
}

/** The same for a request without a usable answer. */
export function errorFromFailure(failure: HttpFailure, context: RequestContext): TajoError {
  if (failure.sent && !context.repeatable) return outcomeUnknown(failure.message, context, failure);
  const code = `brevo_${failure.kind}`;
  const message = `Brevo, ${requestLine(context)}: ${failure.message}`;
  if (failure.kind === 'too_large') {
    return new RequestRefused(code, `${message}; ask for less at once.`, { status: 200, cause: failure });
  }
  return new RetryLater(code, `${message}; trying again later.`, { cause: failure });
}

/** The identifiers (`email`, `SMS`, `ext_id` …) that another contact holds already, when that is why Brevo refused. */
export function duplicateIdentifiers({ details }: RequestRefused): string[] {
  return details.filter(({ code }) => code === duplicateIdentifier).map(({ detail }) => detail);
}

/** `undefined` for what Brevo says is not there: a 404, in older endpoints a 400. */
export async function absentAsUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RequestRefused && (error.status === 404 || error.details[0]?.code === 'document_not_found'))
      return undefined;
    throw error;
  }
}

function tooMany(headers: IncomingHttpHeaders, context: RequestContext): WaitUntil {
  const at = new Date(Date.now() + rateHeaders.retryAfterMs(headers));
  return new WaitUntil(
    'brevo_rate_limited',
    `Brevo's budget for ${requestLine(context)} is used up (429) until ${at.toISOString()}.`,
    { at },
  );
}

function unavailable(status: number, context: RequestContext): RetryLater {
  // A gateway may give up on a request that is still carried out behind it.
  if (!context.repeatable) return outcomeUnknown(`it answered ${status}`, context);
  return new RetryLater('brevo_unavailable', `Brevo could not answer ${requestLine(context)} (${status}); trying again later.`);
}

function outcomeUnknown(why: string, context: RequestContext, cause?: HttpFailure): RetryLater {
  const message = `Brevo may or may not have carried out ${requestLine(context)} (${why}); look before sending it again.`;
  return new RetryLater('brevo_outcome_unknown', message, { cause });
}

function keyRefused({ account }: RequestContext): AccountStopped {
  // An account that saw no new address for 30 days begins to block unknown ones, with the same 401 as for a wrong key.
  return new AccountStopped(
    'brevo_key_refused',
    `Brevo refused the key of account ${account} (401): it is not valid, or the address we call from is not on the account's list of authorised IPs.`,
    {
      remedy: `Check the Brevo API key of account ${account} and, in Brevo under Security > Authorized IPs, the address of this server; then resume.`,
    },
  );
}

function creditsExhausted(context: RequestContext): AccountStopped {
  return new AccountStopped(
    'brevo_credits_exhausted',
    `Brevo refused ${requestLine(context)}: the credits of account ${context.account} are used up.`,
    {
      remedy: 'Buy credits or a larger plan in Brevo, then resume.',
    },
  );
}

function underValidation({ account }: RequestContext): AccountStopped {
  return new AccountStopped(
    'brevo_account_under_validation',
    `Brevo is still validating account ${account} and refuses its calls.`,
    {
      remedy: 'Complete the validation of the account in Brevo, then resume.',
    },
  );
}

/** The code of the error for what the account's plan lacks or nobody has switched on. */
export const featureInactiveCode = 'brevo_feature_inactive';

function featureInactive(context: RequestContext): AccountStopped {
  return new AccountStopped(
    featureInactiveCode,
    `Brevo refused ${requestLine(context)} (403): the plan of account ${context.account} does not have it, or it is not switched on.`,
    { remedy: 'Switch the feature on in Brevo (or change the plan), or leave out the resource that needs it; then resume.' },
  );
}

function busy(context: RequestContext): RetryLater {
  return new RetryLater(
    'brevo_contact_busy',
    `Brevo is still at work on what ${requestLine(context)} is about; trying again shortly.`,
  );
}

function refused(status: number, details: readonly Detail[], context: RequestContext): RequestRefused {
  const words = details.map(({ detail }) => detail).join(', ');
  const why = words ? `: ${words}` : '.';
  return new RequestRefused(codes[status] ?? 'brevo_request_refused', `Brevo refused ${requestLine(context)} (${status})${why}`, {
    status,
    details,
  });
}

const codes: Readonly<Record<number, string>> = {
  301: 'brevo_redirected',
  302: 'brevo_redirected',
  307: 'brevo_redirected',
  308: 'brevo_redirected',
  404: 'brevo_not_found',
  409: 'brevo_conflict',
  413: 'brevo_body_too_large',
};

function requestLine({ method, path }: RequestContext): string {
  return `${method} ${path}`;
}

type Detail = RequestRefused['details'][number];

const duplicateIdentifier = 'duplicate_identifier';

const errorBody = z.looseObject({
  code: z.string().nullish(),
  message: z.string().nullish(),
  metadata: z.looseObject({ duplicate_identifiers: z.array(z.string()).nullish() }).nullish(),
});

/** Brevo's code and words first, then each identifier that is taken (the code of a clash changed in 2026, these did not). */
function detailsOf(body: unknown): Detail[] {
  const result = errorBody.safeParse(body);
  if (!result.success) return [];
  const { code, message, metadata } = result.data;
  if (!code && !message) return [];
  const taken = (metadata?.duplicate_identifiers ?? []).map((name) => ({
    pointer: 'metadata.duplicate_identifiers',
    code: duplicateIdentifier,
    detail: redact(name),
  }));
  return [{ ...(code && { code: redact(code) }), detail: redact(message ?? 'no reason given') }, ...taken];
}
