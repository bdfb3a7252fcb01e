import type { AccountOpener } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import type { Queues } from '@tajo/contracts';
import { BadInput } from '@tajo/errors';
import type { Limiter } from '@tajo/limiter';
import type { Logger } from '@tajo/logging';
import type { Store } from '@tajo/store';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { createAuthentication } from './authentication.js';
import { createApiPages } from './api-pages.js';
import type { Context } from './context.js';
import { lanesOf } from './lanes.js';
import { createMetrics } from './metrics.js';
import { OAUTH_CALLBACK_PATH } from './oauth.js';
import { Problem, problemOf } from './problem.js';
import { createProgressFeed } from './progress.js';
import type { Route } from './route.js';
import { routes } from './routes.js';

export interface ProducerOptions {
  readonly config: Config;
  readonly store: Store;
  readonly queues: Queues;
  readonly limiter: Limiter;
  readonly accounts: AccountOpener;
  readonly logger: Logger;
  /** Fires when the process is to end: progress streams close and readiness ends. */
  readonly ending?: AbortSignal;
  readonly now?: () => Date;
}

const MAX_BODY = '1mb';
/** Imports end one at a time and an account has few open, so more than this is no vendor's. */
const CALLBACKS_PER_MINUTE = 600;

/**
 * The API as an express application. Everything but the health checks, Brevo's callback (a token in its path) and the end of an OAuth consent (its single-use state) needs the API key,
 * also what does not exist. Throws `BadInput` without an API key.
 */
export function createProducer({
  ending = new AbortController().signal,
  now = () => new Date(),
  ...options
}: ProducerOptions): Express {
  const { config, store, limiter, logger } = options;
  const context: Context = {
    ...options,
    ending,
    now,
    metrics: createMetrics(options),
    progress: createProgressFeed({
      store,
      limiter,
      lanesOf: async (run) => lanesOf(config, run, await authOf(options.accounts, run.account)),
      now,
    }),
  };
  const authentication = createAuthentication({ apiKey: apiKeyOf(config), logger });

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(securityHeaders(), measure(context));
  mount(app, context, (route) => route.access === 'open');
  app.use(['/callbacks', OAUTH_CALLBACK_PATH], callbackLimit());
  mount(app, context, (route) => route.access === 'token');
  app.use(['/docs', '/v1/openapi.json'], authentication.bearerOrBasic);
  app.use(createApiPages(routes));
  app.use(authentication.bearer);
  // After the key: nobody without it makes us parse a megabyte.
  app.use(express.json({ limit: MAX_BODY, type: ['application/json', 'application/*+json'] }));
  mount(app, context, (route) => route.access === 'key');
  app.use((request) => {
    throw new Problem(404, 'not_found', `There is no ${request.method} ${request.path}; GET /docs lists what there is.`);
  });
  app.use(answerProblem(logger));
  return app;
}

/** An account that cannot be opened for now still has a progress to show. */
async function authOf(accounts: AccountOpener, account: string): Promise<'private' | 'oauth'> {
  try {
    return (await accounts.open(account)).auth;
  } catch {
    return 'private';
  }
}

/** The key, if it is one. Throws `BadInput` otherwise. */
export function apiKeyOf({ apiKey }: Config): string {
  if (apiKey !== undefined && apiKey.length >= 16) return apiKey;
  const what = apiKey === undefined ? 'is not set' : 'is shorter than 16 characters';
  throw new BadInput(
    'api_key_missing',
    `TAJO_API_KEY ${what}; without it anybody could start runs. \`openssl rand -hex 32\` makes one.`,
    {
      field: 'TAJO_API_KEY',
    },
  );
}

function mount(app: Express, context: Context, wanted: (route: Route) => boolean): void {
  for (const route of routes.filter(wanted)) {
    app[route.method](route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, response) => {
      response.locals['route'] = route.path;
      const answer = await route.handle(context, request);
      if ('stream' in answer) return answer.stream(request, response);
      response.status(answer.status);
      if ('text' in answer) return void response.type(answer.contentType).send(answer.text);
      for (const [name, value] of Object.entries(answer.headers ?? {})) response.set(name, value);
      if (answer.body === undefined) return void response.end();
      response.json(answer.body);
    });
  }
}

/** Nothing may be framed, sniffed or cached; the pages run our scripts only. Swagger UI writes inline styles and data: images. */
function securityHeaders(): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'none'"],
          'script-src': ["'self'"],
          'style-src': ["'self'", "'unsafe-inline'"],
          'img-src': ["'self'", 'data:'],
          'font-src': ["'self'"],
          'connect-src': ["'self'"],
          'base-uri': ["'none'"],
          'form-action': ["'none'"],
          'frame-ancestors': ["'none'"],
        },
      },
      xFrameOptions: { action: 'deny' },
    }),
    (_request, response, next) => {
      response.set('cache-control', 'no-store');
      next();
    },
  ];
}

/** By the route's pattern, never the path: paths hold ids and tokens. */
function measure({ metrics, logger }: Context): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const ms = performance.now() - startedAt;
      const route: unknown = response.locals['route'];
      const labels = { method: request.method, route: typeof route === 'string' ? route : 'other', status: response.statusCode };
      metrics.observeRequest(labels, ms / 1_000);
      logger.debug({ ...labels, ms: Math.round(ms) }, 'request');
    });
    next();
  };
}

function callbackLimit(): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: CALLBACKS_PER_MINUTE,
    standardHeaders: false,
    legacyHeaders: false,
    handler: (_request, _response, next) =>
      next(new Problem(429, 'too_many_callbacks', 'Too many callbacks.', { headers: { 'retry-after': '60' } })),
    validate: false,
  });
}

function answerProblem(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    const problem = problemOf(thrown);
    if (problem.status === 500) logger.error({ err: thrown, route: response.locals['route'] }, 'request failed');
    else if (problem.status > 500)
      logger.warn({ code: problem.code, route: response.locals['route'] }, 'request refused for now');
    // A stream that has begun can only be cut.
    if (response.headersSent) return next(thrown);
    response.status(problem.status).set(problem.headers).type('application/problem+json').send(JSON.stringify(problem));
  };
}
