import type { Logger } from '@tajo/logging';
import { type CookieOptions, type Request, type RequestHandler, type Response, Router, urlencoded } from 'express';
import { rateLimit } from 'express-rate-limit';
import { signInPage, signOutPage } from './pages/sign-in.js';
import { type Passwords, type Role, roleOfPassword } from './passwords.js';
import { SESSION_MS, type Sessions } from './sessions.js';

const COOKIE = 'tajo_board';

/** Wrong passwords one address may try in a window before it has to wait for the window's end. */
export const TRIES = 10;
const WINDOW_MS = 15 * 60 * 1000;

export interface SignInOptions {
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  /** Whether the cookie is for https only; by default it is when the request came by https, also through a proxy. */
  readonly secureCookies?: boolean | undefined;
  readonly logger: Logger;
}

/** The pages anyone can open: signing in and out. */
export function createSignIn({ passwords, sessions, secureCookies, logger }: SignInOptions): Router {
  const router = Router();
  const cookie = (request: Request): CookieOptions => ({
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    // A client that forges the header only loses its own cookie.
    secure: secureCookies ?? (request.secure || request.get('x-forwarded-proto') === 'https'),
  });

  const limitTries = rateLimit({
    windowMs: WINDOW_MS,
    limit: TRIES,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // A forwarded address is believed only where `trust proxy` says so; the limiter's own warning about it is noise.
    validate: { xForwardedForHeader: false },
    handler: (request, response) => {
      logger.warn({ from: request.ip }, 'sign-in refused: too many wrong passwords');
      const minutes = Math.ceil((Number(response.get('retry-after')) || WINDOW_MS / 1000) / 60);
      const problem = `Too many wrong passwords from your address. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
      sendPage(response.status(429), signInPage({ next: localPath(fieldOf(request.body, 'next')), problem }).text);
    },
  });

  router.get('/sign-in', (request, response) => {
    sendPage(response, signInPage({ next: localPath(request.query.next) }).text);
  });

  router.post('/sign-in', urlencoded({ extended: false, limit: '4kb' }), limitTries, (request, response) => {
    const next = localPath(fieldOf(request.body, 'next'));
    const role = roleOfPassword(fieldOf(request.body, 'password'), passwords);
    if (!role) {
      logger.warn({ from: request.ip }, 'sign-in refused: wrong password');
      sendPage(response.status(401), signInPage({ next, problem: 'This is not one of the board’s passwords.' }).text);
      return;
    }
    logger.info({ role, from: request.ip }, 'signed in');
    response.cookie(COOKIE, sessions.issue(role), { ...cookie(request), maxAge: SESSION_MS });
    response.redirect(303, next);
  });

  router.get('/sign-out', (_request, response) => {
    sendPage(response, signOutPage().text);
  });

  router.post('/sign-out', (request, response) => {
    response.clearCookie(COOKIE, cookie(request));
    response.redirect(303, '/sign-in');
  });

  return router;
}

/** Lets nobody past without a session: people go to the sign-in page, programs get a 401. Leaves the role in `locals`. */
export function requireSession(sessions: Sessions): RequestHandler {
  return (request, response, next) => {
    const session = sessions.read(cookieOf(request));
    if (session) {
      response.locals.role = session.role;
      next();
    } else if (request.method === 'GET' && !request.path.includes('/api/') && request.accepts(['json', 'html']) === 'html') {
      response.redirect(303, `/sign-in?next=${encodeURIComponent(request.originalUrl)}`);
    } else {
      response.status(401).json({ error: 'Sign in first: the board needs a session.' });
    }
  };
}

/** A viewer's session reads, whatever the path. */
export function viewersOnlyRead(): RequestHandler {
  return (request, response, next) => {
    if (roleOf(response) === 'admin' || request.method === 'GET' || request.method === 'HEAD') return next();
    response.status(403).json({ error: 'Viewers cannot change anything. Sign in with the admin password.' });
  };
}

/** The role `requireSession` found. The least one where the type cannot know. */
export function roleOf(response: Response): Role {
  return response.locals.role === 'admin' ? 'admin' : 'viewer';
}

/** Browsers say where a request comes from; another site must not act with an operator's cookie, nor sign them in as somebody else. */
export function refuseOtherSites(): RequestHandler {
  return (request, response, next) => {
    const site = request.get('sec-fetch-site');
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (reads || site === undefined || site === 'same-origin' || site === 'none') return next();
    response.status(403).json({ error: 'This request came from another site.' });
  };
}

/** Where to go after signing in: a path of ours, never another site's address. */
export function localPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !wanted.startsWith('/')) return '/';
  const here = 'http://board.invalid';
  const url = URL.canParse(wanted, here) ? new URL(wanted, here) : undefined;
  return url?.origin === here && !url.pathname.startsWith('//') ? url.pathname + url.search : '/';
}

function sendPage(response: Response, page: string): void {
  response.type('html').send(page);
}

function fieldOf(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !(name in body)) return '';
  const value: unknown = Object.getOwnPropertyDescriptor(body, name)?.value;
  return typeof value === 'string' ? value : '';
}

function cookieOf(request: Request): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
