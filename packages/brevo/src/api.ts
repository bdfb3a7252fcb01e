import {
  type CallOptions,
  callOptions,
  type HttpClient,
  HttpFailure,
  type HttpRequest,
  jsonOf,
  parsed,
  type Query,
  urlOf,
} from '@tajo/http';
import type { Lane } from '@tajo/limiter';
import type { z } from 'zod';
import { errorFromAnswer, errorFromFailure } from './from-response.js';
import { type BrevoTier, type LaneOverrides, lanesFor } from './limits.js';

/** `priority`, `signal` and `maxWaitMs` hold for every call that has none of its own. */
export interface ApiOptions extends CallOptions {
  /** Our name of the account: keys its lanes and stands in messages. */
  readonly account: string;
  /** With the version, e.g. `https://api.brevo.com/v3`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The plan's tier of rate limits (https://developers.brevo.com/docs/api-limits). Default `general`. */
  readonly tier?: BrevoTier | undefined;
  readonly laneOverrides?: LaneOverrides | undefined;
}

export interface Call<T> extends CallOptions {
  readonly method: HttpRequest['method'];
  /** With its parameters in braces, e.g. `/contacts/{identifier}`: messages and lane keys must not hold an identifier. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Query;
  readonly body?: unknown;
  /** False for a write that would be done twice; when it gets no answer the error's code is `brevo_outcome_unknown`. */
  readonly repeatable?: boolean;
  readonly answer: z.ZodType<T>;
  /** The shape in which Brevo says of every part of the body why it was refused: a 400 that has it is an answer. */
  readonly refusal?: z.ZodType<T>;
  /** Where the path does not tell them, see `budget.ts`. */
  readonly lanes?: readonly Lane[];
  readonly countedIn?: HttpRequest['countedIn'];
}

/** One call of Brevo's API: its parsed answer, or an error of `@tajo/errors`. */
export type Api = <T>(call: Call<T>) => Promise<T>;

export function createApi(
  http: HttpClient,
  { account, baseUrl, apiKey, tier = 'general', laneOverrides, ...defaults }: ApiOptions,
): Api {
  return async ({ method, path, params = {}, query, body, repeatable = true, answer: schema, refusal, countedIn, ...own }) => {
    const context = { account, method, path, repeatable };
    const url = urlOf(baseUrl, filled(path, params), query);
    const lanes = own.lanes ?? lanesFor({ account, method, path, tier, ...(laneOverrides && { overrides: laneOverrides }) });
    const headers = {
      accept: 'application/json',
      'api-key': apiKey,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    try {
      const answer = await http.send({ method, url, headers, body, lanes, countedIn, ...callOptions(own, defaults) });
      const json = jsonOf(answer);
      const refused = answer.status === 400 ? refusal?.safeParse(json) : undefined;
      if (refused?.success) return refused.data;
      if (answer.status < 200 || answer.status > 299) throw errorFromAnswer({ ...answer, body: json }, context);
      return parsed(schema, json);
    } catch (error) {
      throw error instanceof HttpFailure ? errorFromFailure(error, context) : error;
    }
  };
}

function filled(path: string, params: Readonly<Record<string, string | number>>): string {
  // A `+` left as it is would be read as a space, and a second contact made.
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
}
