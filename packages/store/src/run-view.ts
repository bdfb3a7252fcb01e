import { addCounts, emptyCounts, isBalanced, type Counts } from './counts.js';
import { FINAL_STATES, type RunState, type StoredRun } from './runs.js';
import type { SliceState, Slices } from './slices.js';

/** A run as people and programs look at it: its own facts and the totals of its slices. */
export interface RunView {
  id: string;
  account: string;
  mode: StoredRun['mode'];
  resources: string[];
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
}

export async function viewRun(slices: Slices, run: StoredRun, now: Date): Promise<RunView> {
  const live = await slices.totals(run._id);
  const totals: Record<string, Counts> = {};
  const states: RunView['slices'] = {};
  for (const resource of run.resources) {
    totals[resource] = addCounts(emptyCounts(), live[resource]?.counts ?? run.totals?.[resource] ?? emptyCounts());
    states[resource] = live[resource]?.slices ?? {};
  }
  const sidesAgree =
    run.reconciliation === null || (run.reconciliation.differences.length === 0 && run.reconciliation.wronglyMailable === 0);
  const end = FINAL_STATES.includes(run.state) && run.finishedAt ? run.finishedAt : now;
  return {
    id: run._id,
    account: run.account,
    mode: run.mode,
    resources: run.resources,
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
  };
}
