import type { OpenAccount } from '@tajo/accounts';
import type { Batch, BatchOutcome, NewLink, NewRejection, Reconciliation, Slice, StoredAccount, StoredRun } from '@tajo/store';
import type { Work } from '../work.js';

/** A job's view of one run of one account. */
export interface RunContext {
  readonly work: Work;
  readonly run: StoredRun;
  readonly account: OpenAccount;
  readonly stored: StoredAccount;
}

/** A mapped record on its way out. */
export interface Outgoing {
  readonly sourceId: string;
  /** What is kept in the batch, as JSON. */
  readonly row: unknown;
  /** Rows with the same group may share a batch. */
  readonly group: Record<string, unknown>;
  readonly bytes: number;
  readonly tally: readonly string[];
  readonly fields: readonly string[];
}

/** What the target decided for the rows of one page. */
export interface Admission {
  readonly outgoing: readonly Outgoing[];
  /** Already at the target as they should be. */
  readonly unchanged: readonly { sourceId: string; tally: readonly string[] }[];
}

/** The outcome of a batch, row by row. */
export interface Settled {
  readonly written: readonly { link: NewLink; tally: readonly string[]; fields: readonly string[] }[];
  readonly rejected: readonly NewRejection[];
  /** Rows to deliver once more in another way, a batch each. */
  readonly again: readonly { readonly rows: readonly unknown[]; readonly group: Record<string, unknown> }[];
  readonly note: string | null;
}

export type Delivery =
  | { readonly kind: 'sent'; readonly processId: number }
  | { readonly kind: 'settled'; readonly settled: Settled };

/**
 * Where the rows of a resource go. A resource names its target in `write.via`; a target knows the vendor's way of taking rows and
 * nothing of slices, pages or jobs.
 */
export interface Target {
  /** Everything that must be there before rows (attributes, lists), and the rules for `map`. Repeatable; throws before writing anything when the configuration cannot work. */
  plan(context: RunContext, resource: string): Promise<unknown>;
  admit(context: RunContext, resource: string, rows: readonly unknown[]): Promise<Admission>;
  deliver(context: RunContext, batch: Batch, rows: readonly unknown[]): Promise<Delivery>;
  /** Compares both sides after the last settlement. Null when there is nothing to compare. */
  reconcile?(context: RunContext, resource: string): Promise<Reconciliation | null>;
}

export type { BatchOutcome, Slice };
