import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createLogger } from '@tajo/logging';
import { createStore, type Store } from '@tajo/store';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type BoardOptions, createBoardServer } from './server.js';

export const ADMIN = 'admin-password-of-the-test';
export const VIEWER = 'viewer-password-of-the-test';
export const RUN = 'run_01jd0000000000000000000000';

/** Planted where a bug or an old release could leave them; none may reach a browser. */
export const PLANTED = {
  email: 'jane.doe@customer.example',
  phone: '+4915112345678',
  klaviyoKey: 'pk_0123456789abcdef0123456789abcdef01',
  brevoKey: `xkeysib-${'0123456789abcdef'.repeat(4)}-AbCdEfGhIjKlMnOp`,
} as const;

/** A board on real queues, with a worker that fails until told otherwise. */
export interface TestBoard {
  readonly url: string;
  readonly queue: Queue;
  readonly store: Store;
  readonly failed: Job;
  readonly logged: string[];
  /** From here on jobs succeed. */
  mend(): void;
  close(): Promise<void>;
}

export async function startBoard(options: Partial<BoardOptions> = {}): Promise<TestBoard> {
  const prefix = `board-${randomBytes(4).toString('hex')}`;
  const connection = new Redis(need('REDIS_URL'), { maxRetriesPerRequest: null });
  const mongo = new URL(need('MONGO_URL'));
  mongo.pathname = `/${prefix}`;
  const store = createStore(mongo.href);
  const queue = new Queue('klaviyo-profiles', { connection, prefix });
  const other = new Queue('runs', { connection, prefix });

  let broken = true;
  const worker = new Worker(
    queue.name,
    async (job) => {
      const everything = Object.values(PLANTED).join(' ');
      await job.log(`looked at ${everything}`);
      await job.updateProgress({ note: everything });
      if (broken) throw new Error(`Brevo refused ${everything}`);
      return { contact: everything };
    },
    { connection, prefix },
  );
  const data = { account: 'default', run: RUN, slice: 'slice-1', turn: 0, ...PLANTED, deep: [{ contact: { ...PLANTED } }] };
  const job = await queue.add(`page of ${PLANTED.email}`, data, {
    jobId: 'page-slice-1-0',
    deduplication: { id: PLANTED.email },
  });
  await until(async () => (await job.getState()) === 'failed');

  const logged: string[] = [];
  const app = createBoardServer({
    queues: [queue, other],
    store,
    adminPassword: ADMIN,
    viewerPassword: VIEWER,
    logger: createLogger({ name: 'board', destination: { write: (line) => void logged.push(line) } }),
    ...options,
  });
  const server = await listen(createServer(app));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  return {
    url: `http://127.0.0.1:${port}`,
    queue,
    store,
    failed: job,
    logged,
    mend: () => {
      broken = false;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await worker.close();
      await queue.obliterate({ force: true });
      await Promise.all([queue.close(), other.close(), store.close()]);
      await connection.quit();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export type Ask = (path: string, init?: RequestInit) => Promise<Answer>;

/** Asks the board, with whatever session `cookie` stands for; redirects are not followed. */
export function asking(board: TestBoard, cookie?: string): Ask {
  return async (path, init = {}) => {
    const headers = new Headers(init.headers);
    if (cookie) headers.set('cookie', cookie);
    const response = await fetch(board.url + path, { redirect: 'manual', ...init, headers });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
}

export async function signIn(board: TestBoard, password: string, extra: Record<string, string> = {}): Promise<Answer> {
  return asking(board)('/sign-in', { method: 'POST', body: new URLSearchParams({ password, ...extra }) });
}

export async function signedIn(board: TestBoard, password: string): Promise<Ask> {
  const { headers } = await signIn(board, password);
  return asking(board, headers.get('set-cookie')?.split(';')[0]);
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

function need(name: 'REDIS_URL' | 'MONGO_URL'): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; the test command starts the servers and sets it`);
  return value;
}

async function listen(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
