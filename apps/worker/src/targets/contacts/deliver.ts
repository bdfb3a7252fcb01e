import { duplicateIdentifiers } from '@tajo/brevo';
import { notifyUrlFor } from '@tajo/contracts';
import { RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { ID_ATTRIBUTE, toImportRow, type Identity } from '@tajo/mapping';
import type { Batch, NewRejection } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import { syncContacts } from '../klaviyo-profiles/sync-contacts.js';
import type { Delivery, RunContext, Settled } from '../target.js';
import type { ContactGroup } from './admit.js';
import {
  type BatchRow,
  batchRowOf,
  identityOf,
  mayDropPhone,
  readBatch,
  refusedRow,
  sentRow,
  withoutPhone,
  writtenRow,
} from './batch-rows.js';
import { leaveLists } from './leave-lists.js';
import { barredSince } from './opt-outs.js';
import { rulesOf } from './rules.js';

/** How long a delivery waits for its lane in the worker slot before it gives the slot back. */
const MAX_LANE_WAIT_MS = 10_000;
/** Single writes under way at once; the lane allows 10 a second on the general tier. */
const ABREAST = 5;

export async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const { rows, group } = readBatch(batch, stored);
  const identity = identityOf(batch.identity);
  const { config } = context.work;
  if (group.by !== 'import') {
    const settled = await oneByOne(context, batch, rows, group, identity);
    return { kind: 'settled', settled: await withProfiles(context, batch, rows, settled) };
  }
  const { processId } = await context.account.brevo.importContacts(
    {
      rows: rows.map((row) => toImportRow(sentRow(row), identity)),
      listIds: group.listIds,
      emailBlacklist: group.emailBlocked,
      smsBlacklist: group.smsBlocked,
      notifyUrl: notifyUrlFor(config.account.brevo.baseUrl, config, context.stored.callbackToken),
    },
    { maxWaitMs: MAX_LANE_WAIT_MS },
  );
  return { kind: 'sent', processId };
}

/** For what an import cannot say: clearing our own block, a changed address, a phone number that belongs to someone else. */
async function oneByOne(
  context: RunContext,
  batch: Batch,
  rows: readonly BatchRow[],
  group: ContactGroup,
  identity: Identity,
): Promise<Settled> {
  const written: Settled['written'][number][] = [];
  const rejected: NewRejection[] = [];
  for (let start = 0; start < rows.length; start += ABREAST) {
    if (context.work.stopping.aborted) throw new GaveBack(); // Nothing is lost: every one of these writes may be done twice.
    // A batch may have waited, and single writes are what clears a block: who has opted out since is asked again.
    const part = await barredSince(context, batch, rows.slice(start, start + ABREAST));
    const outcomes = await Promise.all(
      part.map((row) =>
        group.by === 'pair' ? writePair(context, row, group) : writeOne(context, batch.resource, row, group, identity),
      ),
    );
    for (const outcome of outcomes) {
      if ('refused' in outcome) rejected.push(outcome.refused);
      else written.push(writtenRow(outcome.row, group.listIds));
    }
  }
  await leaveLists(context, rows, identity);
  return { written, rejected, again: [], note: null };
}

/** Contacts whose profile has to hear of what stands in Brevo. Their links are what the two agreed on at last. */
async function withProfiles(context: RunContext, batch: Batch, rows: readonly BatchRow[], settled: Settled): Promise<Settled> {
  const pairs = rows.flatMap(({ pair }) => pair ?? []);
  if (pairs.length === 0) return settled;
  const { work, run, account } = context;
  const owner = { account: run.account, resource: batch.resource, run: run._id };
  // Before: what the way back finds written tells it which blocks are ours.
  await work.store.links.put(
    owner,
    settled.written.map(({ link }) => link),
    work.now(),
  );
  const contacts = await Promise.all(pairs.map((id) => account.brevo.contact(id, 'contact_id')));
  await syncContacts(
    context,
    contacts.filter((contact) => contact !== undefined),
    { why: run._id },
  );
  const links = await work.store.links.find(
    run.account,
    batch.resource,
    settled.written.map(({ link }) => link.sourceId),
  );
  const written = settled.written.map((one) => {
    const link = links.get(one.link.sourceId);
    if (!link) return one;
    const { sourceId, hash, targetId, blockedByUs, lists, hasPhone, mailable } = link;
    return { ...one, link: { sourceId, hash, targetId, blockedByUs, lists, hasPhone, mailable } };
  });
  return { ...settled, written };
}

