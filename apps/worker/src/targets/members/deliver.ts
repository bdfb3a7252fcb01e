import { notifyUrlFor } from '@tajo/contracts';
import { RequestRefused } from '@tajo/errors';
import type { Batch } from '@tajo/store';
import type { Delivery, RunContext, Settled } from '../target.js';
import { addMembers } from './add-members.js';
import { type MemberBatchRow, type MemberGroup, readBatch, refusedRow } from './batch-rows.js';
import { cheapestWay } from './cheapest-way.js';

/** How long a delivery waits for its lane in the worker slot before it gives the slot back. */
const MAX_LANE_WAIT_MS = 60_000;

/** Puts contacts on one Brevo list. Being put there twice changes nothing. */
export async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const { rows, group } = readBatch(batch, stored);
  const brevo = context.account.brevo.withCallOptions({ maxWaitMs: MAX_LANE_WAIT_MS });
  try {
    if (group.by === 'import') return { kind: 'sent', processId: await sendImport({ ...context, brevo }, rows, group) };
    const { importing, adding } = group.by === 'cheapest' ? waysOf(rows, group) : { importing: [], adding: rows };
    const { written, rejected } = await addMembers({ ...context, brevo }, adding, group);
    return { kind: 'settled', settled: { written, rejected, again: importing, note: null } };
  } catch (error) {
    // Brevo refuses a list that is gone like any bad request, so it is asked.
    if (!(error instanceof RequestRefused) || (await brevo.list(group.listId))) throw error;
    const rejected = rows.map((row) => refusedRow(row, 'member_list_gone', LIST_GONE));
    return { kind: 'settled', settled: { written: [], rejected, again: [], note: 'the Brevo list is gone' } };
  }
}

const LIST_GONE =
  'The Brevo list was deleted during the run, so nobody can be put on it. The next run makes it again with all its members.';

/** Rows that fare better by import, as batches of their own since an import has one consent for all; the rest is added here and now. */
export function waysOf(
  rows: readonly MemberBatchRow[],
  group: MemberGroup,
): { importing: Settled['again']; adding: readonly MemberBatchRow[] } {
  const byConsent = new Map<string, MemberBatchRow[]>();
  for (const row of rows) {
    const key = row.blocked ? `${row.blocked.email} ${row.blocked.sms}` : '';
    byConsent.set(key, [...(byConsent.get(key) ?? []), row]);
  }
  const importing: Settled['again'][number][] = [];
  const adding: MemberBatchRow[] = [];
  for (const alike of byConsent.values()) {
    const blocked = alike[0]?.blocked ?? null;
    if (blocked === null || cheapestWay(alike.length) === 'add') adding.push(...alike);
    else importing.push({ rows: alike, group: { ...group, by: 'import', blocked } });
  }
  return { importing, adding };
}

/**
 * Ids and nothing else: no contact that exists is changed but for its list, and the blocklist flags are those it has already, in case
 * Brevo applies them all the same. An id that Brevo does not know makes a contact without any address, whom nobody can mail.
 */
async function sendImport(
  { work, stored, account, brevo }: RunContext & { brevo: RunContext['account']['brevo'] },
  rows: readonly MemberBatchRow[],
  { listId, blocked }: MemberGroup,
): Promise<number> {
  const { config } = work;
  const { processId } = await brevo.importContacts({
    rows: rows.map(({ profile }) => ({ attributes: { EXT_ID: profile } })),
    listIds: [listId],
    emailBlacklist: blocked?.email ?? true,
    smsBlacklist: blocked?.sms ?? true,
    updateExistingContacts: false,
    notifyUrl: notifyUrlFor(config.account.brevo.baseUrl, config, stored.callbackToken),
  });
  work.logger.debug({ account: account.id, process: processId, rows: rows.length }, 'members travel by import');
  return processId;
}
