import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `tajo up` keeps in the folder it runs in, so that later commands there need no flags. Never in version control. */
export const LOCAL_FOLDER = '.tajo';
export const API_KEY_FILE = join(LOCAL_FOLDER, 'api-key');
export const BOARD_PASSWORD_FILE = join(LOCAL_FOLDER, 'board-password');
/** What servers started by `tajo up` keep. */
export const DATA_FOLDER = join(LOCAL_FOLDER, 'data');
export const LOGS_FOLDER = join(LOCAL_FOLDER, 'logs');
const RUNNING_FILE = join(LOCAL_FOLDER, 'up.json');

/** Where a running `tajo up` can be reached. */
export interface Running {
  pid: number;
  apiUrl: string;
  boardUrl: string;
  redisUrl: string;
  mongoUrl: string;
}

/** The secret in the file, or undefined when there is none. */
export async function readSecret(cwd: string, file: string): Promise<string | undefined> {
  const text = await readFile(join(cwd, file), 'utf8').catch(missing);
  return text?.trim() || undefined;
}

/** The secret in the file; a new one is made and kept, readable by its owner only, when there is none. */
export async function keepSecret(cwd: string, file: string): Promise<{ secret: string; isNew: boolean }> {
  const kept = await readSecret(cwd, file);
  if (kept !== undefined) return { secret: kept, isNew: false };
  await makeLocalFolder(cwd);
  const secret = randomBytes(24).toString('base64url');
  const handle = await open(join(cwd, file), 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(`${secret}\n`);
  } finally {
    await handle.close();
  }
  return { secret, isNew: true };
}

export async function writeRunning(cwd: string, running: Running): Promise<void> {
  await makeLocalFolder(cwd);
  const path = join(cwd, RUNNING_FILE);
  // URLs can carry passwords.
  await writeFile(path, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
}

/** What the `tajo up` of this folder wrote, if that process still lives. */
export async function readRunning(cwd: string): Promise<Running | undefined> {
  const text = await readFile(join(cwd, RUNNING_FILE), 'utf8').catch(missing);
  if (text === undefined) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRunning(found) && isAlive(found.pid) ? found : undefined;
}

export async function removeRunning(cwd: string): Promise<void> {
  await rm(join(cwd, RUNNING_FILE), { force: true });
}

async function makeLocalFolder(cwd: string): Promise<void> {
  await mkdir(join(cwd, LOCAL_FOLDER), { recursive: true, mode: 0o700 });
}

function isRunning(value: unknown): value is Running {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, ...urls } = value as Record<string, unknown>; // any object can be read by key
  return typeof pid === 'number' && ['apiUrl', 'boardUrl', 'redisUrl', 'mongoUrl'].every((key) => typeof urls[key] === 'string');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return isErrno(error) && error.code === 'EPERM';
  }
}

function missing(error: unknown): undefined {
  if (isErrno(error) && error.code === 'ENOENT') return undefined;
  throw error;
}

// Not by `instanceof`: jest runs us in a realm of its own, and node's errors are of another.
function isErrno(error: unknown): error is { code: unknown } {
  return typeof error === 'object' && error !== null && 'code' in error;
}
