import { setTimeout } from 'node:timers/promises';
import { queueOfResource } from '@tajo/contracts';
import type { Logger } from '@tajo/logging';
import type { Queue } from 'bullmq';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import { createBullBoardRouter } from './bull-board.js';
import { createRunPages } from './run-pages.js';
import type { RunStore } from './run-view.js';
import { createSessions } from './sessions.js';
import { createSignIn, refuseOtherSites, requireSession, roleOf, viewersOnlyRead } from './sign-in.js';

const QUEUES_PATH = '/queues';
const READY_MS = 3_000;

export interface BoardOptions {
  /** All queues: a flow is cut where one of its queues is missing. */
  readonly queues: readonly Queue[];
  readonly store: RunStore;
  readonly adminPassword: string;
  /** Without one there are no viewers. */
  readonly viewerPassword?: string | undefined;
  /** Where the producer's API can be reached; linked to. */
  readonly apiUrl?: string | undefined;
  /** Mixed into the key of the session cookies; the passwords always are. */
  readonly sessionSecret?: string | undefined;
  /** By default the cookie is for https only when the request came by https. */
  readonly secureCookies?: boolean | undefined;
  /** Proxies in front of the board whose `X-Forwarded-For` says who is signing in; 0 by default. */
  readonly trustedProxies?: number | undefined;
  /** Rejects while the board could not serve its pages. */
  readonly ready?: () => Promise<unknown>;
  readonly logger: Logger;
}

/** The board as an express application. Every path but signing in and the two health checks needs a session. */
export function createBoardServer(options: BoardOptions): Express {
  const { queues, store, logger, ready = async () => undefined } = options;
  const passwords = { admin: options.adminPassword, viewer: options.viewerPassword };
  const sessions = createSessions({ passwords, secret: options.sessionSecret });
  const links = [
    { text: 'Runs', url: '/' },
    { text: 'Queues', url: QUEUES_PATH },
    ...(options.apiUrl === undefined ? [] : [{ text: 'API', url: options.apiUrl }]),
    { text: 'Sign out', url: '/sign-out' },
  ];
  const bullBoards = {
    admin: createBullBoardRouter({ queues, role: 'admin', basePath: QUEUES_PATH, links, logger }),
    viewer: createBullBoardRouter({ queues, role: 'viewer', basePath: QUEUES_PATH, links, logger }),
  };

  const app = express();
  app.set('trust proxy', options.trustedProxies ?? 0);
  app.disable('x-powered-by');
  app.use(securityHeaders());

  app.get('/health/live', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/health/ready', async (_request, response) => {
    const answer = await Promise.race([ready(), late()]).then(
      () => 200,
      () => 503,
    );
    response.status(answer).json({ status: answer === 200 ? 'ok' : 'unavailable' });
  });

  app.use(refuseOtherSites());
  app.use(createSignIn({ passwords, sessions, secureCookies: options.secureCookies, logger }));
  app.use(requireSession(sessions), viewersOnlyRead());
  app.use(createRunPages({ store, links, queueUrl: (resource) => `${QUEUES_PATH}/queue/${queueOfResource(resource)}` }));
  app.use(QUEUES_PATH, (request, response, next) => bullBoards[roleOf(response)](request, response, next));
  app.use((_request, response) => void response.status(404).json({ error: 'There is nothing here.' }));
  app.use(hideErrors(logger));
  return app;
}

/** Rejects when an orchestrator would have given up asking. */
async function late(): Promise<never> {
  await setTimeout(READY_MS, undefined, { ref: false });
  throw new Error('not ready in time');
}

/** `style-src` allows inline styles because Bull Board's components write them. No frame, no other site, no script but our own. */
function securityHeaders(): express.RequestHandler[] {
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
          'manifest-src': ["'self'"],
          'form-action': ["'self'"],
          'base-uri': ["'self'"],
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

/** Express would send the stack trace. */
function hideErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const refused =
      typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' && error.status < 500;
    if (!refused) logger.error({ err: error }, 'board request failed');
    response
      .status(refused ? Number(error.status) : 500)
      .json({ error: refused ? 'The request cannot be read.' : 'The board failed; its log says why.' });
  };
}
