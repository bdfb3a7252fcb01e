import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 10_000;

export interface ServerProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly dataDir: string;
  /** The data goes when the server stops, or when this process dies. */
  readonly temporary: boolean;
  readonly logFile: string;
  /** Whether the server answers now. */
  readonly answers: () => Promise<boolean>;
}

/** A server as a child process that never outlives this process, however this process ends. */
export class ServerProcess {
  readonly #spec: ServerProcessSpec;
  #child: ChildProcess | undefined;
  #guard: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(spec: ServerProcessSpec) {
    this.#spec = spec;
  }

  /** Resolves when the server answers; throws with the end of its log when it exits or stays silent. */
  async start(): Promise<void> {
    const { command, args, dataDir, logFile } = this.#spec;
    mkdirSync(dataDir, { recursive: true });
    const log = openSync(logFile, 'a');
    // A process group of its own: Ctrl-C is for this process, which still needs its servers to stop in good order.
    const child = spawn(command, args, { cwd: dataDir, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    let failure: string | undefined;
    this.#exited = new Promise((done) => {
      child.once('error', (error) => {
        failure = error.message;
        done();
      });
      child.once('exit', (code, signal) => {
        failure ??= `it ended with ${signal ?? `code ${code}`}`;
        done();
      });
    });
    child.unref();
    this.#child = child;
    this.#guard = this.#guardFor(child);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#spec.answers())) {
      if (failure === undefined && Date.now() > deadline) failure = `it did not answer within ${READY_WITHIN_MS / 1_000} s`;
      if (failure !== undefined) {
        const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
        await this.kill();
        throw new Error(`${command} did not start: ${failure}. ${end}`);
      }
      await sleep(50);
    }
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#gone();
  }

  async end(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#gone(STOPS_WITHIN_MS);
    await this.kill();
  }

  async stop(): Promise<void> {
    await this.end();
    if (this.#spec.temporary) rmSync(this.#spec.dataDir, { recursive: true, force: true });
  }

  async #gone(withinMs = STOPS_WITHIN_MS): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const bound = new AbortController();
    const gaveUp = await Promise.race([
      this.#exited.then(() => false),
      sleep(withinMs, true, { signal: bound.signal }).catch(() => true),
    ]);
    bound.abort();
    if (gaveUp) return;
    this.#child = undefined;
    endGuard(this.#guard);
    this.#guard = undefined;
  }

  /**
   * A shell that waits for the pipe to this process to break, which happens at exit, crash and kill -9 alike, and then ends the
   * server. Signal handlers here could not see a kill -9, and would change how the host program dies.
   */
  #guardFor(child: ChildProcess): ChildProcess | undefined {
    if (child.pid === undefined) return undefined;
    const { temporary, dataDir } = this.#spec;
    const script = `cat >/dev/null
kill -TERM "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$1" 2>/dev/null
if [ -n "$2" ]; then rm -rf "$2"; fi`;
    const guard = spawn('sh', ['-c', script, 'guard', String(child.pid), temporary ? dataDir : ''], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    guard.on('error', () => undefined);
    guard.unref();
    // The pipe is a socket, which has unref; the type says Writable.
    if (guard.stdin !== null && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
    return guard;
  }
}

/** The whole group: the shell alone would leave its `cat` behind. */
function endGuard(guard: ChildProcess | undefined): void {
  if (guard?.pid === undefined) return;
  try {
    process.kill(-guard.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
  guard.stdin?.destroy();
}
