import { ChildGivenUp, SupervisedChild, type ChildSpec } from './supervised-child.js';

export interface ClusterSpec {
  readonly producer: ChildSpec;
  readonly workers: readonly ChildSpec[];
  readonly board: ChildSpec;
}

export interface ClusterHooks {
  /** A sentence about one child: it died, it comes back. */
  onEvent(child: string, event: string): void;
  /** A line that a child logged. */
  onLine(child: string, line: string): void;
}

// A clean stop takes 25 s at most altogether, of which a worker may need 20 to reach a page boundary and the servers one or two.
const PRODUCER_STOPS_WITHIN_MS = 3_000;
const WORKERS_STOP_WITHIN_MS = 20_000;

/** Producer, workers and board as supervised processes. */
export class Cluster {
  readonly children: readonly SupervisedChild[];
  /** Rejects with `ChildGivenUp` when a child does not stay alive; never resolves. */
  readonly broken: Promise<never>;
  readonly #producer: SupervisedChild;
  readonly #workers: readonly SupervisedChild[];
  readonly #board: SupervisedChild;
  readonly #lastResort = () => this.#killAll();

  constructor(spec: ClusterSpec, hooks: ClusterHooks) {
    let giveUp!: (problem: ChildGivenUp) => void;
    this.broken = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    // Whoever waits for `broken` sees it; nobody waiting must not end the process.
    this.broken.catch(() => undefined);
    const supervise = (child: ChildSpec) =>
      new SupervisedChild(child, {
        onEvent: (event) => hooks.onEvent(child.name, event),
        onLine: (line) => hooks.onLine(child.name, line),
        onGivenUp: giveUp,
      });
    this.#producer = supervise(spec.producer);
    this.#workers = spec.workers.map(supervise);
    this.#board = supervise(spec.board);
    this.children = [this.#producer, ...this.#workers, this.#board];
  }

  /** Resolves once every child can work. The producer goes first: it prepares the database. */
  async start(withinMs: number): Promise<void> {
    process.on('exit', this.#lastResort);
    const signal = AbortSignal.timeout(withinMs);
    const ready = async (children: readonly SupervisedChild[]) => {
      for (const child of children) child.start();
      await Promise.all(children.map((child) => this.#waitFor(child, signal, withinMs)));
    };
    await ready([this.#producer]);
    await ready([...this.#workers, this.#board]);
  }

  /** Nobody asks for anything new, then the workers go to their page boundaries. Harmless twice. */
  async stop(): Promise<void> {
    await Promise.all([this.#producer, this.#board].map((child) => child.stop(PRODUCER_STOPS_WITHIN_MS)));
    await Promise.all(this.#workers.map((worker) => worker.stop(WORKERS_STOP_WITHIN_MS)));
    process.off('exit', this.#lastResort);
  }

  async #waitFor(child: SupervisedChild, signal: AbortSignal, withinMs: number): Promise<void> {
    try {
      await child.ready(signal);
    } catch (error) {
      if (error instanceof ChildGivenUp) throw error;
      throw new ChildGivenUp(`${child.name} was not ready within ${withinMs / 1_000} s (${child.readyUrl}); its log says why`, {
        exitCode: null,
        cause: error,
      });
    }
  }

  #killAll(): void {
    for (const child of this.children) child.killNow();
  }
}
