import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { followParentArgs } from './spawn-following.js';
import { type ChildGivenUp, SupervisedChild } from './supervised-child.js';

let folder: string;
let children: SupervisedChild[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tajo-cli-'));
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map((child) => child.stop(1_000)));
  rmSync(folder, { recursive: true, force: true });
});

/** A child that runs the code and may serve `ready()` on its port. */
async function supervise(code: string) {
  const file = join(folder, 'child.mjs');
  const port = await freePort();
  writeFileSync(
    file,
    `import { createServer } from 'node:http';
     import { appendFileSync } from 'node:fs';
     const ready = () => createServer((_, response) => response.end()).listen(${port}, '127.0.0.1');
     const note = (text) => appendFileSync(${JSON.stringify(join(folder, 'notes'))}, text + '\\n');
     ${code}`,
  );
  const seen = { events: [] as string[], lines: [] as string[], givenUp: undefined as ChildGivenUp | undefined };
  const child = new SupervisedChild(
    { name: 'worker 1', file, env: process.env, readyUrl: `http://127.0.0.1:${port}/health/ready` },
    {
      onEvent: (event) => seen.events.push(event),
      onLine: (line) => seen.lines.push(line),
      onGivenUp: (problem) => {
        seen.givenUp = problem;
      },
    },
  );
  children.push(child);
  return { child, seen, notes: () => readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n') };
}

const soon = () => AbortSignal.timeout(10_000);

describe('a supervised child', () => {
  it('is ready when it answers, and its lines are heard', async () => {
    const { child, seen } = await supervise(`console.log('hello'); ready();`);
    child.start();
    await child.ready(soon());
    expect(seen.lines).toEqual(['hello']);
  });

  it('is started again after kill -9', async () => {
    const { child, seen } = await supervise(`ready();`);
    child.start();
    await child.ready(soon());
    const before = child.pid ?? 0;
    process.kill(before, 'SIGKILL');
    await until(() => child.restarts === 1);
    await child.ready(soon());
    expect(child.pid).not.toBe(before);
    expect(seen.events[0]).toBe('ended by SIGKILL; starting it again in 0.5 s');
  });

  it('is given up at once when its configuration is wrong, with its last words', async () => {
    const { child, seen } = await supervise(`console.error('redis_url is missing'); process.exit(2);`);
    child.start();
    await expect(child.ready(soon())).rejects.toThrow(/worker 1 ended with code 2; its last lines:\n {2}redis_url is missing/);
    expect(seen.givenUp?.exitCode).toBe(2);
    expect(child.restarts).toBe(0);
  });

  it('stops in good order and is not started again', async () => {
    const { child, notes } = await supervise(`ready(); process.once('SIGTERM', () => { note('flushed'); process.exit(0); });`);
    child.start();
    await child.ready(soon());
    await child.stop(5_000);
    expect(notes()).toEqual(['flushed']);
    expect([child.pid, child.restarts]).toEqual([undefined, 0]);
  });

  it('is killed when it does not stop in time', async () => {
    const { child, seen } = await supervise(`process.on('SIGTERM', () => {}); ready();`);
    child.start();
    await child.ready(soon());
    await child.stop(200);
    expect(seen.events).toEqual(['did not stop within 0.2 s and was killed']);
  });

  it('does not outlive a supervisor that is killed with -9', async () => {
    const file = join(folder, 'follower.cjs');
    const pidFile = join(folder, 'pid');
    writeFileSync(
      file,
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000);`,
    );
    const supervisor = spawn(process.execPath, [
      '-e',
      `const { spawn } = require('node:child_process');
       spawn(process.execPath, ${JSON.stringify([...followParentArgs, file])}, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });`,
    ]);
    const childPid = await until(() => Number(readIfThere(pidFile)) || undefined);
    supervisor.kill('SIGKILL');
    await until(() => !isAlive(childPid));
  });
});

async function until<T>(condition: () => T): Promise<NonNullable<T>> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
