import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appRoutes } from '@bull-board/api/dist/routes.js';
import {
  ADMIN,
  asking,
  type Ask,
  PLANTED,
  RUN,
  signedIn,
  signIn,
  startBoard,
  type TestBoard,
  until,
  VIEWER,
} from './board.test-kit.js';
import { TRIES } from './sign-in.js';

/** Every route of Bull Board's API, from its own table, so that a new release's routes are walked too. */
const API = appRoutes.api.flatMap(({ method, route }) =>
  [method].flat().flatMap((verb) =>
    [route].flat().map((path) => ({
      method: verb.toUpperCase(),
      name: `${verb} ${path}`,
      path: `/queues${path}`
        .replace(':queueName', 'klaviyo-profiles')
        .replace(':jobId', 'page-slice-1-0')
        .replace(':queueStatus', 'failed')
        .replace(':schedulerId', 'hourly'),
    })),
  ),
);
const READS = API.filter(({ method }) => method === 'GET');
const CHANGES = API.filter(({ method }) => method !== 'GET');
const OPEN_TO_ADMINS = [
  'put /api/queues/pause',
  'put /api/queues/resume',
  'put /api/queues/:queueName/pause',
  'put /api/queues/:queueName/resume',
  'put /api/queues/:queueName/promote',
  'put /api/queues/:queueName/retry/:queueStatus',
  'put /api/queues/:queueName/clean/:queueStatus',
  'put /api/queues/:queueName/:jobId/retry',
  'put /api/queues/:queueName/:jobId/promote',
];
const JSON_BODY = { headers: { 'content-type': 'application/json' }, body: '{}' };

