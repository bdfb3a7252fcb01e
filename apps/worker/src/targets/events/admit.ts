import { type EventRow, ledgerIdOf } from '@tajo/mapping';
import { profileLinks } from '../profile-links.js';
import type { Admission, RunContext } from '../target.js';
import { batchRowOf, profileUnknown, tallyOf } from './batch-rows.js';

/**
 * The ledger knows what is in Brevo already; that holds for a forced run too, since nothing at Brevo recognises a repeat. An event of
 * somebody who was never written to Brevo is refused: it would be accepted there and seen by nobody.
 */
export async function admit(context: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const { work, run, stored } = context;
  const rows = mapped as readonly EventRow[]; // Made by the `map` of a resource that names this target.
  const owner = { account: run.account, resource };
  const ledger = await work.store.ledger.find(owner, rows.map(ledgerIdOf));
  const isSent = (row: EventRow) => ledger.get(ledgerIdOf(row))?.state === 'sent';
  const fresh = rows.filter((row) => !isSent(row));
  const profiles = await profileLinks(
    context,
    fresh.map(({ profile }) => profile),
  );
  const known = fresh.filter(({ profile }) => profiles.has(profile));
  return {
    outgoing: known.map((row) => {
      const kept = batchRowOf(row, stored.identity !== 'ext_id');
      const bytes = Buffer.byteLength(JSON.stringify(kept));
      return { sourceId: row.sourceId, row: kept, group: {}, bytes, tally: tallyOf(row.name), fields: kept.fields };
    }),
    // Under the name it was sent by: an event that was news then may be history by now.
    unchanged: rows
      .filter(isSent)
      .map((row) => ({ sourceId: row.sourceId, tally: tallyOf(ledger.get(ledgerIdOf(row))?.name ?? row.name) })),
    refused: fresh.filter(({ profile }) => !profiles.has(profile)).map(({ sourceId }) => profileUnknown(sourceId, 'map')),
  };
}
