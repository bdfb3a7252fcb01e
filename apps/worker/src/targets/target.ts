import type { OpenAccount } from '@tajo/accounts';
import type { Process } from '@tajo/brevo';
import type { ProfileImport } from '@tajo/klaviyo';
import type {
  Batch,
  BatchOutcome,
  Comparison,
  NewLink,
  NewRejection,
  Reconciliation,
  Slice,
  StoredAccount,
  StoredRun,
} from '@tajo/store';
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
  /** What only the look at our store could tell: refused, or rightly not carried. */
  readonly refused?: readonly NewRejection[];
}

/** The outcome of a batch, row by row. */
export interface Settled {
  readonly written: readonly {
    link: NewLink;
    tally: readonly string[];
    fields: readonly string[];
    /** What is kept of the record, for resources that keep. */
    kept?: Readonly<Record<string, unknown>>;
  }[];
  readonly rejected: readonly NewRejection[];
  /** Rows to deliver once more in another way, a batch each. */
  readonly again: readonly { readonly rows: readonly unknown[]; readonly group: Record<string, unknown> }[];
  readonly note: string | null;
}

export type Delivery =
  /** The vendor works on it: a process of Brevo's (a number) or a job of Klaviyo's (a text). */
  { readonly kind: 'sent'; readonly processId: number | string } | { readonly kind: 'settled'; readonly settled: Settled };

/**
 * Where the rows of a resource go. A resource names its target in `write.via`; a target knows the vendor's way of taking rows and
 * nothing of slices, pages or jobs.
 */
export interface Target {
  /** Looks before anything of the run is written, e.g. at quotas. Throws `BadInput` when it cannot work. */
  check?(context: RunContext, resource: string): Promise<void>;
  /** Everything that must be there before rows (attributes, lists), and the rules for `map`. Called when the resources it waits for are done. Repeatable; throws before writing anything when the configuration cannot work. */
  plan(context: RunContext, resource: string): Promise<unknown>;
  admit(context: RunContext, resource: string, rows: readonly unknown[]): Promise<Admission>;
  deliver(context: RunContext, batch: Batch, rows: readonly unknown[]): Promise<Delivery>;
  /** Settles a batch that Brevo has worked off (`process` completed). `again`: it must be sent anew, for the reason given. */
  settleImport?(
    context: RunContext,
    batch: Batch,
    process: Process,
    rows: readonly unknown[],
  ): Promise<Settled | { readonly again: string }>;
  /** The same for a job of Klaviyo's (`job` complete). */
  settleJob?(
    context: RunContext,
    batch: Batch,
    job: ProfileImport,
    rows: readonly unknown[],
  ): Promise<Settled | { readonly again: string }>;
  /** The rows of a batch that the vendor failed for good, as rejections. Required of a target that ever answers `sent`. */
  giveUpImport?(batch: Batch, rows: readonly unknown[], why: string): readonly NewRejection[];
  /** After the last settlement of a full run: undoes what the source no longer has, e.g. members who left. Repeatable. */
  complete?(context: RunContext, resource: string): Promise<void>;
  /** After the last settlement of a run that repairs a verification's findings: settles those of its records that are gone. Repeatable. */
  settleMissing?(context: RunContext, resource: string): Promise<void>;
  /** Compares consent of both sides after the last settlement. */
  reconcile?(context: RunContext, resource: string): Promise<Reconciliation | null>;
  /** Compares numbers of both sides after the last settlement. Null when there is nothing to compare. */
  compare?(context: RunContext, resource: string): Promise<Comparison | null>;
}

export type { BatchOutcome, Slice };
