import type { BrevoClient, Process, ReportRow } from '@tajo/brevo';
import { AccountStopped, RequestRefused } from '@tajo/errors';
import { ID_ATTRIBUTE } from '@tajo/mapping';
import type { Batch, NewRejection, StoredAccount } from '@tajo/store';
import type { Work } from '../../work.js';
import type { RunContext, Settled } from '../target.js';
import type { ContactGroup } from './admit.js';
import {
  type BatchRow,
  batchRowOf,
  identityOf,
  mayDropPhone,
  readBatch,
  refusedRow,
  withoutPhone,
  writtenRow,
} from './batch-rows.js';
import { leaveLists } from './leave-lists.js';
import { rulesOf } from './rules.js';
import { keysOf } from './sweep.js';

/** What became of the rows of an import that Brevo has worked off. */
export async function settleImport(
  context: RunContext,
  batch: Batch,
  process: Process,
  stored: readonly unknown[],
): Promise<Settled | { again: string }> {
  const { rows, group } = readBatch(batch, stored);
  const refusals = await refusalsOf(context, process, rows);
  const accepted = rows.filter((row) => !refusals.bySource.has(row.row.sourceId));
  if (await isIdentityLost(context, batch, accepted)) return { again: 'EXT_ID did not take; the id travels as an attribute' };
  await leaveLists(context, accepted, identityOf(batch.identity));
  return outcomeOf(context, batch, rows, group, refusals);
}

export function giveUpImport(batch: Batch, stored: readonly unknown[], why: string): NewRejection[] {
  return readBatch(batch, stored).rows.map((row) => refusedRow(row, 'import_failed', why));
}

interface Refusals {
  bySource: Map<string, string>;
  /** Report rows that fit no row of the batch. */
  unmatched: number;
}

/** Which rows Brevo refused, and the name of the report that lists each. The columns of a report are not documented: a row is recognised by any cell. */
async function refusalsOf({ account, work }: RunContext, process: Process, rows: readonly BatchRow[]): Promise<Refusals> {
  const bySource = new Map<string, string>();
  if (process.reports.length === 0) return { bySource, unmatched: 0 };
  const known = new Map<string, string>();
  for (const { row } of rows) {
    known.set(row.sourceId, row.sourceId);
    for (const key of keysOf(row)) known.set(key, row.sourceId);
  }
  let unmatched = 0;
  for (const { kind, url } of process.reports) {
    for (const refused of await reportRows(account.brevo, url)) {
      const source = sourceOf(refused, known);
      if (source) bySource.set(source, kind);
      else unmatched += 1;
    }
  }
  if (unmatched > 0)
    work.logger.warn({ process: process.id, unmatched }, 'an import report names rows that were not in the import');
  return { bySource, unmatched };
}

async function reportRows(brevo: BrevoClient, url: string): Promise<ReportRow[]> {
  try {
    return await brevo.importReport(url);
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    throw new AccountStopped('brevo_report_gone', error.message, {
      remedy:
        'The report of an import could not be read any more, so its outcome is unknown. Resume the run: the import is sent again.',
      cause: error,
    });
  }
}

/** By our id, else by e-mail, and only then by phone: two rows of one import may share a number. */
function sourceOf(report: ReportRow, known: ReadonlyMap<string, string>): string | undefined {
  const cells = Object.values(report).map((cell) => cell.trim());
  const keys = [
    ...cells,
    ...cells.map((cell) => `e:${cell.toLowerCase()}`),
    ...cells.map((cell) => `p:${cell.replaceAll(/\D/g, '')}`),
  ];
  return keys.map((key) => known.get(key)).find((source) => source !== undefined);
}

/** Reports are named by what was wrong (developers.brevo.com/reference/get-process). */
const WORDS: Readonly<Record<string, string>> = {
  invalid_emails: 'Brevo refused the e-mail address as invalid. Correct it in Klaviyo, then replay.',
  duplicate_phone_id: 'The phone number already belongs to another Brevo contact.',
  duplicate_ext_id: 'The Klaviyo id already belongs to another Brevo contact.',
  duplicate_email_id: 'The e-mail address already belongs to another Brevo contact.',
  duplicate_contact_id: 'Brevo found the contact twice in one import.',
  duplicate_whatsapp_id: 'The WhatsApp number already belongs to another Brevo contact.',
  duplicate_landline_number_id: 'The landline number already belongs to another Brevo contact.',
};

function outcomeOf(
  context: RunContext,
  batch: Batch,
  rows: readonly BatchRow[],
  group: ContactGroup,
  { bySource, unmatched }: Refusals,
): Settled {
  const written: Settled['written'][number][] = [];
  const rejected: NewRejection[] = [];
  const withoutPhones: BatchRow[] = [];
  const moved: BatchRow[] = [];
  const rules = rulesOf(context, batch.resource);
  for (const row of rows) {
    const kind = bySource.get(row.row.sourceId);
    if (kind === undefined) written.push(writtenRow(row, group.listIds));
    else if (kind === 'duplicate_phone_id' && row.row.email !== undefined && mayDropPhone(context))
      withoutPhones.push({ ...row, ...batchRowOf(withoutPhone(row.row), rules, { lists: [...row.leave] }) });
    // The profile's address changed: a single write finds the contact by its id.
    else if (kind === 'duplicate_ext_id' && row.row.email !== undefined) moved.push(row);
    else rejected.push(refusedRow(row, kind, WORDS[kind] ?? `Brevo refused the row: ${kind}.`));
  }
  const again = [
    { rows: withoutPhones, group: { ...group, smsBlocked: true } },
    { rows: moved, group: { ...group, by: 'one-by-one' as const } },
  ].filter((follower) => follower.rows.length > 0);
  return { written, rejected, again, note: unmatched > 0 ? `${unmatched} report rows matched nothing` : null };
}

/**
 * Brevo only implies that imports take EXT_ID. The first accepted row that can be read back decides for the account; batches that
 * were sent the other way are sent again.
 */
async function isIdentityLost(context: RunContext, batch: Batch, accepted: readonly BatchRow[]): Promise<boolean> {
  const { work, account } = context;
  let mode = context.stored.identity;
  if (mode === 'unknown') mode = (await storedOf(work, batch.account)).identity;
  if (mode === 'unknown') {
    const probe = accepted.find(({ row }) => row.email !== undefined);
    if (!probe) return false;
    const contact = await account.brevo.contact(probe.row.email ?? '', 'email_id');
    mode = contact?.attributes['EXT_ID'] === probe.row.sourceId ? 'ext_id' : 'attribute';
    if (mode === 'attribute') await account.brevo.createAttribute({ name: ID_ATTRIBUTE, type: 'text' });
    await work.store.accounts.setIdentity(batch.account, mode);
    work.logger.info({ account: batch.account, identity: mode }, 'where contacts carry their Klaviyo id is known');
  }
  return mode === 'attribute' && identityOf(batch.identity) !== 'attribute';
}

async function storedOf(work: Work, account: string): Promise<Pick<StoredAccount, 'identity'>> {
  return (await work.store.accounts.get(account)) ?? { identity: 'unknown' };
}
