import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf } from '@tajo/errors';
import { spawnFollowing } from './spawn-following.js';

export interface ChildSpec {
  /** For people, e.g. `worker 2`. */
  readonly name: string;
  /** The script that node runs. */
  readonly file: string;
  /** The child's whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Answers 200 when the child can work. */
  readonly readyUrl: string;
}

export interface ChildHooks {
  /** One sentence about the child's life: it died, it comes back. */
  onEvent(event: string): void;
  /** A line the child wrote. */
  onLine(line: string): void;
  /** The child is given up. */
  onGivenUp(problem: ChildGivenUp): void;
}

/** A child that does not stay alive. `exitCode` is the child's own last one, null when a signal ended it. */
export class ChildGivenUp extends Error {
  readonly exitCode: number | null;

  constructor(message: string, options: { exitCode: number | null; cause?: unknown }) {
    super(message, options);
    this.name = 'ChildGivenUp';
    this.exitCode = options.exitCode;
  }
}

// The apps end with 2 when their configuration is wrong: starting them again cannot help.
const CONFIGURATION_WRONG = 2;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 15_000;
/** A child that lived this long has recovered: the next death counts as the first again. */
const HEALTHY_AFTER_MS = 60_000;
const MOST_DEATHS_IN_A_ROW = 6;
const LAST_LINES = 5;

/** A node process that is started again when it dies, later each time, and given up when it keeps dying. */
export class SupervisedChild {
  readonly name: string;
  readonly readyUrl: string;
  restarts = 0;
  #process: ChildProcess | undefined;
  #givenUp: ChildGivenUp | undefined;
  #stopping = false;
  #deathsInARow = 0;
  #backoff: NodeJS.Timeout | undefined;
  #lastLines: string[] = [];

  constructor(
    private readonly spec: ChildSpec,
    private readonly hooks: ChildHooks,
  ) {
    this.name = spec.name;
    this.readyUrl = spec.readyUrl;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    const child = spawnFollowing([this.spec.file], this.spec.env);
    this.#process = child;
    this.#lastLines = [];
    const startedAt = Date.now();
    this.#follow(child.stdout);
    this.#follow(child.stderr);
    let ended = false;
    const end = (cause: string, exitCode: number | null) => {
      if (ended) return;
      ended = true;
      this.#process = undefined;
      if (!this.#stopping) this.#died({ cause, exitCode, livedMs: Date.now() - startedAt });
    };
    child.once('error', (error) => end(messageOf(error), null));
    // `close` and not `exit`: the last words are read by then.
    child.once('close', (code, signal) => end(signal ? `ended by ${signal}` : `ended with code ${code}`, code));
  }

  /** Resolves once the child answers that it is ready; throws when it is given up or `signal` fires. */
  async ready(signal: AbortSignal): Promise<void> {
    for (;;) {
      if (this.#givenUp) throw this.#givenUp;
      signal.throwIfAborted();
      if (this.#process && (await answersOk(this.readyUrl))) return;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  /** Asks the child to end, and ends it when it does not within `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#backoff);
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => {
      this.hooks.onEvent(`did not stop within ${withinMs / 1_000} s and was killed`);
      child.kill('SIGKILL');
    }, withinMs);
    await closed;
    clearTimeout(impatience);
  }

  /** The last resort, when the supervisor itself must end now. */
  killNow(): void {
    this.#stopping = true;
    this.#process?.kill('SIGKILL');
  }

  #died(death: { cause: string; exitCode: number | null; livedMs: number }): void {
    this.#deathsInARow = death.livedMs > HEALTHY_AFTER_MS ? 1 : this.#deathsInARow + 1;
    const cannotHelp = death.exitCode === CONFIGURATION_WRONG;
    if (cannotHelp || this.#deathsInARow >= MOST_DEATHS_IN_A_ROW) {
      const often = this.#deathsInARow > 1 ? ` ${this.#deathsInARow} times in a row` : '';
      const words = this.#lastLines.map((line) => `\n  ${line}`).join('');
      this.#givenUp = new ChildGivenUp(`${this.name} ${death.cause}${often}${words ? `; its last lines:${words}` : ''}`, death);
      this.hooks.onGivenUp(this.#givenUp);
      return;
    }
    const waitMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#deathsInARow - 1));
    this.hooks.onEvent(`${death.cause}; starting it again in ${waitMs / 1_000} s`);
    this.#backoff = setTimeout(() => {
      this.restarts += 1;
      this.start();
      this.hooks.onEvent(`started again as process ${this.pid}`);
    }, waitMs);
  }

  #follow(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.#lastLines = [...this.#lastLines.slice(1 - LAST_LINES), line];
      this.hooks.onLine(line);
    });
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
