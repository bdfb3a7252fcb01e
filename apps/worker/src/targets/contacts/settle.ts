import type { BrevoClient, Process, ReportRow } from '@tajo/brevo';
import { AccountStopped, RequestRefused } from '@tajo/errors';
import { DELIVERIES_QUEUE, enqueue } from '@tajo/contracts';
import { ID_ATTRIBUTE } from '@tajo/mapping';
import type { Batch, NewRejection, StoredAccount } from '@tajo/store';
import { contextOf } from '../../handlers/context.js';
import { settleBatch } from '../../settle-batch.js';
import { queueNamed, type Work } from '../../work.js';
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
import { nextPoll } from './poll-pace.js';
import { rulesOf } from './rules.js';
import { keysOf } from './sweep.js';

/** Brevo gives at most this many at once; one look settles as many imports. */
const PROCESSES_AT_ONCE = 50;
/** Imports settled at once; each holds its rows in memory. */
const ABREAST = 2;
/** An import that failed this often is not sent again; its rows become rejections that can be replayed. */
const MOST_ATTEMPTS = 5;

/** One look at the account's open imports. Answers when to look again, or null when none is open. */
export async function settleContacts(work: Work, account: string): Promise<Date | null> {
  const open = await work.store.batches.ofAccount(account, ['sent']);
  if (open.length === 0) return null;
  const pace = await nextPoll(work, account);
  if (pace.at > work.now()) return pace.at;

  const clients = await work.accounts.open(account);
  await pace.polled(work.now());
  const processes = await statusOf(clients.brevo, open);
  const over = open.filter(({ processId }) => {
    const process = processes.get(processId ?? -1);
    return !process || isOver(process);
  });
  const settle = (batch: Batch, contexts: Contexts) => settleOne(work, batch, processes.get(batch.processId ?? -1), contexts);
  // The first decides for the account where the Klaviyo id goes; the others follow abreast, and see what it decided.
  const [first, ...others] = over;
  if (first) await settle(first, contextsOf(work));
  const contexts = contextsOf(work);
  for (let start = 0; start < others.length; start += ABREAST) {
    await Promise.all(others.slice(start, start + ABREAST).map((batch) => settle(batch, contexts)));
  }
  if (over.length > 0) pace.moved();
  const remaining = (await work.store.batches.ofAccount(account, ['sent'])).length;
  return remaining === 0 ? null : (await nextPoll(work, account)).at;
}

type Contexts = (run: string) => Promise<RunContext | null>;

/** Opens each run once: a look settles many batches of few runs. */
function contextsOf(work: Work): Contexts {
  const opened = new Map<string, Promise<RunContext | null>>();
  return (run) => {
    const context = opened.get(run) ?? contextOf(work, run);
    opened.set(run, context);
    return context;
  };
}

function isOver({ status }: Process): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Few requests: this bucket has 100 an hour for everything. Absent is what Brevo does not know any more. */
async function statusOf(brevo: BrevoClient, open: readonly Batch[]): Promise<Map<number, Process>> {
  const wanted = new Set(open.flatMap(({ processId }) => processId ?? []));
  const found = new Map<number, Process>();
  const [only] = wanted;
  if (wanted.size === 1 && only !== undefined) {
    const process = await brevo.process(only);
    return process ? new Map([[only, process]]) : found;
  }
  for (let offset = 0; found.size < wanted.size; offset += PROCESSES_AT_ONCE) {
    const { processes } = await brevo.processes({ limit: PROCESSES_AT_ONCE, offset, sort: 'desc' });
    for (const process of processes) if (wanted.has(process.id)) found.set(process.id, process);
    // Newest first: once older processes than ours come, ours are not further down.
    const oldest = processes.at(-1)?.id;
    if (processes.length < PROCESSES_AT_ONCE || (oldest !== undefined && [...wanted].every((id) => id >= oldest))) break;
  }
  return found;
}

async function settleOne(work: Work, batch: Batch, process: Process | undefined, contexts: Contexts): Promise<void> {
  const context = await contexts(batch.run);
  if (!context) return work.store.batches.finish(batch._id, 'void', 'the run is gone', work.now());
  const { rows, group } = readBatch(batch, await work.store.batches.rows(batch._id));

  if (process?.status !== 'completed') {
    const why = process ? `Brevo ended the import as ${process.status}` : 'Brevo does not know the import any more';
    work.logger.warn({ account: batch.account, run: batch.run, batch: batch._id, attempt: batch.attempt }, 'an import failed');
    if (batch.attempt + 1 < MOST_ATTEMPTS) return sendAgain(work, batch, why);
    const rejected = rows.map((row) =>
      refusedRow(row, 'import_failed', `${why}, ${MOST_ATTEMPTS} times. Look at Brevo's import page, then replay.`),
    );
    return settleBatch(context, batch, { written: [], rejected, again: [], note: why });
  }

  const refusals = await refusalsOf(context, process, rows);
  const accepted = rows.filter((row) => !refusals.bySource.has(row.row.sourceId));
  if (await isIdentityLost(context, batch, accepted))
    return sendAgain(work, batch, 'EXT_ID did not take; the id travels as an attribute');
  await leaveLists(context, accepted, identityOf(batch.identity));
  return settleBatch(context, batch, outcomeOf(context, batch, rows, group, refusals));
}

async function sendAgain(work: Work, batch: Batch, why: string): Promise<void> {
  if (!(await work.store.batches.sendAgain(batch._id, why, work.now()))) return;
  const payload = { account: batch.account, run: batch.run, batch: batch._id, attempt: batch.attempt + 1 };
  await enqueue(queueNamed(work, DELIVERIES_QUEUE), 'deliver-batch', payload);
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
      withoutPhones.push(batchRowOf(withoutPhone(row.row), rules, { lists: [...row.leave] }));
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
