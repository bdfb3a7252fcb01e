import type { ListMembers } from '@tajo/brevo';
import type { Batch, NewRejection } from '@tajo/store';
import type { Settled } from '../target.js';

/** Blocklist flags of a contact. */
export interface Blocked {
  readonly email: boolean;
  readonly sms: boolean;
}

/** A member as kept in its batch. */
export interface MemberBatchRow {
  /** `<list>|<profile>`. */
  readonly sourceId: string;
  /** Klaviyo's id, which the contact carries. */
  readonly profile: string;
  /** Brevo's own id of the contact, where the Klaviyo id is only an attribute, by which nobody can be named. */
  readonly contact: number | null;
  readonly hash: string;
  /** The contact's blocks, if this run has seen or written it: only then it surely exists and may travel by import. */
  readonly blocked: Blocked | null;
}

export interface MemberGroup extends Record<string, unknown> {
  /** Klaviyo's id of the list or segment. */
  readonly list: string;
  /** Brevo's id of the list. */
  readonly listId: number;
  /** `add` is what remains when an import did not do. */
  readonly by: 'cheapest' | 'add' | 'import';
  /** Of every row of an import. */
  readonly blocked: Blocked | null;
}

/** This target wrote both, so their shape is known. */
export function readBatch(
  batch: Pick<Batch, 'group'>,
  rows: readonly unknown[],
): { rows: readonly MemberBatchRow[]; group: MemberGroup } {
  return { rows: rows as readonly MemberBatchRow[], group: batch.group as MemberGroup };
}

/** Counted by list, so that both sides can be compared list by list. */
export function tallyOf(list: string): string {
  return `members.${list}`;
}

export function writtenRow({ sourceId, hash, contact }: MemberBatchRow, { list }: MemberGroup): Settled['written'][number] {
  return { link: { sourceId, hash, targetId: contact }, tally: [tallyOf(list)], fields: [] };
}

export function refusedRow({ sourceId }: Pick<MemberBatchRow, 'sourceId'>, reason: string, message: string): NewRejection {
  return { sourceId, outcome: 'rejected', reason, message, stage: 'import' };
}

/** Contacts as Brevo's list calls want them named: one way for all of a request. */
export function namedMembers(rows: readonly Pick<MemberBatchRow, 'profile' | 'contact'>[]): ListMembers[] {
  const ids = rows.flatMap(({ contact }) => contact ?? []);
  const extIds = rows.flatMap(({ profile, contact }) => (contact === null ? [profile] : []));
  return [...(ids.length > 0 ? [{ ids }] : []), ...(extIds.length > 0 ? [{ extIds }] : [])];
}
