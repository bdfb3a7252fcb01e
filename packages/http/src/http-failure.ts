import { TimeoutError } from 'got';

/**
 * `network` and `timeout`: no answer. `aborted`: the caller's signal ended it. `too_large`: over the cap. `unreadable`: not the
 * JSON it should be, e.g. cut off. `unexpected`: JSON of another shape than documented.
 */
export type HttpFailureKind = 'network' | 'timeout' | 'aborted' | 'too_large' | 'unreadable' | 'unexpected';

/**
 * A request without a usable answer. The message is a clause for a sentence (`the answer is no JSON`). It has nothing of the
 * request in it: got's own errors carry the headers, so they are never a cause.
 */
export class HttpFailure extends Error {
  readonly kind: HttpFailureKind;
  /** Whether the vendor may have got the request, so that a write may have happened. */
  readonly sent: boolean;

  constructor(kind: HttpFailureKind, message: string, { sent }: { sent: boolean }) {
    super(message);
    this.name = 'HttpFailure';
    this.kind = kind;
    this.sent = sent;
  }
}

/** `cleared` says whether the limiter had let the request go, `aborted` whether the caller's signal has fired. */
export function failureOf(thrown: unknown, { cleared, aborted }: { cleared: boolean; aborted: boolean }): HttpFailure {
  if (thrown instanceof HttpFailure) return thrown;
  if (aborted)
    return new HttpFailure('aborted', 'the request was given up because the work around it was stopped', { sent: cleared });
  if (thrown instanceof TimeoutError) {
    const sent = cleared && !['lookup', 'connect', 'secureConnect'].includes(thrown.event);
    return new HttpFailure('timeout', `no answer in time (waiting for: ${thrown.event})`, { sent });
  }
  const code = codeOf(thrown);
  return new HttpFailure('network', `the connection failed (${code})`, { sent: cleared && !neverSent.has(code) });
}

/** These happen before the first byte of a request leaves. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED']);

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'unknown reason';
}
