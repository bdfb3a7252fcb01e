import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Context } from './context.js';
import { Problem } from './problem.js';

/** One line of the API's table. The schemas validate the request, describe it in the OpenAPI document and type its handler. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/v1/syncs/{id}`. */
  readonly path: string;
  /** Name of the operation, e.g. `startSync`. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly headers: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** Statuses of the problem documents it may answer beside 401, 429 and 503. */
  readonly problems: readonly number[];
  /** Validates, then handles. */
  readonly handle: (context: Context, request: Request) => Promise<Answer>;
}

/** `key`: the API key · `open`: nothing to protect · `token`: an unguessable token in the path. */
export type Access = 'key' | 'open' | 'token';

export interface AnswerSpec {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Beside `application/json` of `schema`. */
  readonly otherTypes?: Readonly<Record<string, z.ZodType>>;
}

export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly text: string; readonly contentType: string }
  /** Writes the response itself, e.g. server-sent events. */
  | { readonly stream: (request: Request, response: Response) => Promise<void> };

type Nothing = z.ZodObject<Record<string, never>>;

interface RouteDefinition<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Headers extends z.ZodObject,
  Body extends z.ZodObject,
> {
  readonly method: Route['method'];
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly access?: Access;
  readonly params?: Params;
  /** Strict: an unknown parameter is refused. */
  readonly query?: Query;
  readonly headers?: Headers;
  /** Strict. An absent body counts as `{}`. */
  readonly body?: Body;
  readonly answers: Route['answers'];
  readonly problems?: readonly number[];
  readonly handle: (
    context: Context,
    input: { params: z.output<Params>; query: z.output<Query>; headers: z.output<Headers>; body: z.output<Body> },
  ) => Promise<Answer>;
}

export function route<
  Params extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Headers extends z.ZodObject = Nothing,
  Body extends z.ZodObject = Nothing,
>(definition: RouteDefinition<Params, Query, Headers, Body>): Route {
  const { params, query, headers, body, access = 'key', problems = [], handle, ...rest } = definition;
  return {
    ...rest,
    access,
    problems,
    params,
    query,
    headers,
    body,
    handle: (context, request) =>
      handle(context, {
        params: read(params, request.params, 400, 'path'),
        query: read(query, request.query, 400, 'query'),
        headers: read(headers, request.headers, 400, 'header'),
        body: read(body, body && bodyOf(request), 422, 'body'),
      }),
  };
}

/** A route whose handler reads the request itself, byte by byte: what is signed must be checked before it is parsed. */
export function rawRoute(
  definition: Pick<Route, 'method' | 'path' | 'id' | 'summary' | 'description' | 'params' | 'answers' | 'problems' | 'handle'>,
): Route {
  return { ...definition, access: 'token', query: undefined, headers: undefined, body: undefined };
}

/** What the schema makes of a part of the request; a problem that names every field at fault otherwise. Values are not repeated. */
function read<Schema extends z.ZodObject>(
  schema: Schema | undefined,
  value: unknown,
  status: 400 | 422,
  part: string,
): z.output<Schema> {
  // Without a schema the type is `Nothing`'s, which an empty object is.
  if (!schema) return {} as z.output<Schema>;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const known = Object.keys(schema.shape);
  const errors = result.error.issues.flatMap((issue) => errorsOf(issue, known));
  const [first] = errors;
  throw new Problem(status, 'invalid_request', `The ${part} does not fit: ${errors.map(sentenceOf).join(' ')}`, {
    extras: { ...(first?.field && { field: first.field }), errors },
  });
}

interface FieldError {
  readonly field: string;
  readonly message: string;
}

function errorsOf(issue: z.core.$ZodIssue, known: readonly string[]): FieldError[] {
  const field = issue.path.map(String).join('.');
  if (issue.code !== 'unrecognized_keys') return [{ field, message: issue.message }];
  const fields = issue.path.length === 0 ? `; known are: ${known.join(', ') || 'none'}` : '';
  return issue.keys.map((key) => ({ field: field ? `${field}.${key}` : key, message: `Unknown field${fields}` }));
}

function sentenceOf({ field, message }: FieldError): string {
  return field ? `${field}: ${message}.` : `${message}.`;
}

function bodyOf(request: Request): unknown {
  const body: unknown = request.body;
  if (body !== undefined) return body;
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (chunked !== undefined || (length !== undefined && length !== '0')) {
    throw new Problem(415, 'body_not_json', 'Send the body as JSON, with `Content-Type: application/json`.');
  }
  return {};
}
