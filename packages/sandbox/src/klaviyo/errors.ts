import { randomUUID } from 'node:crypto';
import type { Reply } from '../http/exchange.js';

export const JSON_API = 'application/vnd.api+json';

interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly source?: { readonly pointer: string } | { readonly parameter: string };
  readonly meta?: Readonly<Record<string, unknown>>;
}

export function document(status: number, value: unknown): Reply {
  return { status, headers: { 'content-type': JSON_API }, body: JSON.stringify(value) };
}

/** Klaviyo's error document (rate_limits_and_error_handling; the OpenAPI asks for id, code, title and detail). */
export function problem(status: number, { code, title, detail, source, meta = {} }: Problem): Reply {
  const error = { id: randomUUID(), status, code, title, detail, source: source ?? { pointer: '/data/' }, links: {}, meta };
  return document(status, { errors: [error] });
}

export function invalidParameter(parameter: string, detail: string): Reply {
  return problem(400, { code: 'invalid', title: 'Invalid input.', detail, source: { parameter } });
}

export function invalidField(pointer: string, detail: string): Reply {
  return problem(400, { code: 'invalid', title: 'Invalid input.', detail, source: { pointer } });
}

export function notFound(detail: string): Reply {
  return problem(404, { code: 'not_found', title: 'Not found.', detail });
}
