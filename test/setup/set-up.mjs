import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const state = join(root, '.tajo');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Installs and builds, each only when something it depends on has changed since the last time. */
export async function setUp() {
  const steps = [
    {
      name: 'install',
      title: 'installing the dependencies',
      args: ['install', '--frozen-lockfile'],
      fingerprint: () => hashOf(['pnpm-lock.yaml', 'pnpm-workspace.yaml'].map((file) => readFileSync(join(root, file)))),
      result: () => [join(root, 'node_modules'), ...workspaces().map((folder) => join(folder, 'package.json'))],
    },
    {
      name: 'build',
      title: 'building',
      args: ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only', '--no-update-notifier'],
      fingerprint: () => hashOf(inputsOfBuild().map((path) => `${path} ${statSync(path).mtimeMs} ${statSync(path).size}\n`)),
      result: () => workspaces().map((folder) => join(folder, 'dist')),
    },
  ];
  if (steps.every(isDone)) return;
  const release = await lock();
  try {
    // Looked at again: another process may have done it while this one waited.
    for (const step of steps) if (!isDone(step)) await perform(step);
  } finally {
    release();
  }
}

function isDone({ name, fingerprint, result }) {
  const stamp = join(state, `${name}.stamp`);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint() && result().every((path) => existsSync(path));
}

async function perform({ name, title, args, fingerprint }) {
  const startedAt = Date.now();
  console.error(`set-up: ${title} …`);
  // Taken before: what changes meanwhile is built next time.
  const stamp = fingerprint();
  await pnpm(args);
  writeFileSync(join(state, `${name}.stamp`), stamp);
  console.error(`set-up: ${title} took ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
}

/** Runs pnpm through npx, which needs nothing installed. Silent unless it fails; then all it printed is shown and this process ends. */
async function pnpm(args) {
  const child = spawn('npx', ['-y', packageManager, ...args], {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((done) => {
    child.once('error', (error) => {
      output.push(
        Buffer.from(`npx cannot be started: ${error.message}. It comes with npm; install npm and run the command again.\n`),
      );
      done(1);
    });
    child.once('close', done);
  });
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  console.error(`set-up: ${packageManager} ${args.join(' ')} failed; the reason stands above.`);
  release?.();
  process.exit(1);
}

function environment() {
  // CI: pnpm asks no questions.
  const env = { ...process.env, CI: 'true', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', FORCE_COLOR: '0' };
  // What an outer npm was told (`npm --prefix`, `npm exec --package --call`) would be taken by npx as told to itself.
  for (const name of ['prefix', 'local_prefix', 'global_prefix', 'package', 'call', 'workspace', 'workspaces'])
    delete env[`npm_config_${name}`];
  return env;
}

let release;

/** One set-up at a time; the lock of a process that is gone does not count. */
async function lock() {
  mkdirSync(state, { recursive: true });
  const path = join(state, 'set-up.lock');
  for (let told = false; ; told = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      release = () => rmSync(path, { force: true });
      return release;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder !== undefined && !isAlive(holder)) rmSync(path, { force: true });
    else if (!told) console.error('set-up: waiting for another one that is under way …');
    await sleep(200);
  }
}

function readHolder(path) {
  try {
    // Empty for the moment between its creation and its content.
    return Number(readFileSync(path, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function workspaces() {
  return ['apps', 'packages'].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, group, entry.name, 'package.json')))
      .map((entry) => join(root, group, entry.name)),
  );
}

function inputsOfBuild() {
  const shared = ['.config/tsconfig.base.json', 'turbo.json', 'pnpm-lock.yaml'].map((file) => join(root, file));
  return [
    ...shared,
    ...workspaces().flatMap((folder) => [
      join(folder, 'package.json'),
      join(folder, 'tsconfig.json'),
      ...sources(join(folder, 'src')),
    ]),
  ];
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
