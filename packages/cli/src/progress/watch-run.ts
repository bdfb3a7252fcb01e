import { setTimeout } from 'node:timers/promises';
import type { Progress, Run, TajoClient } from '@tajo/sdk';
import type { Context, Output } from '../context.js';
import { styleFor, type Style } from '../format/style.js';
import { LiveArea } from './live-area.js';
import { progressBlock, progressLine } from './progress-lines.js';

/** Often enough to see that it lives, rarely enough for a log. */
const PLAIN_LINE_EVERY_MS = 5_000;

export interface WatchOptions {
  readonly client: TajoClient;
  readonly id: string;
  readonly screen: Output;
  readonly env: Context['env'];
  readonly signal?: AbortSignal;
  /** Where to draw, when others print to the same screen through it. */
  readonly area?: LiveArea;
}

/** Shows a run until it has ended or somebody must act, and answers how it stands then. */
export async function watchRun(options: WatchOptions): Promise<Run> {
  const { client, id, screen, env, signal, area = new LiveArea(screen) } = options;
  const view = screen.isTTY && env.TERM !== 'dumb' ? drawing(area, styleFor(screen, env)) : printing(screen);
  try {
    for (;;) {
      for await (const progress of client.syncs.watch(id, signal ? { signal } : {})) {
        view.show(progress);
        // A stopped run goes on only after somebody has acted, perhaps tomorrow.
        if (progress.final || progress.state === 'stopped') break;
      }
      const run = await client.syncs.get(id);
      // Progress may be a second old: a run that was just resumed or retried still looked as it stood before.
      if (signal?.aborted || STANDS_STILL.has(run.state)) return run;
      await setTimeout(AGAIN_MS);
    }
  } finally {
    view.end();
  }
}

const STANDS_STILL: ReadonlySet<Run['state']> = new Set(['stopped', 'completed', 'failed', 'cancelled']);
const AGAIN_MS = 500;

interface View {
  show(progress: Progress): void;
  end(): void;
}

function drawing(area: LiveArea, style: Style): View {
  return {
    show: (progress) => area.draw(progressBlock(progress, style)),
    end: () => area.end({ keep: false }),
  };
}

/** A line every few seconds when something changed, and at once when the run enters another state. */
function printing(screen: Output): View {
  let shownAt = -Infinity;
  let shown: Progress | undefined;
  return {
    show(progress) {
      const changed = shown?.state !== progress.state;
      const moved = shown === undefined || JSON.stringify(shown.totals) !== JSON.stringify(progress.totals);
      const now = Date.now();
      if (!changed && !(moved && now - shownAt >= PLAIN_LINE_EVERY_MS)) return;
      shownAt = now;
      shown = progress;
      screen.write(`${progressLine(progress)}\n`);
    },
    end: () => undefined,
  };
}
