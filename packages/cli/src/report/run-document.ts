import type { Run } from '@tajo/sdk';

/** The one document that `--json` prints about a run. Its shape is stable; keys may be added. */
export interface RunDocument {
  run: string;
  account: string;
  mode: string;
  state: string;
  /** Every record read has exactly one outcome and both sides agree on consent. */
  balanced: boolean;
  durationMs: number;
  resources: Record<
    string,
    { read: number; written: number; unchanged: number; skipped: Record<string, number>; rejected: Record<string, number> }
  >;
  plan: Run['plan'];
  reconciliation: Run['reconciliation'];
  comparisons: Run['comparisons'];
  notes: Run['notes'];
  resumesAt: Run['resumesAt'];
  problem: Run['problem'];
}

export function runDocument(run: Run): RunDocument {
  return {
    run: run.id,
    account: run.account,
    mode: run.mode,
    state: run.state,
    balanced: run.balanced,
    durationMs: run.durationMs,
    resources: Object.fromEntries(
      Object.entries(run.totals).map(([name, { read, written, unchanged, skipped, rejected }]) => [
        name,
        { read, written, unchanged, skipped, rejected },
      ]),
    ),
    plan: run.plan,
    reconciliation: run.reconciliation,
    comparisons: run.comparisons,
    notes: run.notes,
    resumesAt: run.resumesAt,
    problem: run.problem,
  };
}
