import { consentTally, type ContactRow } from '@tajo/mapping';
import type { Batch, Counterpart, Link, OptOut } from '@tajo/store';
import type { RunContext } from '../target.js';
import type { BatchRow } from './batch-rows.js';
import type { ProtectedRow } from './protect-consent.js';
import { keysOf } from './sweep.js';

/** A run that began so long after an opt-out was noted has seen for itself what Brevo says now. */
const SEEN_AFTER_MS = 3_600_000;

type Blocks = Pick<Counterpart, 'emailBlocked' | 'smsBlocked'>;
type Ours = Pick<Link, 'blockedByUs'>;

/**
 * What Brevo's webhooks told of these people, added to what the sweep and the link know: blocked since, and not ours to clear. A note
 * that Brevo itself has taken back since is forgotten.
 */
export async function optOutsOf(
  { work, run }: RunContext,
  rows: readonly ContactRow[],
): Promise<
  (
    row: ContactRow,
    brevo: Counterpart | undefined,
    link: Link | undefined,
  ) => Promise<{ brevo: Blocks | undefined; link: Ours | undefined }>
> {
  const { optOuts } = work.store;
  const found = await optOuts.find(run.account, rows.flatMap(identityKeys));
  return async (row, brevo, link) => {
    const keys = identityKeys(row).filter((key) => found.has(key));
    const notes = keys.flatMap((key) => found.get(key) ?? []);
    const noted = latest(notes);
    if (!noted) return { brevo, link };
    const isSeen = run.createdAt.getTime() > noted.getTime() + SEEN_AFTER_MS;
    if (isSeen && brevo && !brevo.emailBlocked) {
      await optOuts.remove(run.account, keys);
      return { brevo, link };
    }
    return {
      brevo: { emailBlocked: true, smsBlocked: brevo?.smsBlocked ?? false },
      link: link && { blockedByUs: { ...link.blockedByUs, email: false } },
    };
  };
}

/**
 * Rows as they may still be written: whoever opted out since their batch was made, at Brevo by a note or at Klaviyo by a newer write of
 * ours, is blocked.
 */
export async function barredSince({ work }: RunContext, batch: Batch, rows: readonly BatchRow[]): Promise<BatchRow[]> {
  const { optOuts, links } = work.store;
  const noted = await optOuts.find(
    batch.account,
    rows.flatMap(({ row }) => identityKeys(row)),
  );
  const written = await links.find(
    batch.account,
    batch.resource,
    rows.map(({ row }) => row.sourceId),
  );
  return rows.map((one) => {
    const { row } = one;
    if (row.emailBlocked) return one;
    const link = written.get(row.sourceId);
    const isNewer = link !== undefined && link.at > batch.createdAt;
    if (identityKeys(row).some((key) => noted.has(key))) return barred(one, false);
    return isNewer && !link.mailable.email ? barred(one, link.blockedByUs.email) : one;
  });
}

function barred(one: BatchRow, ours: boolean): BatchRow {
  const row: ProtectedRow = {
    ...one.row,
    emailBlocked: true,
    lists: one.row.lists.filter((role) => role !== 'subscribers'),
    blockedByUs: { ...one.row.blockedByUs, email: ours },
    unblock: { ...one.row.unblock, email: false },
  };
  return { ...one, row, tally: Object.keys(consentTally(row)) };
}

/** Not by phone: an opt-out of e-mail says nothing about who has a number. */
function identityKeys({ email, sourceId }: Pick<ContactRow, 'email' | 'sourceId'>) {
  return keysOf({ email, sourceId });
}

function latest(notes: readonly OptOut[]): Date | undefined {
  return notes
    .map(({ email }) => email)
    .reduce<Date | undefined>((last, at) => (at && (!last || at > last) ? at : last), undefined);
}
