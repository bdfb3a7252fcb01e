import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Sandbox, type SandboxOptions, startSandbox } from '@tajo/sandbox';
import { freePort } from '@tajo/servers';
import { TajoClient } from '@tajo/sdk';
import { createStore } from '@tajo/store';
import { stringify } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Starting several at once on a busy machine takes its time. */
const READY_WITHIN_MS = 30_000;

export type App = 'producer' | 'worker' | 'board';

/** One app as its own process, with everything it printed. */
export interface AppProcess {
  readonly app: App;
  readonly port: number;
  readonly child: ChildProcess;
  output(): string;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; answers the exit code. */
  terminate(): Promise<number | null>;
}

export interface StackOptions {
  readonly sandbox?: SandboxOptions;
  readonly workers?: number;
  readonly board?: boolean;
  /** Keys of `connectors.klaviyo` of the configuration file. */
  readonly connector?: Record<string, unknown>;
  readonly redisUrl?: string;
  readonly mongoUrl?: string;
  readonly env?: Record<string, string>;
}

export interface Stack {
  readonly sandbox: Sandbox;
  readonly client: TajoClient;
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly boardPassword: string;
  readonly redisUrl: string;
  readonly mongoUrl: string;
  readonly queuePrefix: string;
  /** What the processes were started with; the command line takes it too. */
  readonly env: Readonly<Record<string, string>>;
  readonly producer: AppProcess;
  readonly workers: AppProcess[];
  readonly board: AppProcess | undefined;
  startWorker(): Promise<AppProcess>;
  /** Everything every process printed so far. */
  logs(): string;
  stop(): Promise<void>;
}

/** The product as a user runs it: real processes from the build, on real servers, against the sandbox. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const id = randomBytes(4).toString('hex');
  const redisUrl = options.redisUrl ?? required('REDIS_URL');
  const mongoUrl = withDatabase(options.mongoUrl ?? required('MONGO_URL'), `tajo_e2e_${id}`);
  const queuePrefix = `e2e-${id}`;
  const apiKey = `e2e-api-key-${randomBytes(8).toString('hex')}`;
  const boardPassword = `board-${randomBytes(8).toString('hex')}`;
  const sandbox = await startSandbox(options.sandbox);
  const folder = await mkdtemp(join(tmpdir(), 'tajo-e2e-'));
  const configPath = join(folder, 'tajo.yaml');
  await writeFile(
    configPath,
    stringify({
      connectors: {
        klaviyo: {
          enabled: true,
          lists: { all_contacts: 20, subscribers: 21, high_value: 22 },
          schedule: 'off',
          ...options.connector,
        },
      },
    }),
  );
  const producerPort = await freePort();
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TAJO_CONFIG: configPath,
    TAJO_API_KEY: apiKey,
    TAJO_QUEUE_PREFIX: queuePrefix,
    REDIS_URL: redisUrl,
    MONGO_URL: mongoUrl,
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_PRIVATE_KEY: sandbox.keys.klaviyoPrivateKey,
    BREVO_API_KEY: sandbox.keys.brevoApiKey,
    PRODUCER_PORT: String(producerPort),
    // The sandbox's webhooks are on this machine too.
    PUBLIC_URL: `http://127.0.0.1:${producerPort}`,
    BOARD_ADMIN_PASSWORD: boardPassword,
    LOG_LEVEL: 'info',
    // A killed worker's jobs shall be taken up soon.
    WORKER_LOCK_SECONDS: '3',
    ...options.env,
  };

  const processes: AppProcess[] = [];
  async function start(app: App, port: number): Promise<AppProcess> {
    const started = spawnApp(app, port, env);
    // Before it is ready: one that fails, or is still on its way when another fails, has to end too.
    processes.push(started);
    await becomeReady(started);
    return started;
  }
  const startWorker = async () => start('worker', await freePort());

  try {
    // Before any of them, so that they can start side by side: the embedded server may lose an index that two processes make at once.
    await migrate(mongoUrl);
    const [producer, workers, board] = await Promise.all([
      start('producer', producerPort),
      Promise.all(Array.from({ length: options.workers ?? 1 }, startWorker)),
      options.board ? start('board', await freePort()) : undefined,
    ]);
    const apiUrl = `http://127.0.0.1:${producerPort}`;
    return {
      sandbox,
      client: new TajoClient({ apiKey, baseUrl: apiUrl }),
      apiUrl,
      apiKey,
      boardPassword,
      redisUrl,
      mongoUrl,
      queuePrefix,
      env: { ...env, TAJO_URL: apiUrl },
      producer,
      workers,
      board,
      startWorker: async () => {
        const worker = await startWorker();
        workers.push(worker);
        return worker;
      },
      logs: () => processes.map((one) => one.output()).join('\n'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    await Promise.all(processes.map((one) => one.kill()));
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function migrate(mongoUrl: string): Promise<void> {
  const store = createStore(mongoUrl);
  try {
    await store.migrate();
  } finally {
    await store.close();
  }
}

function spawnApp(app: App, port: number, env: Record<string, string>): AppProcess {
  const portName = { producer: 'PRODUCER_PORT', worker: 'WORKER_PORT', board: 'BOARD_PORT' }[app];
  const child = spawn(process.execPath, [join(ROOT, 'apps', app, 'dist', 'main.js')], {
    env: { ...env, [portName]: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  return {
    app,
    port,
    child,
    output: () => output,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async terminate() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

async function becomeReady(started: AppProcess): Promise<void> {
  const { app, port, child } = started;
  try {
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`${app} ended with ${child.exitCode}`);
        const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
        return answer?.ok ?? false;
      },
      READY_WITHIN_MS,
      `${app} to be ready`,
    );
  } catch (error) {
    throw error instanceof Error ? new Error(`${error.message}\n${started.output()}`, { cause: error }) : error;
  }
}

/** Waits for a condition, and says what for when it does not come. */
export async function until(condition: () => Promise<boolean> | boolean, withinMs: number, what: string): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function withDatabase(mongoUrl: string, database: string): string {
  const url = new URL(mongoUrl);
  url.pathname = `/${database}`;
  return url.href;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run the tests by \`npm test\``);
  return value;
}
