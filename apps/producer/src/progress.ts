import type { Lane, Limiter } from '@tajo/limiter';
import { FINAL_STATES, type Store, type StoredRun, viewRun } from '@tajo/store';
import { etaSeconds } from './eta.js';
import { notFound } from './problem.js';
import { present } from './present.js';
import type { LaneUse, Progress } from './schemas.js';

/** However many watch a run, it is looked at this often. */
const FRESH_MS = 900;
/** Rates are those of the last … */
const WINDOW_MS = 15_000;
/** A run that nobody asked about for this long is forgotten. */
const FORGET_MS = 60_000;

export interface ProgressFeed {
  /** How the run stands now, at most a second old. Throws a 404 problem for an unknown run. */
  snapshot(runId: string): Promise<Progress>;
}

interface Watched {
  latest: { at: number; progress: Promise<Progress> } | null;
  samples: Sample[];
}

interface Sample {
  readonly at: number;
  readonly read: number;
  readonly pages: number;
}

export interface ProgressOptions {
  readonly store: Store;
  readonly limiter: Limiter;
  readonly lanesOf: (run: Pick<StoredRun, 'account' | 'resources'>) => readonly Lane[] | Promise<readonly Lane[]>;
  readonly now: () => Date;
}

export function createProgressFeed({ store, limiter, lanesOf, now }: ProgressOptions): ProgressFeed {
  const watched = new Map<string, Watched>();

  async function look(runId: string, samples: Sample[]): Promise<Progress> {
    const run = await store.runs.get(runId);
    if (!run) throw notFound(`run ${runId}`);
    const at = now();
    const isFinal = FINAL_STATES.includes(run.state);
    const [view, openBatches, rate] = await Promise.all([
      viewRun(store.slices, run, at),
      store.batches.countOpen(runId),
      isFinal ? [] : usageOf(limiter, await lanesOf(run)),
    ]);
    const counts = Object.values(view.totals);
    const read = counts.reduce((sum, { read: n }) => sum + n, 0);
    const pages = counts.reduce((sum, { pages: n }) => sum + n, 0);
    const recordsPerSecond = rateOf(samples, { at: at.getTime(), read, pages }, view.startedAt, 'read');
    const pagesPerSecond = rateOf(samples, { at: at.getTime(), read, pages }, view.startedAt, 'pages');
    samples.push({ at: at.getTime(), read, pages });
    while ((samples[0]?.at ?? 0) < at.getTime() - WINDOW_MS) samples.shift();
    return {
      ...present({
        run: view.id,
        account: view.account,
        state: view.state,
        at,
        totals: view.totals,
        slices: view.slices,
        resumesAt: view.resumesAt,
        problem: view.problem,
      }),
      final: isFinal,
      balanced: view.balanced,
      durationMs: view.durationMs,
      read,
      pages,
      recordsPerSecond: isFinal ? averageOf(read, view.durationMs) : recordsPerSecond,
      pagesPerSecond: isFinal ? averageOf(pages, view.durationMs) : pagesPerSecond,
      openBatches,
      etaSeconds: run.state === 'running' ? etaSeconds(await store.slices.ofRun(runId), recordsPerSecond) : null,
      rate,
    };
  }

  return {
    snapshot(runId) {
      const at = now().getTime();
      for (const [id, { latest }] of watched) if (latest && latest.at < at - FORGET_MS) watched.delete(id);
      const entry: Watched = watched.get(runId) ?? { latest: null, samples: [] };
      if (entry.latest && at - entry.latest.at < FRESH_MS) return entry.latest.progress;
      const progress = look(runId, entry.samples);
      entry.latest = { at, progress };
      watched.set(runId, entry);
      progress.catch(() => {
        if (entry.latest?.progress === progress) watched.delete(runId);
      });
      return progress;
    },
  };
}

/** Per second since the oldest sample at hand, else since the run began. */
function rateOf(samples: readonly Sample[], last: Sample, startedAt: Date | null, what: 'read' | 'pages'): number | null {
  const first = samples.find(({ at }) => at >= last.at - WINDOW_MS && at <= last.at - FRESH_MS);
  if (first) return averageOf(last[what] - first[what], last.at - first.at);
  return startedAt === null ? null : averageOf(last[what], last.at - startedAt.getTime());
}

function averageOf(count: number, ms: number): number | null {
  return ms < FRESH_MS ? null : Math.round((Math.max(0, count) / ms) * 100_000) / 100;
}

/** Empty while Redis is away: progress is worth showing without it. */
async function usageOf(limiter: Limiter, lanes: readonly Lane[]): Promise<LaneUse[]> {
  try {
    const uses = await Promise.all(lanes.map(async (lane) => ({ lane, windows: await limiter.usage(lane) })));
    return uses.flatMap(({ lane, windows }) =>
      windows.map(({ windowMs, limit, used }) => ({
        lane: lane.key,
        windowMs,
        limit: Math.round(limit),
        used: Math.round(used),
        share: limit > 0 ? Math.round((used / limit) * 1_000) / 1_000 : 0,
      })),
    );
  } catch {
    return [];
  }
}
