import { type BrevoContactRow, type BrevoOptOut, hashOf } from '@tajo/mapping';
import { redact } from '@tajo/logging';
import type { ImportedProfile } from '@tajo/klaviyo';
import type { NewRejection } from '@tajo/store';
import type { Settled } from '../target.js';

/** A contact as kept in a batch: what is to be done is decided anew by each delivery, from the profile as it is then. */
export interface PairRow {
  readonly contact: BrevoContactRow;
  /** ISO 8601. Not later than the contact was read. */
  readonly readAt: string;
  /** Of the decision it was admitted by. */
  readonly tally: readonly string[];
  readonly fields: readonly string[];
  /** What Brevo has just told, where a webhook did. */
  readonly told?: BrevoOptOut | undefined;
  /** The row of an import, in whose order the batch stands. */
  readonly write?: ImportedProfile;
}

/**
 * `cheapest`: by import where many change · `import`: every row has its `write` · `singly`: an import cannot say it, or said no · `shown`:
 * nothing but to wait, until the time given, for Klaviyo to show what it was asked for.
 */
export interface PairGroup extends Record<string, unknown> {
  readonly by: 'cheapest' | 'import' | 'singly' | 'shown';
  /** ISO 8601. */
  readonly until?: string;
}

/** Rows and group of a batch; this target wrote them, so their shape is known. */
export function readBatch(
  batch: { group: Record<string, unknown> },
  rows: readonly unknown[],
): { rows: readonly PairRow[]; group: PairGroup } {
  return { rows: rows as readonly PairRow[], group: batch.group as PairGroup };
}

export function writtenPair({ contact, tally, fields }: PairRow, profileId: string | undefined): Settled['written'][number] {
  return { link: linkOf(contact, profileId), tally, fields: fields.map(redact) };
}

/** Which profile a contact belongs to. */
export function linkOf({ sourceId }: BrevoContactRow, profileId: string | undefined) {
  return { sourceId, hash: hashOf({ profileId }), targetId: profileId ?? null };
}

export function refusedPair({ sourceId }: BrevoContactRow, reason: string, message: string): NewRejection {
  return { sourceId, outcome: 'rejected', reason, message: redact(message), stage: 'import' };
}

export function skippedPair({ sourceId }: Pick<BrevoContactRow, 'sourceId'>, reason: string, message: string): NewRejection {
  return { sourceId, outcome: 'skipped', reason, message, stage: 'read' };
}
