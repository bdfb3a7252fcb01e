import type { Contact } from '@tajo/brevo';
import { RecordRejected } from '@tajo/errors';
import { type Base, type BrevoContactRow, brevoContacts, parseItem } from '@tajo/mapping';
import type { NewRejection } from '@tajo/store';
import type { RunContext } from '../target.js';
import { type PairRow, skippedPair } from './pair-rows.js';

/** Lookups under way at once: Brevo's lane allows ten a second. */
const ABREAST = 5;

/**
 * The rows of a batch with their contacts as they are: who was brought together with their profile since the contact was read (by an
 * earlier try of this batch, or by a webhook) may have been given values by it, and in the old contact those would look like changes made
 * in Brevo.
 */
export async function readAgain(context: RunContext, rows: readonly PairRow[]): Promise<PairRow[]> {
  const { work, run, account } = context;
  const bases = await work.store.bases.find(
    run.account,
    rows.map(({ contact }) => contact.brevoId),
  );
  const isOld = ({ contact, readAt }: PairRow) => {
    // This target stored it.
    const base = bases.get(contact.brevoId)?.agreed as Base | undefined;
    return base !== undefined && Date.parse(base.at) >= Date.parse(readAt);
  };
  const now: PairRow[] = [];
  for (let start = 0; start < rows.length; start += ABREAST)
    now.push(
      ...(await Promise.all(
        rows.slice(start, start + ABREAST).map(async (row) => {
          if (!isOld(row)) return row;
          const contact = await account.brevo.contact(row.contact.brevoId, 'contact_id');
          const mapped = contact && contactRowOf(contact);
          // One that is gone, or nobody any more: the write that follows says so.
          return mapped && 'row' in mapped ? { ...row, contact: mapped.row } : row;
        }),
      )),
    );
  return now;
}

/** A contact as the way back takes it. */
export function contactRowOf(contact: Contact): { row: BrevoContactRow } | { refused: NewRejection } {
  const sourceId = String(contact.id);
  try {
    const mapped = brevoContacts.map(parseItem(brevoContacts, contact), undefined);
    if (mapped.kind === 'row') return { row: mapped.row };
    return { refused: { ...skippedPair({ sourceId }, mapped.reason, `${mapped.reason}.`), stage: 'map' } };
  } catch (error) {
    if (!(error instanceof RecordRejected)) throw error;
    return { refused: { sourceId, outcome: 'rejected', reason: error.code, message: error.message, stage: 'map' } };
  }
}
