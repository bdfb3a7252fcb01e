import { RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { redact } from '@tajo/logging';
import type { NotedKeptRow } from '@tajo/mapping';
import type { Batch } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import { keptAs } from '../archive/index.js';
import type { HashedRow } from '../by-hash.js';
import type { Delivery, RunContext, Settled } from '../target.js';

/** What is written of the copy beside the record, under `copy`; `GET /v1/archive` shows it. */
export interface CopyOutcome {
  /** Brevo's id of the copy, where there is one. */
  readonly id: number | null;
  /** Tags that no translation was found for; they stand in the copy as they were. */
  readonly untranslated: readonly string[];
  /** Whatever else somebody should know before using it. */
  readonly notes: readonly string[];
}

/** A copy that is there already: an earlier run's, or, not `known`, one that an interrupted delivery of this batch made. */
export interface Existing {
  readonly id: number;
  readonly known: boolean;
}

/** How one kind of record is copied. */
export interface Copier {
  /** Copies in Brevo that an interrupted delivery may have left, by source id. */
  readonly left: () => Promise<ReadonlyMap<string, number>>;
  readonly copy: (row: NotedKeptRow, existing: Existing | undefined) => Promise<CopyOutcome>;
  /** Copies made in one delivery. More would not be found again among the newest ones. */
  readonly atOnce: number;
}

/**
 * Brevo makes a second copy when it is asked twice, so a delivery first looks among the newest copies for what an interrupted one
 * left, and settles after a few: what is lost with a worker is never more than that. Waiting for the lane does not hold up what is done.
 */
export async function deliverCopies(
  { work, run }: RunContext,
  batch: Batch,
  rows: readonly HashedRow<NotedKeptRow>[],
  copier: Copier,
): Promise<Delivery> {
  const ids = rows.map(({ row }) => row.sourceId);
  const links = await work.store.links.find(run.account, batch.resource, ids);
  const linked = new Map(
    [...links].flatMap(([id, { targetId }]) => (typeof targetId === 'number' ? [[id, targetId] as const] : [])),
  );
  const isComplete = ids.every((id) => linked.has(id));
  const left = isComplete ? new Map<string, number>() : await copier.left();
  const existing = (sourceId: string): Existing | undefined => {
    const [known, found] = [linked.get(sourceId), left.get(sourceId)];
    if (known !== undefined) return { id: known, known: true };
    return found === undefined ? undefined : { id: found, known: false };
  };

  const written: Settled['written'][number][] = [];
  for (const hashed of rows.slice(0, copier.atOnce)) {
    if (work.stopping.aborted) {
      if (written.length === 0) throw new GaveBack();
      break;
    }
    const { sourceId } = hashed.row;
    try {
      const outcome = await refusedAsNote(copier.copy(hashed.row, existing(sourceId)));
      if (outcome.id !== null) linked.set(sourceId, outcome.id);
      written.push(withOutcome(hashed, outcome));
    } catch (error) {
      const passes = error instanceof WaitUntil || error instanceof RetryLater;
      if (!passes || written.length === 0) throw error;
      break;
    }
  }
  const rest = rows.slice(written.length);
  const again = rest.length === 0 ? [] : [{ rows: rest, group: batch.group }];
  return { kind: 'settled', settled: { written, rejected: [], again, note: null } };
}

/** The record is kept all the same: what Brevo refuses is the copy. */
async function refusedAsNote(copy: Promise<CopyOutcome>): Promise<CopyOutcome> {
  try {
    return await copy;
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const words = error.details[0]?.detail ?? error.message;
    return { id: null, untranslated: [], notes: [redact(`no copy: Brevo refused it: ${words}`)] };
  }
}

function withOutcome(hashed: HashedRow<NotedKeptRow>, outcome: CopyOutcome): Settled['written'][number] {
  const { row, hash } = hashed;
  const kept = keptAs(
    { row: { ...row, kept: { ...row.kept, copy: outcome } }, hash },
    outcome.id === null ? {} : { targetId: outcome.id },
  );
  return {
    ...kept,
    tally: [outcome.id === null ? 'copy.none' : 'copy.made'],
    fields: [
      ...kept.fields,
      ...outcome.notes.map((note) => `copy: ${note}`),
      ...outcome.untranslated.map((tag) => `copy: not translated: ${tag}`),
    ],
  };
}
