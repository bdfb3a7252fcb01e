import { addCounts, emptyCounts, isBalanced, type Counts } from './counts.js';
import { type Deletions, FINAL_STATES, type RunState, type StoredRun } from './runs.js';
import type { SliceState, Slices } from './slices.js';

/** A run as people and programs look at it: its own facts and the totals of its slices. */
export interface RunView {
  id: string;
  account: string;
  mode: StoredRun['mode'];
  resources: string[];
  /** Of an incremental run, by resource: what was asked for begins here; what is not named was read whole. */
  since: Record<string, Date>;
  state: RunState;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  durationMs: number;
  problem: StoredRun['problem'];
  /** Finished stages of planning. */
  planned: string[];
  totals: Record<string, Counts>;
  slices: Record<string, Partial<Record<SliceState, number>>>;
  /** Every record read has exactly one outcome, and both sides agree on consent. Only a completed run can be balanced. */
  balanced: boolean;
  reconciliation: StoredRun['reconciliation'];
  comparisons: StoredRun['comparisons'];
  /** What an operator should know of how single slices ended. */
  notes: string[];
  /** What became of profiles that are gone from Klaviyo; null where none were, or none were looked for. */
  deletions: Deletions | null;
  /** When the first slice goes on, if all that is left waits for a quota; null otherwise. */
  resumesAt: Date | null;
  forecast: unknown;
}

/** A shorter wait is the lane's ordinary pace, not a quota that is used up. */
const WORTH_SAYING_MS = 120_000;

export async function viewRun(slices: Slices, run: StoredRun, now: Date): Promise<RunView> {
  const { byResource: live, notes, resumesAt } = await slices.overview(run._id);
  const totals: Record<string, Counts> = {};
  const states: RunView['slices'] = {};
  for (const resource of run.resources) {
    totals[resource] = addCounts(emptyCounts(), live[resource]?.counts ?? run.totals?.[resource] ?? emptyCounts());
    states[resource] = live[resource]?.slices ?? {};
  }
  const compared = [...Object.values(run.comparisons), ...(run.reconciliation ? [run.reconciliation] : [])];
  const sidesAgree =
    compared.every(({ differences }) => differences.length === 0) && (run.reconciliation?.wronglyMailable ?? 0) === 0;
  const end = FINAL_STATES.includes(run.state) && run.finishedAt ? run.finishedAt : now;
  return {
    id: run._id,
    account: run.account,
    mode: run.mode,
    resources: run.resources,
    since: run.since ?? {},
    state: run.state,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    durationMs: end.getTime() - (run.startedAt ?? run.createdAt).getTime(),
    problem: run.problem,
    planned: run.plan.done,
    totals,
    slices: states,
    balanced: run.state === 'completed' && Object.values(totals).every(isBalanced) && sidesAgree,
    reconciliation: run.reconciliation,
    comparisons: run.comparisons,
    notes: [...notes, ...askedOf(run)],
    deletions: run.deletions ?? null,
    resumesAt: run.state === 'running' && resumesAt && resumesAt.getTime() - now.getTime() > WORTH_SAYING_MS ? resumesAt : null,
    forecast: run.forecast,
  };
}

/** The question of a run that found more gone than may go without one, and what it could not settle. */
function askedOf({ _id: id, deletions }: StoredRun): string[] {
  if (!deletions) return [];
  const { gone, known, maxShare, outcomes, state } = deletions;
  const settled = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
  if (state === 'done' && settled < gone)
    return [`${gone - settled} of ${gone} profiles that are gone could not be settled in Brevo; the next full run tries again`];
  if (state !== 'asked') return [];
  return [
    `${gone} of ${known} profiles are gone from Klaviyo, more than deletes.max_share (${percent(maxShare)}): nothing was done to their contacts. If that is right, \`tajo sync confirm-deletes ${id}\` goes on`,
  ];
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
