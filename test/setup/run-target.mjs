import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './set-up.mjs';

/** What the npm scripts stand for, and whether it works in the folder of whoever called npm or in the repository. */
const TARGETS = {
  test: { file: 'test/setup/run-tests.mjs' },
  demo: { file: 'test/demo/main.mjs' },
  bench: { file: 'test/bench/main.mjs' },
  sandbox: { file: 'packages/sandbox/dist/main.js' },
  tajo: { file: 'packages/cli/dist/bin.js', inCallersFolder: true },
};

/** Runs a target with the standard streams of this process and ends this process as the target ended. */
export async function runTarget(name, args) {
  const target = Object.hasOwn(TARGETS, name ?? '') ? TARGETS[name] : undefined;
  const file = target && join(root, target.file);
  if (!file || !existsSync(file)) {
    console.error(
      file ? `${target.file} is missing.` : `There is no target ${name}; known are ${Object.keys(TARGETS).join(', ')}.`,
    );
    process.exit(2);
  }
  const cwd = target.inCallersFolder ? (process.env.INIT_CWD ?? process.cwd()) : root;
  await endAs(spawn(process.execPath, [file, ...args], { cwd, stdio: 'inherit' }));
}

/** Passes signals on to the child, waits for it and ends this process with its exit code or signal. `before` runs in between. */
export async function endAs(child, before = async () => undefined) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // At a terminal Ctrl-C reaches the whole process group by itself; a second one would mean «at once» to the child.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  const { code, signal } = await new Promise((done) => {
    child.once('error', (error) => {
      console.error(`${child.spawnfile} cannot be started: ${error.message}`);
      done({ code: 1 });
    });
    child.once('close', (exitCode, exitSignal) => done({ code: exitCode, signal: exitSignal }));
  });
  await before();
  if (!signal) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
