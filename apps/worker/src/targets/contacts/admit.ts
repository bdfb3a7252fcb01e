import { approxBytes, type ContactRow } from '@tajo/mapping';
import type { Counterpart, Link } from '@tajo/store';
import { isSwept } from '../../since.js';
import type { Admission, Outgoing, RunContext } from '../target.js';
import { type BatchRow, batchRowOf, mayDropPhone, withoutPhone } from './batch-rows.js';
import { optOutsOf } from './opt-outs.js';
import { withOwnConsent } from './own-consent.js';
import { protectConsent } from './protect-consent.js';
import { listIdsOf, rulesOf, type ContactRules } from './rules.js';
import { openSharing } from './shared.js';
import { counterpartOf, keysOf } from './sweep.js';

/**
 * Rows of one import share these. `one-by-one` rows need what an import cannot express; `pair` rows are written by Brevo's own id, for the
 * address that stands there is Brevo's, or not at all, for nothing of them has changed.
 */
export interface ContactGroup extends Record<string, unknown> {
  readonly by: 'import' | 'one-by-one' | 'pair';
  readonly emailBlocked: boolean;
  readonly smsBlocked: boolean;
  readonly listIds: readonly number[];
}

/** Consent, links and Brevo's present state decide for each mapped row: unchanged, by import, or one by one. */
export async function admit(context: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const rows = mapped as readonly ContactRow[]; // Made by the `map` of a resource that names this target.
  const { work, run } = context;
  const rules = rulesOf(context, resource);
  const links = await work.store.links.find(
    run.account,
    resource,
    rows.map(({ sourceId }) => sourceId),
  );
  const counterparts = await counterpartsOf(context, rules, rows);
  const optOuts = await optOutsOf(context, rows);
  const sharing = await openSharing(
    context,
    rules,
    rows.map((row) => counterparts(row).brevo),
  );
  const departed = await departedOf(
    context,
    resource,
    rows.map((row) => ({ row, brevo: counterparts(row).brevo })),
  );

  const outgoing: Outgoing[] = [];
  const unchanged: { sourceId: string; tally: readonly string[] }[] = [];
  for (const readRow of rows) {
    const link = links.get(readRow.sourceId);
    const { brevo, phoneTaken } = counterparts(readRow);
    const mappedRow = withOwnConsent(readRow, sharing.base(brevo));
    const reachable = phoneTaken && mayDropPhone(context) && mappedRow.email !== undefined ? withoutPhone(mappedRow) : mappedRow;
    const told = await optOuts(mappedRow, brevo, link ?? departed.get(brevo?.sourceId ?? ''));
    const row = protectConsent(reachable, told.brevo, told.link);
    const shared = sharing.share(batchRowOf(row, rules, link), mappedRow, brevo);
    const stands = !run.force && isUnchanged(shared, link, brevo);
    const kept = stands ? { ...shared, stands } : shared;
    if (stands && kept.pair === undefined) {
      unchanged.push({ sourceId: row.sourceId, tally: kept.tally });
      continue;
    }
    const group: ContactGroup = {
      by: wayOf(kept),
      emailBlocked: row.emailBlocked,
      smsBlocked: row.smsBlocked,
      listIds: listIdsOf(rules, row.lists),
    };
    outgoing.push({
      sourceId: row.sourceId,
      row: kept,
      group,
      bytes: approxBytes(row, rules.identity),
      tally: kept.tally,
      fields: kept.fields,
    });
  }
  // So that those which a full run did not meet can be told (`complete`).
  const seen = isSwept(run, resource) ? unchanged.map(({ sourceId }) => sourceId) : [];
  await work.store.links.see({ account: run.account, resource, run: run._id }, seen);
  return { outgoing, unchanged };
}

function wayOf({ row, held = [], pair, stands = false }: BatchRow): ContactGroup['by'] {
  if (pair !== undefined && (stands || held.includes('EMAIL'))) return 'pair';
  return pair !== undefined || row.unblock.email || row.unblock.sms ? 'one-by-one' : 'import';
}

/**
 * Links of deleted profiles whose contacts these rows will be written to: somebody who was deleted and came back has a new id. A block that
 * we set because of the deletion is ours to clear.
 */
async function departedOf(
  { work, run }: RunContext,
  resource: string,
  found: readonly { row: ContactRow; brevo: Counterpart | undefined }[],
): Promise<Map<string, Link>> {
  const others = found.flatMap(({ row, brevo }) => (brevo?.sourceId && brevo.sourceId !== row.sourceId ? [brevo.sourceId] : []));
  const links = await work.store.links.find(run.account, resource, [...new Set(others)]);
  return new Map([...links].filter(([, { gone }]) => gone?.how === 'blocklist'));
}

/** The same as written last time, and Brevo still has it with the blocklist flags it should have. */
function isUnchanged({ row, hash }: BatchRow, link: Link | undefined, brevo: Counterpart | undefined): boolean {
  if (link?.hash !== hash || !brevo) return false;
  const emailHolds = row.email === undefined || !row.emailBlocked || brevo.emailBlocked;
  const smsHolds = row.phone === undefined || !row.smsBlocked || brevo.smsBlocked;
  return emailHolds && smsHolds && !row.unblock.email && !row.unblock.sms;
}

interface Counterparts {
  /** The contact this row will be written to, if Brevo has it. */
  brevo: Counterpart | undefined;
  /** The phone number belongs to another contact, which an upsert would refuse. */
  phoneTaken: boolean;
}

/** Brevo's present state of a row: found by its e-mail, else by our id (its address changed), else, without an e-mail, by its phone. */
async function counterpartsOf(
  context: RunContext,
  rules: ContactRules,
  rows: readonly ContactRow[],
): Promise<(row: ContactRow) => Counterparts> {
  const { work, run } = context;
  if (rules.counterparts === 'none') return () => ({ brevo: undefined, phoneTaken: false });
  if (rules.counterparts === 'lookup') await lookUp(context, rows);
  const found = await work.store.counterparts.find({ account: run.account, run: run._id }, rows.flatMap(keysOf));
  return (row) => {
    const [byPhone] = keysOf({ phone: row.phone }).map((key) => found.get(key));
    const [byIdentity] = keysOf({ email: row.email, sourceId: row.sourceId }).flatMap((key) => found.get(key) ?? []);
    const brevo = byIdentity ?? (row.email === undefined ? byPhone : undefined);
    return { brevo, phoneTaken: byPhone !== undefined && byPhone.brevoId !== brevo?.brevoId };
  };
}

/** Contacts looked up at once, each by up to three requests. */
const ABREAST = 4;

/** For the few records of a replay or an incremental run: a request or three each instead of a sweep of all contacts. */
async function lookUp({ account, work, run }: RunContext, rows: readonly ContactRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += ABREAST) {
    const contacts = await Promise.all(
      rows
        .slice(start, start + ABREAST)
        .flatMap(({ email, phone, sourceId }) => [
          ...(email === undefined ? [] : [account.brevo.contact(email, 'email_id')]),
          account.brevo.contact(sourceId, 'ext_id'),
          ...(phone === undefined ? [] : [account.brevo.contact(phone, 'phone_id')]),
        ]),
    );
    const known = contacts.flatMap((contact) => (contact ? [counterpartOf(contact)] : []));
    await work.store.counterparts.put({ account: run.account, run: run._id }, known);
  }
}
