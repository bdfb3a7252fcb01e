import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from './stack.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  /** Null when it had to be killed because it did not end in time. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

type Env = Readonly<Record<string, string>>;

/** The built command line. Without `cwd` in a folder that has no `tajo.yaml`. */
export async function tajo(args: readonly string[], env: Env): Promise<Ended> {
  return runToEnd(join(ROOT, 'packages/cli/dist/bin.js'), args, env);
}

/** An app of the build that is expected to end by itself. */
export async function appEnding(app: App, env: Env): Promise<Ended> {
  return runToEnd(join(ROOT, 'apps', app, 'dist/main.js'), [], env);
}

/** Generous: the point is that it ends at all. */
const WITHIN_MS = 45_000;

async function runToEnd(file: string, args: readonly string[], env: Env): Promise<Ended> {
  const startedAt = Date.now();
  const child = spawn(process.execPath, [file, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: WITHIN_MS,
    killSignal: 'SIGKILL',
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, out, err, ms: Date.now() - startedAt };
}
