import { redact } from '@tajo/logging';
import { consentTally, type ContactRow, hashRow, type Identity } from '@tajo/mapping';
import type { IdentityMode, Link, NewLink, NewRejection } from '@tajo/store';
import type { RunContext, Settled } from '../target.js';
import type { ContactGroup } from './admit.js';
import type { ProtectedRow } from './protect-consent.js';
import { type ContactRules, listIdsOf } from './rules.js';

/** A row as kept in a batch: everything its delivery and settlement need. */
export interface BatchRow {
  readonly row: ProtectedRow;
  readonly hash: string;
  readonly tally: readonly string[];
  readonly fields: readonly string[];
  /** Lists the contact has left since our last write; an import can only add. */
  readonly leave: readonly number[];
  /** What is not sent, for Brevo owns it; EMAIL and SMS among them. */
  readonly held?: readonly string[];
  /** The contact that is brought together with its profile after the write. */
  readonly pair?: number;
  /** Brevo has it as it was last written: only the pair is looked at. */
  readonly stands?: boolean;
}

export function batchRowOf(row: ProtectedRow, rules: ContactRules, link: Pick<Link, 'lists'> | undefined): BatchRow {
  const listIds = listIdsOf(rules, row.lists);
  return {
    row,
    // The same row to other lists, or carrying its id elsewhere, is not the same write.
    hash: hashRow(row, JSON.stringify([rules.listIds, rules.identity])),
    tally: Object.keys(consentTally(row)),
    // Shown and counted: a property may be called anything, also by somebody's address.
    fields: row.notes.map(({ field, reason }) => redact(`${field}: ${reason}`)),
    leave: link ? link.lists.filter((id) => !listIds.includes(id)) : [],
  };
}

/** Rows and group of a contact batch; this target wrote them, so their shape is known. */
export function readBatch(
  batch: { group: Record<string, unknown> },
  rows: readonly unknown[],
): { rows: readonly BatchRow[]; group: ContactGroup } {
  return { rows: rows as readonly BatchRow[], group: batch.group as ContactGroup };
}

/** Until the first import has been read back, EXT_ID is tried. */
export function identityOf(mode: IdentityMode): Identity {
  return mode === 'attribute' ? 'attribute' : 'ext_id';
}

export function writtenRow({ row, hash, tally, fields }: BatchRow, listIds: readonly number[]): Settled['written'][number] {
  const link: NewLink = {
    sourceId: row.sourceId,
    hash,
    blockedByUs: row.blockedByUs,
    lists: [...listIds],
    hasPhone: row.phone !== undefined,
    mailable: { email: row.email !== undefined && !row.emailBlocked, sms: row.phone !== undefined && !row.smsBlocked },
  };
  return { link, tally, fields };
}

/** The row as it is sent. */
export function sentRow({ row, held = [] }: BatchRow): ProtectedRow {
  if (held.length === 0) return row;
  const { phone, ...rest } = row;
  const attributes = Object.fromEntries(Object.entries(row.attributes).filter(([name]) => !held.includes(name)));
  return { ...rest, ...(phone !== undefined && !held.includes('SMS') && { phone }), attributes };
}

export function refusedRow({ row }: BatchRow, reason: string, message: string): NewRejection {
  return { sourceId: row.sourceId, outcome: 'rejected', reason, message, stage: 'import' };
}

/** By `clashes.phone`: whether a contact is written without a phone number that belongs to another one. */
export function mayDropPhone({ work }: RunContext): boolean {
  return work.config.account.clashes.phone === 'drop';
}

/** The row without its phone number, which belongs to another contact. */
export function withoutPhone<Row extends ContactRow>(row: Row): Row {
  const { phone: _, ...rest } = row;
  const note = { field: 'phone_number', reason: 'left out: the number already belongs to another Brevo contact' };
  // Leaving out an optional key keeps the row what it was.
  return { ...rest, smsBlocked: true, notes: [...row.notes, note] } as unknown as Row;
}
