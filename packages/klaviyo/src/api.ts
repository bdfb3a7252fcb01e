import type { IncomingHttpHeaders } from 'node:http';
import type { CallOptions, HttpRequest, Query } from '@tajo/http';

export interface KlaviyoRequest extends CallOptions {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** False for a write that would be done twice; when it gets no answer the error's code is `klaviyo_outcome_unknown`. */
  readonly repeatable?: boolean;
}

export interface KlaviyoAnswer {
  readonly status: number;
  /** The parsed JSON, `undefined` for an empty answer. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

/**
 * One call of Klaviyo's API: what `read` makes of a 2xx, or an error of `@tajo/errors`. An `HttpFailure` of `read` becomes one too.
 */
export type Api = <T>(request: KlaviyoRequest, read: (answer: KlaviyoAnswer) => T) => Promise<T>;