describe('the board', () => {
  let board: TestBoard;
  let nobody: Ask;
  let viewer: Ask;
  let admin: Ask;

  beforeAll(async () => {
    board = await startBoard();
    await board.queue.upsertJobScheduler(
      'hourly',
      { pattern: '0 0 1 1 *' },
      { name: `sweep for ${PLANTED.email}`, data: { ...PLANTED } },
    );
    nobody = asking(board);
    viewer = await signedIn(board, VIEWER);
    admin = await signedIn(board, ADMIN);
  });

  afterAll(() => board.close());

  const stateOfQueue = async () => ({
    counts: await board.queue.getJobCounts(),
    paused: await board.queue.isPaused(),
    concurrency: await board.queue.getGlobalConcurrency(),
    rateLimit: await board.queue.getGlobalRateLimit(),
    data: (await board.queue.getJob('page-slice-1-0'))?.data as unknown,
    schedulers: await board.queue.getJobSchedulers(),
  });

  describe('without a session', () => {
    it.each(API)('refuses $name', async ({ method, path }) => {
      const before = await stateOfQueue();
      expect((await nobody(path, { method, ...(method === 'GET' ? {} : JSON_BODY) })).status).toBe(401);
      expect(await stateOfQueue()).toEqual(before);
    });

    it.each([
      '/',
      `/runs/${RUN}`,
      '/queues',
      '/queues/queue/klaviyo-profiles',
      '/queues/static/js/main.js',
      '/nothing',
      '/queues/%2e%2e/sign-in/x',
    ])('sends a browser that opens %s to the sign-in page', async (path) => {
      const answer = await nobody(path, { headers: { accept: 'text/html' } });
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(new URL(path, 'http://board').pathname)}`);
    });

    it('says that it lives and nothing else', async () => {
      expect(await nobody('/health/live')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
      expect(await nobody('/health/ready')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    });

    it('accepts no cookie it did not sign', async () => {
      const forged = asking(board, `tajo_board=admin.${Date.now() + 60_000}.${'A'.repeat(43)}`);
      expect((await forged('/queues/api/queues')).status).toBe(401);
    });
  });

  describe('as a viewer', () => {
    it.each(CHANGES)('refuses $name', async ({ method, path }) => {
      const before = await stateOfQueue();
      const answer = await viewer(path, { method, ...JSON_BODY });
      expect(answer.status).toBe(403);
      expect(answer.body).toContain('Viewers cannot change anything');
      expect(await stateOfQueue()).toEqual(before);
    });

    it('shows queues and jobs, with no buttons', async () => {
      const answer = await viewer('/queues/api/queues?activeQueue=klaviyo-profiles');
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({
        queues: [{ name: 'klaviyo-profiles', readOnlyMode: true, counts: { failed: 1 } }, { name: 'runs' }],
      });
    });
  });

  describe('as an admin', () => {
    it.each(CHANGES.filter(({ name }) => !OPEN_TO_ADMINS.includes(name)))('keeps $name closed', async ({ method, path }) => {
      const before = await stateOfQueue();
      const answer = await admin(path, { method, ...JSON_BODY });
      expect(answer.status).toBe(403);
      expect(answer.body).toContain('closed on the board');
      expect(await stateOfQueue()).toEqual(before);
    });

    it.each(['retry/completed', 'clean/wait', 'clean/active', 'clean/delayed'])('keeps %s closed', async (action) => {
      expect((await admin(`/queues/api/queues/klaviyo-profiles/${action}`, { method: 'PUT' })).status).toBe(403);
    });

    it('pauses and resumes a queue', async () => {
      expect((await admin('/queues/api/queues/klaviyo-profiles/pause', { method: 'PUT' })).status).toBe(200);
      expect(await board.queue.isPaused()).toBe(true);
      expect((await admin('/queues/api/queues/klaviyo-profiles/resume', { method: 'PUT' })).status).toBe(200);
      expect(await board.queue.isPaused()).toBe(false);
    });

    it('links a job to its run', async () => {
      const { body } = await admin('/queues/api/queues/klaviyo-profiles/page-slice-1-0');
      expect(JSON.parse(body)).toMatchObject({ job: { externalUrl: { href: `/runs/${RUN}` } }, status: 'failed' });
    });

    it('refuses a change that another site asks for', async () => {
      const answer = await admin('/queues/api/queues/klaviyo-profiles/pause', {
        method: 'PUT',
        headers: { 'sec-fetch-site': 'same-site' },
      });
      expect(answer.status).toBe(403);
      expect(await board.queue.isPaused()).toBe(false);
    });
  });

  describe('redacts', () => {
    it.each(READS)('$name', async ({ path }) => {
      const query = '?activeQueue=klaviyo-profiles&status=failed&queueName=klaviyo-profiles';
      for (const ask of [viewer, admin]) {
        const { status, body } = await ask(path + query);
        expect(status).toBeLessThan(500);
        for (const secret of Object.values(PLANTED)) expect(body).not.toContain(secret);
      }
    });

    it('and still shows where the secrets were', async () => {
      const job = (await admin('/queues/api/queues/klaviyo-profiles/page-slice-1-0')).body;
      expect(JSON.parse(job)).toMatchObject({
        job: {
          name: 'page of [email]',
          data: { run: RUN, slice: 'slice-1', turn: 0 },
          failedReason: expect.stringContaining('Brevo refused [email]'),
        },
      });
      expect((await admin('/queues/api/queues/klaviyo-profiles/page-slice-1-0/logs')).body).toContain('looked at [email]');
    });

    it('a request that cannot be read', async () => {
      const body = PLANTED.email;
      const answer = await admin('/queues/api/queues/klaviyo-profiles/pause', {
        method: 'PUT',
        headers: JSON_BODY.headers,
        body,
      });
      expect(answer.status).toBe(400);
      expect(answer.body).toBe('{"error":"The request cannot be read."}');
    });

    it('what the queue library throws', async () => {
      await board.queue.add('page', {}, { jobId: PLANTED.email, delay: 3_600_000 });
      const path = `/queues/api/queues/klaviyo-profiles/${PLANTED.email}/promote`;
      expect((await admin(path, { method: 'PUT' })).status).toBe(204);
      const again = await admin(path, { method: 'PUT' });
      expect(again.status).toBe(500);
      expect(JSON.parse(again.body)).toMatchObject({ message: expect.stringContaining('[email] is not in the delayed state') });
    });

    it('the log, where every change stands with the role that made it', async () => {
      const lines = board.logged.join('');
      expect(lines).toContain('"action":"put /api/queues/:queueName/pause"');
      for (const secret of [...Object.values(PLANTED), ADMIN, VIEWER]) expect(lines).not.toContain(secret);
    });
  });

  describe('sends', () => {
    it.each(['/sign-in', '/health/live', '/queues', '/queues/api/queues', '/'])('security headers with %s', async (path) => {
      const { headers } = await admin(path);
      const csp = headers.get('content-security-policy') ?? '';
      expect(csp).toContain("default-src 'none'");
      expect(csp).toContain("script-src 'self';");
      expect(csp).toContain("frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    });

    it('a page that loads nothing from elsewhere and asks no more often than every 10 s', async () => {
      const { body } = await admin('/queues');
      expect(body).toContain('<title>Tajo</title>');
      expect(body).not.toMatch(/(?:src|href)="https?:/);
      expect(body).toContain('"forceInterval":10');
      expect(body).toContain('"showSetting":false');
    });
  });

  describe('signs in', () => {
    it('with a cookie that scripts and other sites cannot use', async () => {
      const { status, headers } = await signIn(board, ADMIN, { next: '/queues/queue/runs?status=failed' });
      expect(status).toBe(303);
      expect(headers.get('location')).toBe('/queues/queue/runs?status=failed');
      const cookie = headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(/HttpOnly/);
      expect(cookie).toMatch(/SameSite=Strict/);
      expect(cookie).toMatch(/Max-Age=43200/);
      expect(cookie).not.toMatch(/Secure/);
    });

    it('with a cookie for https only behind a proxy that speaks https', async () => {
      const body = new URLSearchParams({ password: ADMIN });
      const { headers } = await nobody('/sign-in', { method: 'POST', body, headers: { 'x-forwarded-proto': 'https' } });
      expect(headers.get('set-cookie')).toMatch(/Secure/);
    });

    it('nobody with another password', async () => {
      const { status, headers, body } = await signIn(board, `${ADMIN}x`);
      expect(status).toBe(401);
      expect(headers.get('set-cookie')).toBeNull();
      expect(body).toContain('role="alert"');
    });

    it('and out', async () => {
      const { status, headers } = await admin('/sign-out', { method: 'POST' });
      expect(status).toBe(303);
      expect(headers.get('set-cookie')).toMatch(/^tajo_board=;.*Expires=Thu, 01 Jan 1970/);
    });
  });
});

describe('a failed job', () => {
  it('runs again when an admin retries it', async () => {
    const board = await startBoard();
    try {
      const admin = await signedIn(board, ADMIN);
      board.mend();
      expect((await admin('/queues/api/queues/klaviyo-profiles/page-slice-1-0/retry', { method: 'PUT' })).status).toBe(204);
      await until(async () => (await board.failed.getState()) === 'completed');
      const { body } = await admin('/queues/api/queues/klaviyo-profiles/page-slice-1-0');
      expect(JSON.parse(body)).toMatchObject({
        status: 'completed',
        job: { returnValue: { contact: expect.stringContaining('[email]') } },
      });
      for (const secret of Object.values(PLANTED)) expect(body).not.toContain(secret);
    } finally {
      await board.close();
    }
  });

  it('runs again when an admin retries all', async () => {
    const board = await startBoard();
    try {
      const admin = await signedIn(board, ADMIN);
      board.mend();
      expect((await admin('/queues/api/queues/klaviyo-profiles/retry/failed', { method: 'PUT' })).status).toBe(200);
      await until(async () => (await board.failed.getState()) === 'completed');
    } finally {
      await board.close();
    }
  });
});

describe('guessing passwords', () => {
  it(`is over after ${TRIES} tries, also with the right one`, async () => {
    const board = await startBoard();
    try {
      for (let tries = 0; tries < TRIES; tries++) expect((await signIn(board, `guess ${tries}`)).status).toBe(401);
      const refused = await signIn(board, ADMIN);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('set-cookie')).toBeNull();
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(refused.body).toContain('Too many wrong passwords from your address. Try again in 15 minutes.');
    } finally {
      await board.close();
    }
  });

  it('is not how signing in often looks', async () => {
    const board = await startBoard();
    try {
      for (let times = 0; times <= TRIES; times++) expect((await signIn(board, VIEWER)).status).toBe(303);
    } finally {
      await board.close();
    }
  });
});

describe('a board without its servers', () => {
  it.each([
    ['refuse', () => Promise.reject(new Error('redis://secret@host is away'))],
    ['hang', () => new Promise(() => undefined)],
  ])('says that it is not ready when they %s', async (_what, ready) => {
    const board = await startBoard({ ready });
    try {
      expect(await asking(board)('/health/ready')).toMatchObject({ status: 503, body: '{"status":"unavailable"}' });
      expect(await asking(board)('/health/live')).toMatchObject({ status: 200 });
    } finally {
      await board.close();
    }
  });
});