type Outcome = { row: BatchRow } | { refused: NewRejection };

async function writeOne(
  context: RunContext,
  resource: string,
  batchRow: BatchRow,
  group: ContactGroup,
  identity: Identity,
): Promise<Outcome> {
  const { brevo } = context.account;
  const row = sentRow(batchRow);
  const attributes = {
    ...row.attributes,
    ...(row.phone === undefined ? {} : { SMS: row.phone }),
    ...(identity === 'attribute' ? { [ID_ATTRIBUTE]: row.sourceId } : {}),
  };
  // Said only where it shall change something: a block that came after we looked stays.
  const flags = {
    emailBlacklisted: row.emailBlocked || (row.unblock.email ? false : undefined),
    smsBlacklisted: row.smsBlocked || (row.unblock.sms ? false : undefined),
    listIds: group.listIds,
  };
  const extId = identity === 'ext_id' ? row.sourceId : undefined;
  const wait = { maxWaitMs: 60_000 };
  try {
    await brevo.upsertContact({ email: row.email, extId, attributes, ...flags }, wait);
    return { row: batchRow };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const clashing = duplicateIdentifiers(error).map((name) => name.toUpperCase());
    if (clashing.includes('SMS') && row.phone !== undefined && row.email !== undefined && mayDropPhone(context)) {
      const reduced = batchRowOf(withoutPhone(batchRow.row), rulesOf(context, resource), { lists: [...batchRow.leave] });
      return writeOne(context, resource, { ...batchRow, ...reduced }, group, identity);
    }
    if (clashing.includes('EXT_ID') && row.email !== undefined)
      return rename(context, batchRow, attributes, { ...flags, emailBlacklisted: row.emailBlocked });
    return { refused: refusedRow(batchRow, `brevo_${clashing[0]?.toLowerCase() ?? 'refused'}`, error.message) };
  }
}

/** By Brevo's own id: whatever address stands there is Brevo's to say, and stays. */
async function writePair({ account }: RunContext, batchRow: BatchRow, group: ContactGroup): Promise<Outcome> {
  if (batchRow.stands || batchRow.pair === undefined) return { row: batchRow };
  const { attributes, emailBlocked, smsBlocked, unblock } = sentRow(batchRow);
  try {
    await account.brevo.updateContact(batchRow.pair, 'contact_id', {
      attributes,
      emailBlacklisted: emailBlocked || (unblock.email ? false : undefined),
      smsBlacklisted: smsBlocked || (unblock.sms ? false : undefined),
      listIds: group.listIds,
    });
    return { row: batchRow };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    return { refused: refusedRow(batchRow, 'brevo_refused', error.message) };
  }
}

/** The contact that carries this Klaviyo id has another address in Brevo: the profile's e-mail changed. The blocklist flag goes along, or Brevo drops it. */
async function rename(
  { account }: RunContext,
  batchRow: BatchRow,
  attributes: Record<string, string | number | boolean | readonly string[]>,
  flags: { emailBlacklisted: boolean; smsBlacklisted: boolean | undefined; listIds: readonly number[] },
): Promise<Outcome> {
  const { row } = batchRow;
  if (row.email === undefined) return { row: batchRow };
  try {
    await account.brevo.updateContact(row.sourceId, 'ext_id', { email: row.email, attributes, ...flags });
    return { row: batchRow };
  } catch (error) {
    if (error instanceof RetryLater || error instanceof WaitUntil || !(error instanceof RequestRefused)) throw error;
    return {
      refused: refusedRow(
        batchRow,
        'brevo_address_taken',
        `The new e-mail address already belongs to another Brevo contact. Merge the two in Brevo, then replay. Brevo: ${error.message}`,
      ),
    };
  }
}
