import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@tajo/servers';

// The built command and apps, as a user runs them; `npm test` builds before it tests.
const bin = resolve('packages/cli/dist/bin.js');

let folder: string;
let env: Record<string, string>;
let killAll: () => Promise<unknown>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tajo-up-'));
  killAll = async () => undefined;
  const id = randomBytes(4).toString('hex');
  const mongo = new URL(process.env['MONGO_URL'] ?? 'mongodb://MONGO_URL-is-not-set');
  mongo.pathname = `/tajo_up_${id}`;
  env = {
    PATH: process.env['PATH'] ?? '',
    REDIS_URL: process.env['REDIS_URL'] ?? 'redis://REDIS_URL-is-not-set',
    MONGO_URL: mongo.toString(),
    TAJO_QUEUE_PREFIX: `up-${id}`,
    PRODUCER_PORT: String(await freePort()),
    BOARD_PORT: String(await freePort()),
    WORKER_PORT: String(await freePort()),
  };
});

afterEach(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

/** `tajo up` in the folder, and what it says. */
function up(more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [bin, 'up'], { cwd: folder, env: { ...env, ...more } });
  const state = { said: '', ended: false };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (state.said += chunk.toString()));
  const exitCode = new Promise<number | null>((done) => {
    child.once('close', (code) => {
      state.ended = true;
      done(code);
    });
  });
  killAll = () => {
    child.kill('SIGKILL');
    return exitCode;
  };
  return {
    said: () => state.said,
    exitCode,
    stop: () => child.kill('SIGTERM'),
    /** Resolves once it said so. */
    says: async (what: RegExp): Promise<RegExpExecArray> => {
      const deadline = Date.now() + 60_000;
      for (;;) {
        const found = what.exec(state.said);
        if (found) return found;
        if (Date.now() > deadline || state.ended) throw new Error(`it never said ${what.source}, only:\n${state.said}`);
        await new Promise((done) => setTimeout(done, 50));
      }
    },
  };
}

function tajo(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    const { PATH = '' } = env;
    const child = execFile(process.execPath, [bin, ...args], { cwd: folder, env: { PATH } }, (_, out, err) =>
      done({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

describe('tajo up', () => {
  it('is found by later commands in its folder, starts a killed worker again, and stops in good order', async () => {
    const { says, said, stop, exitCode } = up();
    await says(/^ready$/m);
    const [, pid] = await says(/worker 1 (\d+)/);
    expect(said()).toContain(`http://127.0.0.1:${env['PRODUCER_PORT']}`);
    expect(statSync(join(folder, '.tajo', 'api-key')).mode & 0o777).toBe(0o600);
    expect(said()).not.toContain(readFileSync(join(folder, '.tajo', 'api-key'), 'utf8').trim());

    expect(await tajo('sync', 'list')).toMatchObject({ code: 0 });
    const second = await tajo('up');
    expect(second.code).toBe(2);
    expect(second.err).toContain('is running in this folder already');

    process.kill(Number(pid), 'SIGKILL');
    await says(/worker 1: ended by SIGKILL; starting it again in 0\.5 s/);
    await says(/worker 1: started again as process \d+/);

    const stoppedAt = Date.now();
    stop();
    expect(await exitCode).toBe(0);
    expect(Date.now() - stoppedAt).toBeLessThan(25_000);
    expect(said()).toMatch(/stopping\nstopped\n$/);
    expect(existsSync(join(folder, '.tajo', 'up.json'))).toBe(false);
  }, 120_000);

  it('ends with 2 and the reason when a server does not answer', async () => {
    const { exitCode, said } = up({ REDIS_URL: 'redis://127.0.0.1:9' });
    expect(await exitCode).toBe(2);
    expect(said()).toContain('REDIS_URL is redis://127.0.0.1:9, which does not answer');
  });
});
