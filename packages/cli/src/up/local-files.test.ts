import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { API_KEY_FILE, keepSecret, readRunning, readSecret, removeRunning, writeRunning } from './local-files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tajo-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const running = {
  apiUrl: 'http://127.0.0.1:3000',
  boardUrl: 'http://127.0.0.1:3001',
  redisUrl: 'redis://x',
  mongoUrl: 'mongodb://x',
};

describe('what `tajo up` keeps in its folder', () => {
  it('makes a secret once, for its owner only, and finds it again', async () => {
    const first = await keepSecret(folder, API_KEY_FILE);
    const second = await keepSecret(folder, API_KEY_FILE);
    expect(first.isNew).toBe(true);
    expect(first.secret.length).toBeGreaterThanOrEqual(32);
    expect(second).toEqual({ secret: first.secret, isNew: false });
    expect(await readSecret(folder, API_KEY_FILE)).toBe(first.secret);
    expect(statSync(join(folder, API_KEY_FILE)).mode & 0o777).toBe(0o600);
  });

  it('has no secret where none was made', async () => {
    expect(await readSecret(folder, API_KEY_FILE)).toBeUndefined();
  });

  it('says where it runs while it runs', async () => {
    await writeRunning(folder, { pid: process.pid, ...running });
    expect(await readRunning(folder)).toEqual({ pid: process.pid, ...running });
    await removeRunning(folder);
    expect(await readRunning(folder)).toBeUndefined();
  });

  it('does not believe the note of a process that is gone', async () => {
    // Above the largest pid that Linux gives out.
    await writeRunning(folder, { pid: 4_194_305, ...running });
    expect(await readRunning(folder)).toBeUndefined();
  });
});
