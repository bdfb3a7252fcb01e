import type { Problem } from './api-types.generated.js';

/** The API refused: `status` and `code` say why, `message` is one or two sentences for people. */
export class TajoApiError extends Error {
  readonly status: number;
  /** Stable name of the case, e.g. `run_active`. */
  readonly code: string;
  /** The first field at fault, where the request is. */
  readonly field: string | undefined;
  /** What somebody has to do, where the API says so. */
  readonly remedy: string | undefined;
  /** The run that is in the way, e.g. with `run_active`. */
  readonly runId: string | undefined;
  /** How long to wait before trying again makes sense, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The whole problem document (RFC 9457). */
  readonly problem: Problem;

  constructor(problem: Problem, { retryAfterMs }: { retryAfterMs?: number | undefined } = {}) {
    super(problem.detail);
    this.name = 'TajoApiError';
    this.status = problem.status;
    this.code = problem.code;
    this.field = problem.field;
    this.remedy = problem.remedy;
    this.runId = problem.runId;
    this.retryAfterMs = retryAfterMs;
    this.problem = problem;
  }
}

/** There was no usable answer: nothing listens there, the connection broke, or the time was up. Whether a change was made is unknown. */
export class TajoUnreachableError extends Error {
  readonly baseUrl: string;

  constructor(baseUrl: string, why: string, options?: { cause?: unknown }) {
    super(`The Tajo API at ${baseUrl} cannot be reached: ${why}.`, options);
    this.name = 'TajoUnreachableError';
    this.baseUrl = baseUrl;
  }
}
