import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAs } from './run-target.mjs';
import { root } from './set-up.mjs';

/** Starts jest with the workspace's configuration; by NODE_OPTIONS, so that its workers get the options too. */
export function startJest(args, env = {}) {
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', process.env.NODE_OPTIONS];
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  return spawn(process.execPath, [jest, '-c', join(root, '.config/jest.config.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: options.filter(Boolean).join(' '), ...env },
    stdio: 'inherit',
  });
}

// `pnpm jest …`: against servers that are already there, REDIS_URL and MONGO_URL name them.
if (process.argv[1] === fileURLToPath(import.meta.url)) await endAs(startJest(process.argv.slice(2)));
