import type { SandboxRequest } from './exchange.js';

/** A request as it came in, without whatever tells who sent it. */
export interface RecordedRequest {
  readonly method: string;
  /** Without the vendor's prefix. */
  readonly path: string;
  /** Percent-encoded, without the `?`; empty for none. */
  readonly query: string;
  /** Of the headers those that say what the request is. */
  readonly headers: { readonly revision?: string; readonly 'content-type'?: string };
  /** As text; empty for none. */
  readonly body: string;
}

/** Keeps the first requests a vendor gets, for whoever wants to check them afterwards. */
export class Recorder {
  readonly #most: number;
  readonly #requests: RecordedRequest[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add({ method, path, query, headers, body }: SandboxRequest): void {
    if (this.#requests.length >= this.#most) return;
    const { revision, 'content-type': type } = headers;
    this.#requests.push({
      method,
      path,
      query: query.toString(),
      headers: { ...(typeof revision === 'string' && { revision }), ...(type !== undefined && { 'content-type': type }) },
      body: body.toString('utf8'),
    });
  }

  all(): readonly RecordedRequest[] {
    return this.#requests;
  }
}
