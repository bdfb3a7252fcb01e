import type { Contact } from '@tajo/brevo';
import type { BrevoContactRow, BrevoOptOut } from '@tajo/mapping';
import { addTo, type NewRejection } from '@tajo/store';
import { ERASED, openErasedGuard } from '../../erasing/guard.js';
import type { RunContext, Settled } from '../target.js';
import { admitPairs } from './admit.js';
import { bringTogether } from './bring-together.js';
import type { PairRow } from './pair-rows.js';
import { CONTACTS } from './pair-up.js';
import { contactRowOf } from './read-again.js';
import { rulesBackOf } from './rules.js';

/** A profile that turns out to be there already is gone on with once; more than that is for the next run. */
const ROUNDS = 2;

/** Why single contacts are brought together with their profiles, by a word for the log, and what Brevo has just told of whom. */
export interface Why {
  readonly why: string;
  readonly told?: ReadonlyMap<number, BrevoOptOut | undefined>;
}

/**
 * Brings single contacts, just read from Brevo, together with their profiles at once, beside any run. Answers how many fared how, e.g.
 * `contacts.written`. Nothing is waited for: consent that Klaviyo does not show yet is looked at by the next run. Harmless twice.
 */
export async function syncContacts(
  context: RunContext,
  contacts: readonly Contact[],
  { why, told = new Map() }: Why,
): Promise<Record<string, number>> {
  const { work, run } = context;
  const outcome: Record<string, number> = {};
  const rejections: NewRejection[] = [];
  const count = (word: string) => addTo(outcome, `contacts.${word}`);
  const erased = await (await openErasedGuard(work, run.account)).among(contacts);
  const rows: BrevoContactRow[] = [];
  for (const [place, contact] of contacts.entries()) {
    if (erased.has(place)) count(`skipped.${ERASED}`);
    else {
      const mapped = contactRowOf(contact);
      if ('refused' in mapped) rejections.push(mapped.refused);
      else rows.push(mapped.row);
    }
  }
  if (rows.length > 0) {
    const rules = await rulesBackOf(context);
    const admission = await admitPairs(context, rules, rows, told);
    for (const _ of admission.unchanged) count('unchanged');
    rejections.push(...(admission.refused ?? []));
    // `admitPairs` made them.
    let open = admission.outgoing.map(({ row }) => row as PairRow);
    for (let round = 0; open.length > 0 && round < ROUNDS; round += 1) {
      const settled: Settled = await bringTogether(context, rules, open, { group: { by: 'singly' }, isLive: true });
      const links = settled.written.map(({ link }) => link);
      await work.store.links.put({ account: run.account, resource: CONTACTS, run: run._id }, links, work.now());
      await work.store.rejections.resolve(
        run.account,
        CONTACTS,
        links.map(({ sourceId }) => sourceId),
      );
      for (const _ of links) count('written');
      rejections.push(...settled.rejected);
      // `bringTogether` made them.
      open = settled.again.flatMap(({ rows: again }) => again as readonly PairRow[]);
    }
    for (const _ of open) count('left to the next run');
  }
  for (const { outcome: how, reason } of rejections) count(`${how}.${reason}`);
  const rejected = rejections.filter((one) => one.outcome === 'rejected');
  await work.store.rejections.put({ account: run.account, resource: CONTACTS, run: why }, rejected, work.now());
  work.logger.debug({ account: run.account, why, ...outcome }, 'contacts were brought together with their profiles');
  return outcome;
}
