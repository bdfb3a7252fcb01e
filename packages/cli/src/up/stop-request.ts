import { EXIT } from '../exit-code.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The operator's wish to stop: the first Ctrl-C, SIGTERM or SIGHUP. A second one does not wait for a clean end. */
export class StopRequest {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onSignal = () => {
    if (this.#controller.signal.aborted) process.exit(EXIT.failed);
    this.#controller.abort();
  };

  constructor() {
    this.signal = this.#controller.signal;
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  get requested(): boolean {
    return this.signal.aborted;
  }

  /** Resolves with the request. */
  async wait(): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise<void>((resolve) => this.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  dispose(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }
}
