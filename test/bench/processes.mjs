import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
// The demo's: such a child ends with this process however that ends, and Ctrl-C leaves it to us.
import { spawnFollowing } from '../../packages/cli/dist/up/spawn-following.js';

const STOPS_WITHIN_MS = 5_000;

/** A child process of node, and the end of what it printed. */
export class NodeProcess {
  #child;
  #exited;
  #said = '';
  /** In megabytes, as last seen: a process that is gone cannot be asked any more. */
  #mostMemoryMb = Number.NaN;

  constructor(args, env) {
    this.#child = spawnFollowing(args, env);
    this.#exited = once(this.#child, 'close').then(([code]) => code);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk) => {
        this.#said = `${this.#said}${chunk}`.slice(-4_000);
      });
    }
  }

  /** The first line it prints; throws with all it said when it ends before. */
  async firstLine() {
    const lines = createInterface({ input: this.#child.stdout });
    const [line] = await Promise.race([once(lines, 'line'), this.#exited.then(() => this.#fail('ended before it was ready'))]);
    return line;
  }

  /** Resolves when `url` answers well. */
  async ready(url) {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return;
      if (this.#child.exitCode !== null || Date.now() > deadline) this.#fail('did not become ready');
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }

  /** Waits for its end; throws unless it was a good one. */
  async succeeded() {
    if ((await this.#exited) !== 0) this.#fail('failed');
  }

  /** The most resident memory it has ever held, in megabytes; NaN where there is no /proc. */
  mostMemoryMb() {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      // VmHWM is kept by the kernel: the peak between two looks counts too. A process that ended but is not yet gone has none.
      const kb = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      if (kb !== undefined) this.#mostMemoryMb = Number(kb) / 1_024;
    } catch {
      // Gone, or not Linux.
    }
    return this.#mostMemoryMb;
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), STOPS_WITHIN_MS);
    await this.#exited;
    clearTimeout(impatience);
  }

  #fail(how) {
    throw new Error(`${this.#child.spawnargs.at(-1)} ${how}:\n${this.#said}`);
  }
}
